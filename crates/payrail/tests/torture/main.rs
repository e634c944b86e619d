//! The torture test: real processes, clients that retry like real ones, and a random fault about every second. At the
//! end `payrail verify` checks every guarantee, and so does an auditor that shares no code with the program (auditor/;
//! it reads the clients' notes, the database and the bank's book).
//!
//! PAYRAIL_TORTURE_SEED     the seed (a number, or `fresh`); printed first. The default is fixed
//! PAYRAIL_TORTURE_SECONDS  the duration of the faults per database setup [default: 15]; from 60 they are rougher
//! PAYRAIL_TORTURE_ONLY     only the faults whose name in the table contains this
//! PAYRAIL_TORTURE_KEEP     keep the run's folder even after a success; after a failure it is always kept and named
#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

mod audit;
mod bank_wire;
mod blind;
mod cells;
mod clients;
mod clocks;
mod cluster;
mod disk;
mod faults;
mod forger;
mod http;
mod misconfigured;
mod notes;
mod operator;
mod other_bank;
mod plan;
mod plants;
mod pooler;
mod processes;
mod report;
mod requests;
mod scenario;
mod system;
mod wire;

use scenario::Kind;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres() {
    scenario::run(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cells() {
    scenario::run(Kind::Cells).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite() {
    scenario::run(Kind::Sqlite).await;
}
