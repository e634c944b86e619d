//! The program from outside: real processes, real HTTP, on both stores. One file a subject.
#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

#[macro_use]
mod support;

mod abuse;
mod admin;
mod backup;
mod bank_identity;
mod bench_fill;
mod cli;
mod cli_health;
mod cli_list;
mod cli_settings;
mod cli_signals;
mod cli_start;
mod contract;
mod demo_mode;
mod engine;
mod fake_bank;
#[path = "../torture/clocks.rs"]
#[allow(dead_code)] // The crash mill uses the rest.
mod faketime;
mod files;
mod find;
mod gate;
mod logs;
mod metrics;
mod notifier;
mod openapi;
mod pages;
mod race;
mod readme;
mod reset;
mod returns;
mod sabotage;
mod scripts;
mod secret;
mod session;
mod shared_utrs;
mod sql;
mod storm;
mod stream;
mod verify;
mod verify_bank;
mod verify_decisions;
mod verify_ledger;
mod verify_payouts;
mod verify_scene;
mod views;
mod worker;
mod worker_death;
mod worker_process;
mod worker_trouble;
mod wrong_clocks;
