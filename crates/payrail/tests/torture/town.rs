//! The processes of a scene, the wires between them, and the disk and the clocks under them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use payrail_store::testing::DEADLINE;
use tokio::time::sleep;

use crate::bank_wire::BankWire;
use crate::clocks::{self, Clock};
use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::forger::Forger;
use crate::other_bank::{self, OtherBank};
use crate::pooler::{self, Pooler};
use crate::processes::{Ends, Order, Post, Recipe, Role};
use crate::scene::Kind;
use crate::wire::{Mode, Upstream, Wire};

/// Waits of seconds instead of minutes; what they are waits for is the same.
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
/// What a small database needs, and room for a log that nobody may tidy up for a while.
const SQLITE_DISK: &str = "160m";

pub struct Town {
    pub posts: Vec<Post>,
    /// From the clients to the servers.
    pub doors: Vec<Wire>,
    /// From each process to PostgreSQL.
    pub pipes: Vec<Wire>,
    pub bank_wire: BankWire,
    pub other_bank: OtherBank,
    pub cluster: Option<Cluster>,
    /// In front of PostgreSQL, for some of the processes.
    pub pooler: Option<Pooler>,
    pub disk: Disk,
    pub ends: Ends,
    /// What a process should have said or done during a fault, and did not.
    pub complaints: Mutex<Vec<String>>,
    pub folder: PathBuf,
    /// The database and the bank, with no wire between.
    pub database_url: String,
    pub book: PathBuf,
    pub bank: Upstream,
    /// The second bank's process: no fault is its own.
    other_post: Option<Post>,
}

/// How a server reaches PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Direct,
    Pooled,
}

impl Town {
    /// With all its processes, ready.
    pub async fn build(kind: Kind, folder: &Path) -> Self {
        let mut town = Self::found(kind, folder).await;
        match kind {
            Kind::Postgres => {
                town.pooler = Some(Pooler::before(&town.database_url));
                for (name, role, way) in [
                    ("api-1", Role::Api, Way::Pooled),
                    ("api-2", Role::Api, Way::Direct),
                    ("worker-1", Role::Worker, Way::Pooled),
                    ("worker-2", Role::Worker, Way::Direct),
                ] {
                    town.server(name, role, way).await;
                }
            }
            Kind::Sqlite => town.server("serve", Role::All, Way::Direct).await,
        }
        town.is_ready().await;
        town
    }

    /// With a database and a bank, and no server yet.
    pub async fn found(kind: Kind, folder: &Path) -> Self {
        let (cluster, disk, database_url, book) = match kind {
            Kind::Postgres => {
                let (cluster, disk) = Cluster::start(folder).await;
                let url = cluster.url.clone();
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
        if clocks::library().is_none() {
            println!("!!! NO LIBFAKETIME ON THIS MACHINE (Debian's package `faketime`): NO CLOCK WILL BE STEPPED");
        }
        let mut town = Self {
            posts: Vec::new(),
            doors: Vec::new(),
            pipes: Vec::new(),
            bank_wire,
            other_bank,
            cluster,
            pooler: None,
            disk,
            ends: Ends::default(),
            complaints: Mutex::default(),
            folder: folder.to_owned(),
            database_url,
            book,
            bank: bank.clone(),
            other_post: None,
        };
        let book = town.book.display().to_string();
        let post = town.post("bank", Role::Bank, &[("PAYRAIL_BANK_BOOK", &book)], bank);
        town.posts.push(post);
        let book = folder.join(other_bank::BOOK).display().to_string();
        town.other_post = Some(town.post("other-bank", Role::Bank, &[("PAYRAIL_BANK_BOOK", &book)], second));
        town
    }

    /// A process with a wire of its own to the database, if that is a server; and one for clients, if it takes them.
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
            self.doors.push(Wire::to(address).await);
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
        self.doors.iter().map(|door| door.port).collect()
    }

    /// Until every server answers.
    pub async fn is_ready(&self) {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
        let begun = Instant::now();
        for port in self.ports() {
            let url = format!("http://127.0.0.1:{port}/readyz");
            while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                assert!(begun.elapsed() < DEADLINE, "a server was not ready within {DEADLINE:?}");
                sleep(Duration::from_millis(50)).await;
            }
        }
        let others = self.other_post.iter().map(|post| &post.address);
        while others.clone().chain([&self.bank]).any(|address| address.lock().unwrap().is_none()) {
            assert!(begun.elapsed() < DEADLINE, "the bank was not open within {DEADLINE:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// No fault any more: whatever runs, runs freely.
    pub async fn calm(&self) {
        for wire in self.doors.iter().chain(&self.pipes) {
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

    /// Everything stops, in order.
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
