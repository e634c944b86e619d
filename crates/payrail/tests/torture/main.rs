//! The crash mill: real processes, clients that retry as real ones do, and a fault every second or so, drawn from a
//! seed. When it is over, `payrail verify` and an auditor that shares no code with what it audits (auditor/: the
//! clients' own notes, the database, the bank's book) say whether every promise was kept.
//!
//! PAYRAIL_TORTURE_SEED     what to draw from (a number, or `fresh`); printed first. The default is fixed
//! PAYRAIL_TORTURE_SECONDS  how long the faults go on in each scene [default: 15]; from 60 on they are rougher
//! PAYRAIL_TORTURE_ONLY     only the faults whose name, as the table has it, contains this
//! PAYRAIL_TORTURE_KEEP     keep the run's folder even if all is well; when it fails, it is kept and named anyway
#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

mod audit;
mod bank_wire;
mod blind;
mod clients;
mod clocks;
mod cluster;
mod disk;
mod faults;
mod forger;
mod http;
mod notes;
mod other_bank;
mod plan;
mod plants;
mod pooler;
mod processes;
mod report;
mod requests;
mod scene;
mod strangers;
mod town;
mod wire;

use scene::Kind;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres() {
    scene::play(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite() {
    scene::play(Kind::Sqlite).await;
}
