//! The program from outside: real processes, real HTTP, on both stores. One file per subject.
#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

#[macro_use]
mod support;

mod abuse;
mod admin;
mod after_restore;
mod backup;
mod bank_identity;
mod cells;
mod citus;
mod cli;
mod cli_health;
mod cli_list;
mod cli_settings;
mod cli_signals;
mod cli_start;
mod contract;
mod demo_mode;
mod failover;
mod fake_bank;
#[path = "../torture/clocks.rs"]
#[allow(dead_code)] // The torture test uses the rest.
mod faketime;
mod files;
mod find;
mod gate;
mod harness;
mod logs;
mod metrics;
mod notifier;
mod online_migrations;
mod openapi;
mod pages;
mod point_in_time;
mod race;
mod rails;
mod readme;
mod reset;
mod returns;
mod returns_list;
mod sabotage;
mod scripts;
mod secret;
mod session;
mod shared_utrs;
mod storm;
mod stream;
mod upgrade;
mod verify;
mod verify_bank;
mod verify_decisions;
mod verify_fixture;
mod verify_ledger;
mod verify_payouts;
mod views;
mod worker;
mod worker_death;
mod worker_locks;
mod worker_process;
mod worker_trouble;
mod wrong_clocks;
