# The dashboard, the program with the dashboard inside it, the tests, and last a small image with nothing but the
# program. On its own:
#   docker build --tag payrail .
#   docker run --rm --publish 127.0.0.1:8000:8000 --volume payrail:/data payrail
# Without --volume the data goes with the container. What changes seldom (dependencies) comes before what changes often
# (sources), so that a change of sources builds neither again.

FROM node:22-bookworm-slim AS dashboard-dependencies
RUN install -d -o node -g node /src/dashboard /src/docs
USER node
WORKDIR /src/dashboard
COPY --chown=node:node dashboard/package.json dashboard/package-lock.json dashboard/.npmrc ./
# What the lock says; `npm ci` would want it to name the binaries of every platform, too.
RUN npm install --no-save --no-audit --no-fund

# The dev server of compose.yaml runs in this one.
FROM dashboard-dependencies AS dashboard-dev
COPY --chown=node:node docs/openapi.json ../docs/openapi.json
COPY --chown=node:node dashboard ./
EXPOSE 5173
CMD ["npm", "run", "dev", "--", "--host", "0.0.0.0"]

FROM dashboard-dev AS dashboard
RUN npm run build

# Debian's release is that of the last stage: the program needs a C library no older than the one it was linked to.
FROM rust:1-slim-bookworm AS program
WORKDIR /src
# Every manifest, and sources that are empty: this builds the dependencies alone.
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
COPY crates/payrail/Cargo.toml crates/payrail/
COPY crates/payrail-bank/Cargo.toml crates/payrail-bank/
COPY crates/payrail-store/Cargo.toml crates/payrail-store/
COPY crates/payrail-core/Cargo.toml crates/payrail-core/
RUN mkdir -p crates/payrail/src crates/payrail/benches/flat crates/payrail/benches/throughput crates/payrail-bank/src \
        crates/payrail-store/src crates/payrail-core/src \
    && touch crates/payrail-bank/src/lib.rs crates/payrail-store/src/lib.rs crates/payrail-core/src/lib.rs crates/payrail/src/lib.rs \
    && echo 'fn main() {}' > crates/payrail/src/main.rs \
    && echo 'fn main() {}' > crates/payrail/benches/flat/main.rs \
    && echo 'fn main() {}' > crates/payrail/benches/throughput/main.rs \
    && cargo build --release --locked -p payrail \
    && cargo clean --release -p payrail -p payrail-bank -p payrail-store -p payrail-core
# The sources alone: a change of a test builds nothing here.
COPY crates/payrail-core/src crates/payrail-core/src
COPY crates/payrail-bank/src crates/payrail-bank/src
COPY crates/payrail-store/src crates/payrail-store/src
COPY crates/payrail-store/migrations crates/payrail-store/migrations
COPY crates/payrail/build.rs crates/payrail/build.rs
COPY crates/payrail/src crates/payrail/src
COPY --from=dashboard /src/dashboard/dist dashboard/dist
RUN cargo build --release --locked -p payrail

# `docker compose run --rm test` runs all that `make test` runs. As root: PostgreSQL's programs take another user.
FROM rust:1-slim-bookworm AS test
COPY --from=node:22-bookworm-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:22-bookworm-slim /usr/local/lib/node_modules /usr/local/lib/node_modules
WORKDIR /src
COPY scripts scripts
# Debian keeps only the newest version of a package: to name one here would break the build later.
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
# On its own the image keeps everything in /data; DATABASE_URL=postgres://... takes it elsewhere. (No VOLUME: it would
# leave a nameless volume behind at every start.)
ENV PAYRAIL_ADDR=0.0.0.0:8000 \
    DATABASE_URL=sqlite:///data/payrail.db \
    PAYRAIL_BANK_BOOK=/data/payrail-bank.db \
    DEBUG=0
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["payrail", "health"]
CMD ["payrail"]
