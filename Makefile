# Everything a person or CI runs here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help run dev test test-pg18 check dashboard screenshots openapi bench torture fuzz mutants containers coverage deny

DEBUG_DIR := $${CARGO_TARGET_DIR:-target}/debug
DIST := dashboard/dist/.built
MODULES := dashboard/node_modules/.installed
DASHBOARD := $(shell find dashboard -type f -not -path '*/node_modules/*' -not -path '*/dist/*' \
	-not -name 'schema.d.ts' 2>/dev/null)

help: ## list these targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

# Built first and started after, so that Ctrl-C reaches the program itself and not cargo.
# Settings (DATABASE_URL, PAYRAIL_ADDR, ...) come from the environment; `payrail --help` lists them.
run: ## build and start PayRail (on embedded SQLite unless DATABASE_URL says otherwise)
	@scripts/setup build
	@scripts/setup has-node && $(MAKE) --no-print-directory $(DIST) || echo \
		"make: without Node.js 20 or newer the dashboard is not built: its address will say how to"
	cargo build --locked -p payrail
	@exec "$(DEBUG_DIR)/payrail"

dev: ## the same, and the dashboard's dev server with hot reload on http://localhost:5173
	@scripts/setup build
	@$(MAKE) --no-print-directory $(MODULES)
	cargo build --locked -p payrail
	@scripts/dev "$(DEBUG_DIR)/payrail"

test: check ## check, then every test: both stores (on a private PostgreSQL), the dashboard, a real browser
	@scripts/setup test
	cd dashboard && npm test
	@$(MAKE) --no-print-directory deny containers
	scripts/with-postgres cargo test --workspace --locked
	scripts/schemathesis 60
	cd dashboard && PAYRAIL_BIN="$$(realpath "../$(DEBUG_DIR)/payrail")" npm run test:browser

test-pg18: dashboard ## the Rust tests again, on a newer PostgreSQL (18, from PyPI)
	@scripts/setup test
	PAYRAIL_TEST_PG_BIN="$$(scripts/postgres-18)" scripts/with-postgres \
		cargo test --workspace --locked

check: dashboard ## formatting, lints and types, warnings refused
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cd dashboard && npm run lint && npm run typecheck

dashboard: ## build the dashboard, which the next build of the program takes in
	@scripts/setup dashboard
	@$(MAKE) --no-print-directory $(DIST)

# What the lock says, and the lock as it is. (`npm ci` wants it to name the binaries of every platform, too, and
# a registry may lack some that nobody here needs.)
$(MODULES): dashboard/package.json dashboard/package-lock.json
	cd dashboard && npm install --no-save --no-audit --no-fund
	@touch $@

$(DIST): $(MODULES) $(DASHBOARD) docs/openapi.json
	cd dashboard && npm run build
	@touch $@

screenshots: dashboard ## every page, at desktop and phone width, light and dark, into target/screenshots
	@scripts/setup test
	cargo build --locked -p payrail
	cd dashboard && PAYRAIL_BIN="$$(realpath "../$(DEBUG_DIR)/payrail")" npm run screenshots

openapi: ## write docs/openapi.json anew, from which the dashboard's client is generated
	cargo run --locked --quiet -p payrail -- openapi >target/openapi.json
	mv target/openapi.json docs/openapi.json

# With durable commits, as in production; every figure is a ratio against one of the same run.
bench: ## how fast, beside yardsticks of the same run, and what grows with history (release build, both stores)
	@scripts/setup test
	PAYRAIL_TEST_FSYNC=on scripts/with-postgres cargo bench --locked -p payrail --bench throughput
	PAYRAIL_TEST_FSYNC=on scripts/with-postgres cargo bench --locked -p payrail --bench flat

# SECONDS of faults for each store, and a SEED to repeat a run; without one it is a new one each time.
torture: ## kill, cut, freeze and fill everything for minutes, then audit every paisa (SECONDS=300, SEED=n)
	@scripts/setup test
	PAYRAIL_TORTURE_SECONDS=$(or $(SECONDS),300) PAYRAIL_TORTURE_SEED=$(or $(SEED),fresh) \
		scripts/with-postgres cargo test --locked -p payrail --test torture -- --nocapture

fuzz: ## feed each parser what nobody would send (SECONDS=60 for each)
	scripts/fuzz $(or $(SECONDS),60)

mutants: ## change the core in every small way and see that its tests notice each
	scripts/tool cargo-mutants mutants -p payrail-core --output target

# Of the core by its own tests, and of the stores by theirs.
coverage: ## lines of the core and the stores that their tests run
	@scripts/setup coverage
	scripts/with-postgres scripts/coverage

containers: ## Dockerfile, compose.yaml and .dockerignore: well-formed, and as they should be
	scripts/tool hadolint --failure-threshold warning Dockerfile
	scripts/tool python scripts/check-containers

deny: ## licences, sources and doubles of everything that comes from outside
	scripts/tool cargo-deny --locked check bans licenses sources
	scripts/check-npm-lock
