//! The program at work: opens the store, starts what its role asks for, and stops in order.

use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use payrail_core::backoff::Policy;
use payrail_store::{ProcessLock, Purpose, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::http::admin::{Auditor, Desk};
use crate::http::{self, Api, Parts, answers, server};
use crate::ids::PayoutIds;
use crate::lanes::Door;
use crate::notifier::Exchange;
use crate::settings::{BadSetting, Common, Role, Serve};
use crate::signals::Signal;
use crate::worker::Worker;
use crate::{demo, housekeeping, presence, readiness, reset, secret, shared_utrs, signals, telemetry};
use payrail_bank as bank;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Until a signal comes, which is heard from the first moment on: while the database is waited for, too, or migrated.
pub async fn run(common: Common, serve: Serve) -> Result<(), Error> {
    let grace = Duration::from_millis(serve.grace_ms);
    let mut signal = pin!(signals::listen()?);
    let mut running = tokio::select! {
        started = start(common, serve) => started?,
        signal = &mut signal => {
            tracing::info!(signal = signal.name(), "stopped before the start was complete; the next start goes on");
            return Ok(());
        }
    };
    let ended_well = running.until(&mut signal).await;
    tracing::info!("stopping: no new work, finishing what is under way");
    if tokio::time::timeout(grace, running.stop()).await.is_err() {
        tracing::warn!("the grace time ran out; what is unfinished goes on at the next start");
    }
    tracing::info!("stopped");
    ended_well
}

/// What is to be ended in order.
struct Running {
    store: Store,
    door: Door,
    bank: Option<bank::Running>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Ends when the database no longer knows that this process is there.
    presence: JoinHandle<Error>,
    is_worker: bool,
}

impl Running {
    async fn until(&mut self, signal: impl Future<Output = Signal>) -> Result<(), Error> {
        tokio::select! {
            signal = signal => tracing::info!(signal = signal.name(), "told to stop"),
            Ok(why) = &mut self.presence => return Err(why),
        }
        if !self.is_worker {
            reset::stopped_in_order(&self.store).await;
        }
        Ok(())
    }

    async fn stop(self) {
        self.stop.cancel();
        let ended = self.door.ended();
        drop(self.door);
        self.tasks.wait().await;
        ended.await;
        self.store.close().await;
        if let Some(bank) = self.bank {
            bank.stop().await;
        }
    }
}

/// It may be dropped while it waits: what is in the database by then is whole, and the next start goes on from it.
async fn start(common: Common, serve: Serve) -> Result<Running, Error> {
    common.check()?;
    let lanes = serve.lanes.settings(&common)?;
    let policy = Policy { refusal_ttl: serve.lanes.refusal_ttl()?, ..serve.worker.policy()? };
    let worker_settings = serve.worker.settings()?;
    let origins = serve.origins(common.debug)?;
    let limits = serve.connections.limits()?;
    let (proxies, streams) = (serve.connections.proxies()?, serve.connections.streams()?);
    check_bank(&serve)?;
    telemetry::begin();

    // Bind first: a port that is taken must be said before any data is touched.
    let listener = if serve.role == Role::Worker { None } else { Some(listen(serve.addr).await?) };
    let store = common.open(lanes.lanes).await?;
    let Opened { lock, is_demo } = open(&common, &serve, &store).await?;
    let hasher = secret::hasher(&common, &store).await?;
    let clock = Clock::of(&store);
    let door = Door::open(store.clone(), answers::rules(policy), clock.clone(), lanes);
    if is_demo {
        demo::seed(&store, &door, &hasher, &clock).await?;
        demo::seed_operators(&store, &clock).await?;
    }

    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    tasks.spawn(readiness::watch_clock(store.clone(), serve.clock.tolerance(), stop.clone()));
    let (bank_url, bank) = bank_of(&serve).await?;
    store.flush_warnings().await?.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut watch = None;
    if serve.role != Role::Api {
        let rail = serve.worker.rail(bank_url.as_deref().ok_or_else(no_bank)?)?;
        let name = format!("worker-{}-{:04x}", std::process::id(), rand::random::<u16>());
        let worker = Worker::new(name, store.clone(), door.clone(), rail, clock.clone(), worker_settings);
        let worker = if serve.role == Role::All { worker.of_all_in_one() } else { worker };
        watch = Some(worker.bank());
        tasks.spawn(worker.run(stop.clone()));
        tasks.spawn(housekeeping::run(store.clone(), clock.clone(), stop.clone()));
        tasks.spawn(shared_utrs::run(store.clone(), clock.clone(), stop.clone()));
    }
    let (notifier, worker) = (door.notifier.clone(), door.bell.clone());
    tasks.spawn(Exchange { notifier, worker, store: store.clone(), stop: stop.clone() }.run());
    if let Some(listener) = listener {
        let addr = listener.local_addr()?;
        let rail = bank_url.as_deref().map(|url| serve.worker.rail(url)).transpose()?;
        let auditor = Auditor::new(store.clone(), rail, clock.clone(), stop.clone(), tasks.clone());
        let desk = Desk::new(auditor);
        let api = Api::new(Parts {
            store: store.clone(),
            door: door.clone(),
            hasher,
            known_keys: Default::default(),
            clock,
            bank: watch,
            clock_tolerance: serve.clock.tolerance(),
            ids: PayoutIds::default(),
            is_demo,
            secure_cookies: serve.secure_cookies.unwrap_or(!common.is_trial_on(serve.addr)),
            stop: stop.clone(),
            streams,
            body_time: limits.body,
            sign_ins: http::sign_ins(),
            desk,
        });
        tasks.spawn(server::serve(listener, http::service(api, &origins), limits, proxies, stop.clone()));
        banner(addr, &common, is_demo, bank_url.as_deref());
    }
    let presence = tokio::spawn(presence::keep(lock, store.clone()));
    tasks.close();
    let is_worker = serve.role == Role::Worker;
    Ok(Running { store, door, bank, stop, tasks, presence, is_worker })
}

/// The database as this process found it, or made it.
struct Opened {
    lock: ProcessLock,
    is_demo: bool,
}

/// Brings the database up to this version, or resets it; from then on no other process may reset it.
async fn open(common: &Common, serve: &Serve, store: &Store) -> Result<Opened, Error> {
    // A worker shows no page and takes no key.
    let is_trial = serve.role != Role::Worker && common.is_trial_on(serve.addr);
    let purpose = demo::purpose(serve.demo, is_trial);
    let lock = match serve.reset_data {
        true => reset_at_start(serve, store, purpose).await?,
        false => presence::begin(store).await?,
    };
    store.migrate_as(purpose, &[]).await?;
    let is_demo = serve.role != Role::Worker && demo::is_on(store, serve.demo, is_trial).await?;
    Ok(Opened { lock, is_demo })
}

async fn reset_at_start(serve: &Serve, store: &Store, purpose: Purpose) -> Result<ProcessLock, Error> {
    if serve.role == Role::Worker {
        return Err(BadSetting("RESET_DATA=1 is for the API's process, not for a worker on its own".to_owned()).into());
    }
    if purpose != Purpose::Demonstration {
        let why = "RESET_DATA=1 is refused: it is for demonstrations, and demo mode is off. Nothing was removed. Start \
                   without RESET_DATA, or with PAYRAIL_DEMO=1 as well";
        return Err(BadSetting(why.to_owned()).into());
    }
    let bank = match &serve.worker.bank_url {
        Some(url) => reset::Bank::Elsewhere(url),
        None => reset::Bank::BuiltIn(&serve.bank),
    };
    reset::at_start(store, bank).await
}

async fn listen(addr: SocketAddr) -> Result<TcpListener, Error> {
    let taken = |error| BadSetting(format!("PAYRAIL_ADDR: cannot listen on {addr}: {error}"));
    Ok(TcpListener::bind(addr).await.map_err(taken)?)
}

/// The bank that is set, or the simulated one, which the all-in-one program starts by itself.
async fn bank_of(serve: &Serve) -> Result<(Option<String>, Option<bank::Running>), Error> {
    match (&serve.worker.bank_url, serve.role) {
        (Some(url), _) => Ok((Some(url.clone()), None)),
        (None, Role::All) => {
            let bank = bank::start(serve.bank.clone()).await.map_err(BadSetting::from)?;
            Ok((Some(format!("http://{}", bank.addr())), Some(bank)))
        }
        (None, _) => Ok((None, None)),
    }
}

/// As far as it can be known before any data is touched.
fn check_bank(serve: &Serve) -> Result<(), BadSetting> {
    match (&serve.worker.bank_url, serve.role) {
        (Some(url), _) => serve.worker.rail(url).map(drop),
        (None, Role::All) => Ok(serve.bank.check()?),
        (None, Role::Worker) => Err(no_bank()),
        (None, Role::Api) => Ok(()),
    }
}

fn no_bank() -> BadSetting {
    BadSetting(
        "PAYRAIL_BANK_URL is not set: a worker on its own needs the address of a bank (start the simulated one \
         with `payrail bank`)"
            .to_owned(),
    )
}

/// Where to look, and something to paste.
fn banner(addr: SocketAddr, common: &Common, seeded: bool, bank: Option<&str>) {
    let host = if addr.ip().is_loopback() { format!("localhost:{}", addr.port()) } else { addr.to_string() };
    let store = if common.is_postgres() { "PostgreSQL" } else { common.database_url.as_str() };
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "\nPayRail is listening on http://{host}  (data in {store})");
    if let Some(bank) = bank {
        // Without the user and the password that an address may have.
        let _ = writeln!(
            out,
            "The bank is at http://{}",
            bank.rsplit_once('@').map_or(bank.trim_start_matches("http://"), |(_, host)| host)
        );
    }
    if seeded {
        let key = demo::MERCHANTS[2].api_key;
        let [admin, viewer] = &demo::OPERATORS;
        let _ = writeln!(
            out,
            "\nA payout of ₹60.00 for Tiny Studio, which has ₹100.00. Paste it twice: the second is refused.\n\n  \
             curl -s http://{host}/api/v1/payouts/ -H 'Authorization: Api-Key {key}' \\\n    \
             -H \"Idempotency-Key: $(openssl rand -hex 16)\" -H 'Content-Type: application/json' \\\n    \
             -d '{{\"amount_paise\": 6000, \"bank_account_id\": \"demo-success\"}}'\n\n\
             Then see what became of it:\n\n  \
             curl -s http://{host}/api/v1/payouts/ -H 'Authorization: Api-Key {key}'\n\n\
             Operators sign in at http://{host}/admin/ as {} with {}, to look only as {} with {}.\n\n\
             Ctrl-C stops it.",
            admin.name, admin.password, viewer.name, viewer.password
        );
    }
    let _ = writeln!(out);
}
