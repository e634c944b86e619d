# syntax=docker/dockerfile:1
# Three stages: the dashboard, the program with the dashboard inside it, and a small image with nothing else.
# What changes seldom (dependencies) comes before what changes often (sources), so that a change of sources
# builds neither again.

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
COPY crates/payrail-store/Cargo.toml crates/payrail-store/
COPY crates/payrail-core/Cargo.toml crates/payrail-core/
RUN mkdir -p crates/payrail/src crates/payrail/benches/flat crates/payrail/benches/throughput crates/payrail-store/src crates/payrail-core/src \
    && touch crates/payrail-store/src/lib.rs crates/payrail-core/src/lib.rs crates/payrail/src/lib.rs \
    && echo 'fn main() {}' > crates/payrail/src/main.rs \
    && echo 'fn main() {}' > crates/payrail/benches/flat/main.rs \
    && echo 'fn main() {}' > crates/payrail/benches/throughput/main.rs \
    && cargo build --release --locked -p payrail \
    && cargo clean --release -p payrail -p payrail-store -p payrail-core
COPY crates crates
COPY --from=dashboard /src/dashboard/dist dashboard/dist
RUN cargo build --release --locked -p payrail

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin payrail \
    && install -d -o payrail -g payrail -m 0750 /data
COPY --from=program /src/target/release/payrail /usr/local/bin/payrail
USER 10001:10001
WORKDIR /data
# On its own the image keeps everything on the volume; DATABASE_URL=postgres://... takes it elsewhere.
ENV PAYRAIL_ADDR=0.0.0.0:8000 \
    DATABASE_URL=sqlite:///data/payrail.db \
    PAYRAIL_BANK_BOOK=/data/payrail-bank.db \
    DEBUG=0
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["payrail", "health"]
CMD ["payrail"]
