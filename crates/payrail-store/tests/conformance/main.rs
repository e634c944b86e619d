//! The guarantees of a store, on SQLite and on PostgreSQL: one file each, with attempts to break it. The databases are
//! real; times and ids are injected.
#![allow(clippy::unwrap_used, clippy::expect_used)] // What a test cannot unwrap, it has failed on.

/// Makes a test of each case on each store: `overdraft::sqlite::…` and `overdraft::postgres::…`.
macro_rules! on_both_stores {
    ($($case:ident),+ $(,)?) => {
        tests!(sqlite, sqlite, $($case),+);
        tests!(postgres, postgres, $($case),+);
    };
}

/// The same on PostgreSQL with several cells, `overdraft::cells::…`, and with cells on Citus, `overdraft::citus::…`.
macro_rules! on_all_stores {
    ($($case:ident),+ $(,)?) => {
        on_both_stores!($($case),+);
        tests!(cells, cells, $($case),+);
        on_citus!($($case),+);
    };
}

/// They need a cluster: `make test-citus`.
macro_rules! on_citus {
    ($($case:ident),+ $(,)?) => {
        mod citus {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs Citus: make test-citus"]
            async fn $case() {
                super::$case(crate::world::World::citus().await).await;
            })+
        }
    };
}

/// For what only one of them could get wrong.
macro_rules! on_sqlite_only {
    ($($case:ident),+ $(,)?) => { tests!(sqlite_only, sqlite, $($case),+); };
}

macro_rules! on_postgres_only {
    ($($case:ident),+ $(,)?) => { tests!(postgres_only, postgres, $($case),+); };
}

macro_rules! tests {
    ($module:ident, $store:ident, $($case:ident),+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crate::world::World::$store().await).await;
            })+
        }
    };
}

mod dump;
mod histories;
mod proxy;
mod world;

mod append_only;
mod atomic;
mod batches;
mod cells;
mod claims;
mod clocks;
mod commit_unknown;
mod connections;
mod derived;
mod durable;
mod equal;
mod failures;
mod forged;
mod linearizable;
mod lists;
mod migrating;
mod migrations;
mod moves;
mod once;
mod operators;
mod outcomes;
mod overdraft;
mod overridden_settings;
mod pooled;
mod poolers;
mod rails;
mod reads;
mod remembered;
mod returns;
mod rules;
mod sessions;
mod settings;
mod shared_utrs;
mod staff;
mod states;
mod tenants;
mod tls;
mod values;
mod views;
mod workers;
