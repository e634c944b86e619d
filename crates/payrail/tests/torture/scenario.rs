//! A run of the torture test from beginning to end.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use payrail_store::testing::DEADLINE;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::audit::{self, Word};
use crate::clients;
use crate::faults::strike;
use crate::notes::Notes;
use crate::operator;
use crate::plan::{self, Plan, Settings, wanted};
use crate::report::Report;
use crate::requests::{Merchant, Shared};
use crate::system::System;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    /// PostgreSQL with several cells.
    Cells,
    Sqlite,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Cells => "cells",
            Self::Sqlite => "sqlite",
        }
    }
}

/// Public keys and opening credits of the demo merchants.
const DEMO: [(&str, i64); 3] =
    [("api-key-acme-agency", 1_000_000), ("api-key-freelancer-fiaz", 500_000), ("api-key-tiny-studio", 10_000)];
/// Merchants who have what the treasurer brings them, and no more.
const POOR: usize = 5;
/// Faults that may be under way at the same time.
const HANDS: usize = 2;
/// Time without faults, for whatever a fault has left behind; it is used up only when something is wrong. (And as
/// long again as the faults went on: a payout that the bank did not answer for so long waits about that long.)
const PEACE: Duration = Duration::from_secs(600);

/// The run's folder: gone with the run, unless that fails.
pub struct Folder {
    pub path: PathBuf,
    seed: u64,
}

impl Folder {
    pub fn new(name: &str, seed: u64) -> Self {
        let path = std::env::temp_dir().join(format!("payrail_torture_{}_{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self { path, seed }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("!!! FAILED with PAYRAIL_TORTURE_SEED={}; everything is in {}", self.seed, self.path.display());
        } else if std::env::var_os("PAYRAIL_TORTURE_KEEP").is_none() {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

pub async fn run(kind: Kind) {
    let settings = Settings::read();
    println!("torture {}: PAYRAIL_TORTURE_SEED={}, {} s of faults", kind.name(), settings.seed, settings.seconds);
    let folder = Folder::new(kind.name(), settings.seed);
    let system = System::build(kind, &folder.path).await;
    let (shared, merchants) = set_up_clients(&system).await;
    let mut clients = clients::start(settings.seed, &shared, &merchants);
    let end_of_day = CancellationToken::new();
    let operator = tokio::spawn(operator::resolve_exceptions(shared.clone(), end_of_day.clone()));
    let struck = let_loose(kind, settings, &system, &shared).await;

    let last = Instant::now();
    let peace = PEACE + Duration::from_secs(settings.seconds);
    shared.is_closing.store(true, Ordering::SeqCst);
    let all_answered = timeout(peace, async { while clients.join_next().await.is_some() {} }).await.is_ok();
    shared.is_closed.store(true, Ordering::SeqCst);
    let settled = audit::settles(&system, peace.saturating_sub(last.elapsed())).await;
    end_of_day.cancel();
    operator.await.unwrap();
    let settled_after = settled.then(|| u64::try_from(last.elapsed().as_millis()).unwrap());

    let verify = audit::verify(&system).await;
    system.close().await;
    let report = report(kind, settings, &system, &shared, struck, settled_after, verify).await;
    println!("{}", report.table());
    println!("{}", report.write().display());
    let panics = audit::panics(&folder.path);
    let complaints = std::mem::take(&mut *system.complaints.lock().unwrap());
    let missing = missing(kind, &system, &report);
    let faults = judge(all_answered, &report, [panics, complaints, missing].concat());
    end(system, !faults.is_empty()).await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

async fn report(
    kind: Kind,
    settings: Settings,
    system: &System,
    shared: &Shared,
    struck: Struck,
    settled_after: Option<u64>,
    verify: Word,
) -> Report {
    let figures = system.folder.join("figures.json");
    let auditor = audit::audit(system, &figures).await;
    Report {
        scenario: kind.name(),
        settings,
        recoveries: recoveries(&struck, &shared.notes),
        faults: struck.counts,
        settled_after,
        ends: system.ends.lock().unwrap().clone(),
        bank_wire: system.bank_wire.calls(),
        figures: audit::figures(&figures),
        verify,
        auditor,
    }
}

/// Grave kinds of faults that the run did not have, though it was meant to.
fn missing(kind: Kind, system: &System, report: &Report) -> Vec<String> {
    let wanted = wanted(kind != Kind::Sqlite, report.settings.is_rough());
    // A small disk takes a mount of its own, which not every machine allows; the disk has said so at the start.
    let is_possible = |kind: &plan::Kind| *kind != plan::Kind::DiskFull || system.disk.is_mounted;
    let grave = wanted.iter().filter(|kind| kind.is_grave() && is_possible(kind));
    let names: std::collections::BTreeSet<_> = grave.map(|kind| kind.name()).collect();
    let never = names.into_iter().filter(|name| !report.faults.contains_key(name));
    never.map(|name| format!("the run never had the fault {name}")).collect()
}

/// What is wrong.
fn judge(all_answered: bool, report: &Report, mut faults: Vec<String>) -> Vec<String> {
    for (name, word) in [("payrail verify", &report.verify), ("the auditor", &report.auditor)] {
        if !word.is_clean {
            faults.push(format!("{name}:\n{}", word.said));
        }
    }
    if !all_answered {
        faults.push("all had been well for long, and there were clients without an answer".to_owned());
    }
    if report.settled_after.is_none() {
        faults.push("all had been well for long, and there were payouts under way".to_owned());
    }
    faults
}

/// A small disk's files go with it, unless somebody will want to look at them.
async fn end(system: System, failed: bool) {
    if failed || std::env::var_os("PAYRAIL_TORTURE_KEEP").is_some() {
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(&system.disk.place).arg(system.folder.join("kept"));
        let _ = timeout(DEADLINE, copy.status()).await;
    }
    let System { disk, posts, pooler, .. } = system;
    drop((posts, pooler));
    disk.end().await;
}

/// What happened: how often each kind, and when each was over.
#[derive(Default)]
struct Struck {
    counts: BTreeMap<String, u64>,
    ends: Vec<(String, u64)>,
}

/// The slowest first.
fn recoveries(faults: &Struck, notes: &Notes) -> Vec<(u64, String)> {
    let all = faults.ends.iter().filter_map(|(kind, end)| Some((notes.recovery(*end)?, kind.clone())));
    let mut all: Vec<_> = all.collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all
}

async fn let_loose(kind: Kind, settings: Settings, system: &System, shared: &Shared) -> Struck {
    let rough = settings.is_rough();
    let plan = Mutex::new(Plan::new(settings.seed, wanted(kind != Kind::Sqlite, rough), rough));
    let (struck, begun) = (Mutex::new(Struck::default()), Instant::now());
    let hand = || async {
        loop {
            let drawn = {
                let mut plan = plan.lock().unwrap();
                (begun.elapsed().as_secs() < settings.seconds || plan.owes()).then(|| plan.draw())
            };
            let Some((pause, fault)) = drawn else { return };
            sleep(pause).await;
            write_down(&system.folder, shared, &format!("{fault:?}"));
            let happened = strike(system, &fault).await;
            write_down(&system.folder, shared, &format!("end of {:?}: {happened}", fault.kind));
            if happened {
                let mut struck = struck.lock().unwrap();
                *struck.counts.entry(fault.kind.name()).or_default() += 1;
                struck.ends.push((fault.kind.name(), shared.notes.now()));
            }
        }
    };
    let hands: [_; HANDS] = std::array::from_fn(|_| hand());
    futures::future::join_all(hands).await;
    system.calm().await;
    // Each comes back by itself.
    system.is_ready().await;
    struck.into_inner().unwrap()
}

fn write_down(folder: &Path, shared: &Shared, what: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(folder.join("faults.txt")).unwrap();
    writeln!(file, "{:>12} {what}", shared.notes.now()).unwrap();
}

/// Merchants rich and poor, and an operator's session.
pub async fn set_up_clients(system: &System) -> (Arc<Shared>, Arc<[Merchant]>) {
    let ports = system.ports();
    let http = Client::builder().timeout(DEADLINE).no_proxy().build().unwrap();
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", ports[0]);
    let notes = Notes::begin(&system.folder.join("clients.jsonl"));
    let mut merchants = Vec::new();
    for (api_key, amount) in DEMO {
        let me = http.get(url("/api/v1/me/")).header("Authorization", format!("Api-Key {api_key}"));
        let me: Value = me.send().await.unwrap().json().await.unwrap();
        let merchant = Merchant { id: me["id"].as_str().unwrap().parse().unwrap(), api_key: api_key.to_owned() };
        notes.opening(merchant.id, amount);
        merchants.push(merchant);
    }
    for number in 0..POOR {
        merchants.push(found(system, number).await);
    }
    let form = json!({ "name": "admin", "password": "payrail-demo-admin" });
    let signed_in = http.post(url("/admin/api/v1/session")).json(&form).send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (is_closing, is_closed) = (AtomicBool::new(false), AtomicBool::new(false));
    (Arc::new(Shared { notes, ports, cookie, is_closing, is_closed }), merchants.into())
}

async fn found(system: &System, number: usize) -> Merchant {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payrail"));
    command.args(["merchant", "create", &format!("Poor {number}"), &format!("poor-{number}@example.com"), "--json"]);
    command.env("DATABASE_URL", &system.database_url).env("DEBUG", "1").current_dir(&system.folder).kill_on_drop(true);
    let output = timeout(DEADLINE, command.output()).await.unwrap().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    Merchant {
        id: said["id"].as_str().unwrap().parse().unwrap(),
        api_key: said["api_key"].as_str().unwrap().to_owned(),
    }
}
