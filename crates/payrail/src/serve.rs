//! Opens the store, starts what the role needs, and stops in order.

use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use payrail_core::backoff::Policy;
use payrail_store::{ProcessLock, Purpose, Store};
use payrail_types::rail::RailId;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::http::admin::state::AdminState;
use crate::http::admin::verify::auditor::Auditor;
use crate::http::idempotency::answers;
use crate::http::server::serve::serve as serve_http;
use crate::http::service::service;
use crate::http::state::{self, Api, ApiRails, Parts};
use crate::ids::PayoutIds;
use crate::lanes::Engine;
use crate::notifier::Exchange;
use crate::rails::Rails;
use crate::readiness::Readiness;
use crate::settings::{BadSetting, Common, Role, Serve};
use crate::signals::Signal;
use crate::worker::Worker;
use crate::{demo, housekeeping, presence, published, readiness, reset, secret, shared_utrs, signals, telemetry};
use payrail_bank as bank;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Runs until a signal. A signal also stops the start, while it waits for the database or migrates it.
pub async fn run(common: Common, serve: Serve) -> Result<(), Error> {
    let grace = Duration::from_millis(serve.grace_ms);
    let mut signal = pin!(signals::listen()?);
    let mut running = tokio::select! {
        started = start(common, serve) => started?,
        signal = &mut signal => {
            tracing::info!(signal = signal.name(), "stopped before the start was complete; the next start continues");
            return Ok(());
        }
    };
    let ended_well = running.until(&mut signal).await;
    tracing::info!("stopping: no new work; finishing the work in progress");
    if tokio::time::timeout(grace, running.stop()).await.is_err() {
        tracing::warn!("the grace time ran out; the next start continues the unfinished work");
    }
    tracing::info!("stopped");
    ended_well
}

/// What must be stopped in order.
struct Running {
    store: Store,
    engine: Engine,
    bank: Option<bank::Running>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Ends when the database has lost this process's presence.
    presence: JoinHandle<Error>,
    is_worker: bool,
}

impl Running {
    async fn until(&mut self, signal: impl Future<Output = Signal>) -> Result<(), Error> {
        tokio::select! {
            signal = signal => tracing::info!(signal = signal.name(), "stop requested"),
            Ok(why) = &mut self.presence => return Err(why),
        }
        if !self.is_worker {
            reset::stopped_in_order(&self.store).await;
        }
        Ok(())
    }

    async fn stop(self) {
        self.stop.cancel();
        let ended = self.engine.ended();
        drop(self.engine);
        self.tasks.wait().await;
        ended.await;
        self.store.close().await;
        if let Some(bank) = self.bank {
            bank.stop().await;
        }
    }
}

/// It may be dropped at any await: the database is consistent then, and the next start continues from there.
async fn start(common: Common, serve: Serve) -> Result<Running, Error> {
    common.check()?;
    let lanes = serve.lanes.settings(&common)?;
    let policy = Policy { refusal_ttl: serve.lanes.refusal_ttl()?, ..serve.worker.policy()? };
    let worker_settings = serve.worker.settings()?;
    let origins = serve.origins(common.debug)?;
    let limits = serve.connections.limits()?;
    let (proxies, streams) = (serve.connections.proxies()?, serve.connections.streams()?);
    let rails = Rails::read(&serve.worker)?;
    check_bank(&serve, &rails)?;
    telemetry::begin();

    // Bind first, so that a taken port is reported before any data is touched.
    let listener = if serve.role == Role::Worker { None } else { Some(listen(serve.addr).await?) };
    let store = common.open(lanes.lanes).await?;
    let flush_warnings = check_flushes(&common, &serve, &store).await?;
    let Opened { lock, is_demo } = open(&common, &serve, &rails, &store).await?;
    let hasher = secret::hasher(common.secret_key.as_deref(), &store).await?;
    let clock = Clock::of(&store);
    let engine = Engine::open(store.clone(), rails.rules(answers::rules(policy)), clock.clone(), lanes);
    if is_demo {
        demo::seed(&store, &engine, &hasher, &clock).await?;
        demo::seed_operators(&store, &clock).await?;
    }

    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    tasks.spawn(readiness::watch_clock(store.clone(), serve.clock.tolerance(), stop.clone()));
    let bank = built_in_bank(&serve, &rails).await?;
    let bank_url = bank.as_ref().map(|bank| format!("http://{}", bank.addr()));
    let ways = rails.open(bank_url.as_deref())?;
    let mut banks = Vec::new();
    if serve.role != Role::Api {
        let process = format!("worker-{}-{:04x}", std::process::id(), rand::random::<u16>());
        // Each rail has a worker of its own, so a slow or silent bank does not delay the others' payouts.
        for rail in ways.clone() {
            let rail_id = rail.name();
            let name = if rail_id == RailId::DEFAULT { process.clone() } else { format!("{process}-{rail_id}") };
            let worker = Worker::new(name, store.clone(), engine.clone(), rail, clock.clone(), worker_settings);
            let worker = if serve.role == Role::All { worker.of_all_in_one() } else { worker };
            banks.push((rail_id, worker.bank()));
            tasks.spawn(worker.run(stop.clone()));
        }
        tasks.spawn(housekeeping::run(store.clone(), clock.clone(), stop.clone()));
        tasks.spawn(shared_utrs::run(store.clone(), clock.clone(), stop.clone()));
    }
    let (notifier, worker) = (engine.notifier.clone(), engine.committed.clone());
    tasks.spawn(Exchange { notifier, worker, store: store.clone(), stop: stop.clone() }.run());
    if let Some(listener) = listener {
        let addr = listener.local_addr()?;
        let auditor = Auditor::new(store.clone(), ways, clock.clone(), stop.clone(), tasks.clone());
        let admin = AdminState::new(auditor, is_demo);
        let api = Api::new(Parts {
            store: store.clone(),
            engine: engine.clone(),
            hasher,
            known_keys: Default::default(),
            clock,
            rails: ApiRails { configured: rails.names(), default: rails.default(), banks },
            readiness: Readiness::new(store.clone(), serve.clock.tolerance()),
            ids: PayoutIds::default(),
            is_demo,
            secure_cookies: serve.secure_cookies.unwrap_or(!serve.is_trial(&common)),
            stop: stop.clone(),
            streams,
            body_time: limits.body,
            sign_ins: state::sign_ins(),
            admin,
        });
        tasks.spawn(serve_http(listener, service(api, &origins), limits, proxies, stop.clone()));
        banner(addr, &common, is_demo, &rails.urls(bank_url.as_deref()));
    }
    flush_warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let presence = tokio::spawn(presence::keep(lock, store.clone()));
    tasks.close();
    let is_worker = serve.role == Role::Worker;
    Ok(Running { store, engine, bank, stop, tasks, presence, is_worker })
}

/// A database server that does not flush to disk can lose accepted payouts: refuses it, or returns warnings.
async fn check_flushes(common: &Common, serve: &Serve, store: &Store) -> Result<Vec<String>, Error> {
    let warnings = store.flush_warnings().await?;
    if let (Some(warning), false) = (warnings.first(), common.debug || serve.allow_unsafe_fsync) {
        return Err(BadSetting(format!(
            "{warning}. With DEBUG=0 payrail does not serve on it; a test may set PAYRAIL_ALLOW_UNSAFE_FSYNC=1"
        ))
        .into());
    }
    Ok(warnings)
}

/// The opened database.
struct Opened {
    lock: ProcessLock,
    is_demo: bool,
}

/// Migrates the database to this version, or resets it. From then on no other process may reset it.
async fn open(common: &Common, serve: &Serve, rails: &Rails, store: &Store) -> Result<Opened, Error> {
    // A worker serves no pages and accepts no keys.
    let is_trial = serve.role != Role::Worker && serve.is_trial(common);
    let purpose = demo::purpose(serve.demo, is_trial);
    let lock = match serve.reset_data {
        true => reset_at_start(serve, rails, store, purpose).await?,
        false => presence::begin(store).await?,
    };
    for trouble in store.migrate_within_reach(purpose, &[]).await? {
        tracing::error!(%trouble, "a cell does not answer: its merchants wait, and the others are served");
    }
    let is_demo = serve.role != Role::Worker && demo::is_on(store, serve.demo, is_trial).await?;
    Ok(Opened { lock, is_demo })
}

async fn reset_at_start(serve: &Serve, rails: &Rails, store: &Store, purpose: Purpose) -> Result<ProcessLock, Error> {
    if serve.role == Role::Worker {
        return Err(BadSetting("RESET_DATA=1 is for the API's process, not for a worker on its own".to_owned()).into());
    }
    if purpose != Purpose::Demonstration {
        let why = "RESET_DATA=1 is refused: it is for demonstrations, and demo mode is off. Nothing was removed. Start \
                   without RESET_DATA, or with PAYRAIL_DEMO=1 as well";
        return Err(BadSetting(why.to_owned()).into());
    }
    reset::at_start(store, reset::Banks::of(rails, &rails.open(None)?, &serve.bank)).await
}

async fn listen(addr: SocketAddr) -> Result<TcpListener, Error> {
    let taken = |error| BadSetting(format!("PAYRAIL_ADDR: cannot listen on {addr}: {error}"));
    Ok(TcpListener::bind(addr).await.map_err(taken)?)
}

/// The simulated bank, which the all-in-one process starts unless its rail uses another bank.
async fn built_in_bank(serve: &Serve, rails: &Rails) -> Result<Option<bank::Running>, Error> {
    if serve.role != Role::All || !rails.need_built_in_bank() {
        return Ok(None);
    }
    Ok(Some(bank::start(serve.bank.clone()).await.map_err(BadSetting::from)?))
}

/// Checks what can be checked before any data is touched.
fn check_bank(serve: &Serve, rails: &Rails) -> Result<(), BadSetting> {
    match (rails.need_built_in_bank(), serve.role) {
        (true, Role::All) => Ok(serve.bank.check()?),
        (true, Role::Worker) => Err(no_bank()),
        (false, _) | (true, Role::Api) => Ok(()),
    }
}

fn no_bank() -> BadSetting {
    BadSetting(
        "PAYRAIL_BANK_URL is not set: a worker on its own needs the address of a bank (start the simulated one \
         with `payrail bank`)"
            .to_owned(),
    )
}

/// Prints the addresses and commands to paste.
fn banner(addr: SocketAddr, common: &Common, seeded: bool, banks: &[(RailId, String)]) {
    let host = if addr.ip().is_loopback() { format!("localhost:{}", addr.port()) } else { addr.to_string() };
    let store = if common.is_postgres() { "PostgreSQL" } else { common.database_url.as_str() };
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "\nPayRail is listening on http://{host}  (data in {store})");
    for (rail, bank) in banks {
        let which = if *rail == RailId::DEFAULT { String::new() } else { format!(" of the rail {rail}") };
        // Without the user and password that an address may contain.
        let host = bank.rsplit_once('@').map_or(bank.trim_start_matches("http://"), |(_, host)| host);
        let _ = writeln!(out, "The bank{which} is at http://{host}");
    }
    if seeded {
        let key = published::MERCHANTS[2].api_key;
        let [admin, viewer] = &published::OPERATORS;
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
