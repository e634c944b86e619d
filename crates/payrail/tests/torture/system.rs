//! The processes of a run, the wires between them, and their disk and clocks.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use payrail_store::testing::until;

use crate::bank_wire::BankWire;
use crate::cells;
use crate::clocks::{self, Clock};
use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::forger::Forger;
use crate::other_bank::{self, OtherBank};
use crate::pooler::{self, Pooler};
use crate::processes::{Ends, Order, Post, Recipe, Role};
use crate::scenario::Kind;
use crate::wire::{Mode, Upstream, Wire};

/// Shortens the program's waits from minutes to seconds.
const HASTE: [(&str, &str); 12] = [
    ("DEBUG", "1"),
    ("PAYRAIL_DEMO", "1"),
    ("PAYRAIL_RETRY_BASE_MS", "100"),
    ("PAYRAIL_BANK_TIMEOUT_MS", "400"),
    ("PAYRAIL_BANK_SILENCE_MS", "1000"),
    ("PAYRAIL_BANK_RANDOM_DELAY_MS", "0"),
    ("PAYRAIL_BANK_RETURNS_AFTER_MS", "700"),
    ("PAYRAIL_LEASE_MS", "1000"),
    ("PAYRAIL_POLL_MS", "50"),
    ("PAYRAIL_WORKER_CONCURRENCY", "64"),
    ("PAYRAIL_GRACE_MS", "5000"),
    ("PAYRAIL_LOG", "warn"),
];
/// Enough for a small database and a WAL that cannot be checkpointed for a while.
const SQLITE_DISK: &str = "160m";

pub struct System {
    pub posts: Vec<Post>,
    /// From the clients to the servers.
    pub client_wires: Vec<Wire>,
    /// From each process to PostgreSQL.
    pub pipes: Vec<Wire>,
    pub bank_wire: BankWire,
    pub other_bank: OtherBank,
    pub cluster: Option<Cluster>,
    /// In front of PostgreSQL, for some of the processes.
    pub pooler: Option<Pooler>,
    pub disk: Disk,
    pub ends: Ends,
    /// What a process failed to report or do during a fault.
    pub complaints: Mutex<Vec<String>>,
    pub folder: PathBuf,
    /// The database, without a wire.
    pub database_url: String,
    /// The same, for SQL that reads every merchant's rows.
    pub read_url: String,
    pub book: PathBuf,
    pub bank: Upstream,
    /// The second bank's process, which no fault targets.
    other_post: Option<Post>,
}

/// How a server reaches PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Direct,
    Pooled,
}

impl System {
    /// Starts all processes and waits until they are ready.
    pub async fn build(kind: Kind, folder: &Path) -> Self {
        let mut system = Self::found(kind, folder).await;
        match kind {
            Kind::Postgres | Kind::Cells => {
                system.pooler = Some(Pooler::before(&system.database_url));
                for (name, role, way) in [
                    ("api-1", Role::Api, Way::Pooled),
                    ("api-2", Role::Api, Way::Direct),
                    ("worker-1", Role::Worker, Way::Pooled),
                    ("worker-2", Role::Worker, Way::Direct),
                ] {
                    system.server(name, role, way).await;
                }
            }
            Kind::Sqlite => {
                system.server("serve", Role::All, Way::Direct).await;
                // A second process on the same file; its clock will be a day wrong.
                system.server("worker", Role::Worker, Way::Direct).await;
            }
        }
        system.is_ready().await;
        system
    }

    /// Starts a database and a bank, but no server yet.
    pub async fn found(kind: Kind, folder: &Path) -> Self {
        let (cluster, disk, database_url, book) = match kind {
            Kind::Postgres | Kind::Cells => {
                let (cluster, disk) = Cluster::start(folder).await;
                let url = cluster.url.clone();
                if kind == Kind::Cells {
                    cells::make(&url, folder).await;
                }
                (Some(cluster), disk, url, folder.join("bank.db"))
            }
            Kind::Sqlite => {
                let disk = Disk::beside(folder.join("disk"), SQLITE_DISK, &["sh", "-c", "read end"]).await;
                let url = format!("sqlite://{}", disk.path("payrail.db").display());
                let book = disk.path("bank.db");
                (None, disk, url, book)
            }
        };
        let (bank, second) = (Upstream::default(), Upstream::default());
        let bank_wire = BankWire::to(bank.clone(), Forger::begin(folder)).await;
        let other_bank = OtherBank::to(second.clone(), folder).await;
        assert!(
            clocks::library().is_some(),
            "libfaketime is missing (Debian's package `faketime`): run scripts/setup test"
        );
        let mut system = Self {
            posts: Vec::new(),
            client_wires: Vec::new(),
            pipes: Vec::new(),
            bank_wire,
            other_bank,
            cluster,
            pooler: None,
            disk,
            ends: Ends::default(),
            complaints: Mutex::default(),
            folder: folder.to_owned(),
            read_url: if kind == Kind::Cells { cells::of_all(&database_url) } else { database_url.clone() },
            database_url,
            book,
            bank: bank.clone(),
            other_post: None,
        };
        let book = system.book.display().to_string();
        let post = system.post("bank", Role::Bank, &[("PAYRAIL_BANK_BOOK", &book)], bank);
        system.posts.push(post);
        let book = folder.join(other_bank::BOOK).display().to_string();
        system.other_post = Some(system.post("other-bank", Role::Bank, &[("PAYRAIL_BANK_BOOK", &book)], second));
        system
    }

    /// Adds a process, with its own wire to a database server, and a wire for clients if it serves them.
    pub async fn server(&mut self, name: &str, role: Role, way: Way) {
        let mut url = self.database_url.clone();
        if self.cluster.is_some() {
            let server = pooler::server(&url).to_owned();
            let to = match (&self.pooler, way) {
                (Some(pooler), Way::Pooled) => pooler.address.clone(),
                _ => Arc::new(Mutex::new(Some(server.parse().unwrap()))),
            };
            let pipe = Wire::to(to).await;
            url = url.replace(&server, &format!("127.0.0.1:{}", pipe.port));
            self.pipes.push(pipe);
        }
        let address = Upstream::default();
        let bank = self.bank_wire.url();
        let settings = [("PAYRAIL_ROLE", role.name()), ("PAYRAIL_BANK_URL", &bank), ("DATABASE_URL", &url)];
        let post = self.post(name, role, &settings, address.clone());
        self.posts.push(post);
        if role != Role::Worker {
            self.client_wires.push(Wire::to(address).await);
        }
    }

    fn post(&self, name: &str, role: Role, settings: &[(&str, &str)], address: Upstream) -> Post {
        let library = clocks::library();
        let clock = library.map(|library| Clock::new(&library, self.folder.join(format!("{name}.clock"))));
        let anywhere = "127.0.0.1:0";
        let common = [("PAYRAIL_ADDR", anywhere), ("PAYRAIL_BANK_ADDR", anywhere)];
        let settings = HASTE.iter().chain(&common).chain(settings);
        let recipe = Recipe {
            name: name.to_owned(),
            arguments: vec![if role == Role::Bank { "bank" } else { "serve" }.to_owned()],
            settings: settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            folder: self.folder.clone(),
            clock,
        };
        Post::start(recipe, role, address, self.ends.clone())
    }

    pub fn ports(&self) -> Vec<u16> {
        self.client_wires.iter().map(|wire| wire.port).collect()
    }

    /// Waits until every server answers.
    pub async fn is_ready(&self) {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
        for port in self.ports() {
            let url = format!("http://127.0.0.1:{port}/readyz");
            let answers = async || http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success());
            until("a server is ready", answers).await;
        }
        let others = self.other_post.iter().map(|post| &post.address);
        let is_open = |address: &Upstream| address.lock().unwrap().is_some();
        until("the banks are open", async || others.clone().chain([&self.bank]).all(is_open)).await;
    }

    /// Ends all faults.
    pub async fn calm(&self) {
        for wire in self.client_wires.iter().chain(&self.pipes) {
            wire.set(Mode::Open);
        }
        self.bank_wire.set(None);
        self.bank_wire.refuse(false);
        self.disk.free();
        for post in &self.posts {
            post.order(Order::Signal("CONT")).await;
            post.clock.iter().for_each(|clock| clock.step(0));
        }
        if let Some(cluster) = &self.cluster {
            cluster.bring_back().await;
        }
    }

    /// Stops everything in order.
    pub async fn close(&self) {
        for post in self.posts.iter().rev() {
            post.order(Order::End).await;
        }
        if let Some(post) = &self.other_post {
            post.order(Order::End).await;
        }
    }

    pub fn complain(&self, what: String) {
        self.complaints.lock().unwrap().push(what);
    }
}
