# Everything a person or CI runs here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help run test check bench

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

# Built first and started after, so that Ctrl-C reaches the program itself and not cargo.
# Settings (DATABASE_URL, PAYRAIL_ADDR, ...) come from the environment; `payrail --help` lists them.
run: ## build and start PayRail (on embedded SQLite unless DATABASE_URL says otherwise)
	@scripts/setup build
	cargo build --locked -p payrail
	@exec "$${CARGO_TARGET_DIR:-target}/debug/payrail"

test: check ## check, then every test, on SQLite and on a private PostgreSQL of its own
	@scripts/setup test
	scripts/with-postgres cargo test --workspace --locked

check: ## formatting and lints, warnings refused
	@scripts/setup build
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

# With durable commits, as in production; every figure is a ratio against one of the same run.
bench: ## what grows with history and what does not, on both stores (release build)
	@scripts/setup test
	PAYRAIL_TEST_FSYNC=on scripts/with-postgres cargo bench --locked -p payrail --bench flat
