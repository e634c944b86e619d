# Stages: the dashboard, the program with the dashboard inside it, the tests, and a small image with only the program.
# Without Compose:
#   docker build --tag payrail .
#   docker run --rm --publish 127.0.0.1:8000:8000 --volume payrail:/data payrail
# Without --volume the data is lost with the container. Dependencies are built before the sources are copied, so that a
# change of sources does not build them again.

FROM node:22-bookworm-slim AS dashboard-dependencies
RUN install -d -o node -g node /src/dashboard /src/docs
USER node
WORKDIR /src/dashboard
COPY --chown=node:node dashboard/package.json dashboard/package-lock.json dashboard/.npmrc ./
# Installs the locked versions. `npm ci` would require the binaries of every platform in the lock.
RUN npm install --no-save --no-audit --no-fund

# The dev server of compose.yaml runs in this stage.
FROM dashboard-dependencies AS dashboard-dev
COPY --chown=node:node docs/openapi.json ../docs/openapi.json
COPY --chown=node:node dashboard ./
EXPOSE 5173
CMD ["npm", "run", "dev", "--", "--host", "0.0.0.0"]

FROM dashboard-dev AS dashboard
RUN npm run build

# The same Debian release as the last stage, because the program needs the C library that it was linked to, or a newer one.
FROM rust:1-slim-bookworm AS program
WORKDIR /src
# With all manifests and empty sources, this step only builds the dependencies.
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
COPY crates/payrail/Cargo.toml crates/payrail/
COPY crates/payrail-bank/Cargo.toml crates/payrail-bank/
COPY crates/payrail-bench/Cargo.toml crates/payrail-bench/
COPY crates/payrail-store/Cargo.toml crates/payrail-store/
COPY crates/payrail-core/Cargo.toml crates/payrail-core/
COPY crates/payrail-types/Cargo.toml crates/payrail-types/
RUN mkdir -p crates/payrail/src crates/payrail-bank/src crates/payrail-bench/benches/flat \
        crates/payrail-bench/benches/throughput crates/payrail-bench/src crates/payrail-store/src crates/payrail-core/src \
        crates/payrail-types/src \
    && touch crates/payrail-bank/src/lib.rs crates/payrail-bench/src/lib.rs crates/payrail-store/src/lib.rs \
        crates/payrail-core/src/lib.rs crates/payrail-types/src/lib.rs crates/payrail/src/lib.rs \
    && echo 'fn main() {}' > crates/payrail/src/main.rs \
    && echo 'fn main() {}' > crates/payrail-bench/benches/flat/main.rs \
    && echo 'fn main() {}' > crates/payrail-bench/benches/throughput/main.rs \
    && cargo build --release --locked -p payrail \
    && cargo clean --release -p payrail -p payrail-bank -p payrail-store -p payrail-core -p payrail-types
# Only the sources, so that a change of a test does not build the program again.
COPY crates/payrail-types/src crates/payrail-types/src
COPY crates/payrail-core/src crates/payrail-core/src
COPY crates/payrail-bank/src crates/payrail-bank/src
COPY crates/payrail-store/src crates/payrail-store/src
COPY crates/payrail-store/build.rs crates/payrail-store/build.rs
COPY crates/payrail-store/migrations crates/payrail-store/migrations
COPY crates/payrail/build.rs crates/payrail/build.rs
COPY crates/payrail/src crates/payrail/src
COPY --from=dashboard /src/dashboard/dist dashboard/dist
RUN cargo build --release --locked -p payrail

# `docker compose run --rm test` runs `make test`. It runs as root, and starts PostgreSQL as another user.
FROM rust:1-slim-bookworm AS test
COPY --from=node:22-bookworm-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:22-bookworm-slim /usr/local/lib/node_modules /usr/local/lib/node_modules
WORKDIR /src
COPY scripts scripts
# Debian keeps only the newest version of a package, so a fixed version would break the build later.
# hadolint ignore=DL3008
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
    && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
    && rustup component add clippy rustfmt \
    && apt-get update \
    && apt-get install --yes --no-install-recommends make procps \
    && scripts/setup test \
    && rm -rf /var/lib/apt/lists/*
COPY . .
CMD ["make", "test"]

FROM debian:bookworm-slim
RUN groupadd --system --gid 10001 payrail \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin payrail \
    && install -d -o payrail -g payrail -m 0750 /data
COPY --from=program /src/target/release/payrail /usr/local/bin/payrail
USER 10001:10001
WORKDIR /data
# By default the image stores everything in /data. Set DATABASE_URL=postgres://... to use PostgreSQL. (VOLUME would leave
# an unnamed volume at every start.)
ENV PAYRAIL_ADDR=0.0.0.0:8000 \
    DATABASE_URL=sqlite:///data/payrail.db \
    PAYRAIL_BANK_BOOK=/data/payrail-bank.db \
    DEBUG=0
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["payrail", "health"]
CMD ["payrail"]
