//! A PayRail process and its supervisor, which restarts it whenever it ends, like a service manager.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{Mutex as Turn, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::clocks::{self, Clock};
use crate::wire::Upstream;

/// How to start it.
pub struct Recipe {
    pub name: String,
    pub arguments: Vec<String>,
    pub settings: Vec<(String, String)>,
    pub folder: PathBuf,
    pub clock: Option<Clock>,
}

/// Settings that replace the recipe's at the next start.
type Changes = Arc<Mutex<BTreeMap<&'static str, String>>>;

pub struct Post {
    pub name: String,
    pub role: Role,
    pub clock: Option<Clock>,
    /// Its address, if it listens.
    pub address: Upstream,
    log: PathBuf,
    changes: Changes,
    /// One fault at a time.
    pub turn: Turn<()>,
    orders: mpsc::Sender<(Order, oneshot::Sender<()>)>,
    keeper: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Bank,
    Api,
    Worker,
    All,
}

impl Role {
    pub fn is_worker(self) -> bool {
        matches!(self, Self::Worker | Self::All)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Api => "api",
            Self::Worker => "worker",
            Self::All => "all",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// SIGKILL, then a pause of this length.
    Kill(Duration),
    /// SIGTERM, and wait for the end.
    Stop,
    Signal(&'static str),
    /// SIGTERM, without a restart.
    End,
}

/// Unexpected ends, by process and exit status, and stops that took too long.
pub type Ends = Arc<Mutex<BTreeMap<String, u64>>>;

/// Longer than the processes' grace time.
const STOPS_WITHIN: Duration = Duration::from_secs(20);
const PAUSE_BEFORE_RESTART: Duration = Duration::from_millis(200);

impl Post {
    /// After each start, `address` is set to the address that it listens on.
    pub fn start(recipe: Recipe, role: Role, address: Upstream, ends: Ends) -> Self {
        let (orders, inbox) = mpsc::channel(1);
        let (name, clock, log) = (recipe.name.clone(), recipe.clock.clone(), recipe.log());
        let changes = Changes::default();
        let keeper = tokio::spawn(keep(recipe, changes.clone(), address.clone(), inbox, ends));
        Self { name, role, clock, address, log, changes, turn: Turn::new(()), orders, keeper }
    }

    /// Sets the settings that replace the recipe's at the next start.
    pub fn change(&self, setting: Option<(&'static str, &str)>) {
        *self.changes.lock().unwrap() = setting.map(|(name, value)| (name, value.to_owned())).into_iter().collect();
    }

    /// Its log so far.
    pub fn logged(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Returns when the order has been executed.
    pub async fn order(&self, order: Order) {
        let (done, heard) = oneshot::channel();
        if self.orders.send((order, done)).await.is_ok() {
            let _ = heard.await;
        }
    }
}

impl Drop for Post {
    /// Ends the supervisor, which kills the process.
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn keep(
    recipe: Recipe,
    changes: Changes,
    address: Upstream,
    mut inbox: mpsc::Receiver<(Order, oneshot::Sender<()>)>,
    ends: Ends,
) {
    loop {
        let now = changes.lock().unwrap().clone();
        let mut child = recipe.start(&now);
        let process = child.id().unwrap_or_default();
        let listening = tokio::spawn(hear_address(child.stdout.take().unwrap(), address.clone()));
        let goes_on = watch(&recipe.name, &mut child, process, &mut inbox, &address, &ends).await;
        listening.abort();
        clocks::sweep_after(process);
        if !goes_on {
            return;
        }
    }
}

/// Waits for the process to end; false if it must not be restarted. While an order is executed nobody waits for the
/// process, so that its pid is not reused.
async fn watch(
    name: &str,
    child: &mut Child,
    process: u32,
    inbox: &mut mpsc::Receiver<(Order, oneshot::Sender<()>)>,
    address: &Upstream,
    ends: &Ends,
) -> bool {
    loop {
        let (order, done) = tokio::select! {
            received = inbox.recv() => match received {
                Some(received) => received,
                None => return false,
            },
            ended = child.wait() => {
                note(ends, format!("{name} ended by itself: {}", of(ended.ok())));
                sleep(PAUSE_BEFORE_RESTART).await;
                return true;
            }
        };
        match order {
            Order::Signal(signal) => send(signal, process).await,
            Order::Kill(down) => {
                let _ = child.kill().await;
                sleep(down).await;
            }
            Order::Stop | Order::End => stop(name, child, process, ends).await,
        }
        if !matches!(order, Order::Signal(_)) {
            *address.lock().unwrap() = None;
        }
        let _ = done.send(());
        match order {
            Order::Signal(_) => {}
            Order::End => return false,
            Order::Kill(_) | Order::Stop => return true,
        }
    }
}

async fn stop(name: &str, child: &mut Child, process: u32, ends: &Ends) {
    send("TERM", process).await;
    match timeout(STOPS_WITHIN, child.wait()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(ended) => note(ends, format!("{name} was asked to stop: {}", of(ended.ok()))),
        Err(_) => {
            note(ends, format!("{name} did not stop within {} s", STOPS_WITHIN.as_secs()));
            let _ = child.kill().await;
        }
    }
}

fn of(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "nobody knows how".to_owned(), |status| status.to_string())
}

fn note(ends: &Ends, what: String) {
    *ends.lock().unwrap().entry(what).or_default() += 1;
}

async fn send(signal: &str, process: u32) {
    let _ = Command::new("kill").args([format!("-{signal}"), process.to_string()]).stderr(Stdio::null()).status().await;
}

async fn hear_address(stdout: ChildStdout, address: Upstream) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let place = line.split_once("listening on http://").and_then(|(_, rest)| rest.split_whitespace().next());
        if let Some(place) = place.and_then(|place| place.replace("localhost", "127.0.0.1").parse::<SocketAddr>().ok())
        {
            *address.lock().unwrap() = Some(place);
        }
    }
}

impl Recipe {
    fn log(&self) -> PathBuf {
        Path::new(&self.folder).join(format!("{}.log", self.name))
    }

    /// It dies with this process, and inherits none of its settings.
    fn start(&self, changes: &BTreeMap<&'static str, String>) -> Child {
        let log = OpenOptions::new().create(true).append(true).open(self.log());
        let mut command = Command::new("setpriv");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PAYRAIL_")) {
            command.env_remove(name);
        }
        command
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_payrail")])
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_remove("SECRET_KEY")
            .env_remove("DEBUG")
            .env_remove("RESET_DATA")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .envs(changes)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .kill_on_drop(true);
        if let Some(clock) = &self.clock {
            command.envs(clock.environment());
        }
        command.spawn().unwrap()
    }
}
