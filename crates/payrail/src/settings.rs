//! Settings, by flag or environment variable. A bad one is refused at start with a sentence that names it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::HeaderValue;
use clap::ArgAction::Set;
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use payrail_core::backoff::{LONGEST_WAIT, Policy};
use payrail_store::{Store, StoreError};

use crate::http::server::Connections;
use crate::lanes::LaneSettings;
use crate::logging;
use crate::rail::{self, Rail};
use crate::secret;
use crate::worker::WorkerSettings;
use payrail_bank as bank;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub String);

impl From<bank::Error> for BadSetting {
    fn from(error: bank::Error) -> Self {
        Self(match error {
            bank::Error::Setting(text) => text,
            bank::Error::Listen { .. } => format!("PAYRAIL_BANK_ADDR: {error}"),
            bank::Error::Book { .. } | bank::Error::NotABook(_) => format!("PAYRAIL_BANK_BOOK: {error}"),
        })
    }
}

/// The way to the bank at this address, which is not repeated: it may have a password in it.
pub fn rail(bank_url: &str, timeout: Duration) -> Result<Rail, BadSetting> {
    Rail::http(bank_url, timeout).map_err(|error| match error {
        rail::Error::Address(_, why) => BadSetting(format!("PAYRAIL_BANK_URL is not the address of a bank: {why}")),
        other => BadSetting(format!("PAYRAIL_BANK_URL: {other}")),
    })
}

const DEBUG_DEFAULT: &str = if cfg!(debug_assertions) { "1" } else { "0" };

/// What every command needs to know.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The database: sqlite:///path, sqlite://relative.db or postgres://user:password@host/name
    #[arg(long, env = "DATABASE_URL", default_value = "sqlite://payrail.db", hide_env_values = true, global = true)]
    pub database_url: String,

    /// A file that holds what DATABASE_URL would, for passwords that must not be in the environment; wins over it
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", global = true)]
    pub database_url_file: Option<PathBuf>,

    /// Secret under which API keys are hashed; 32 random characters or more. A database accepts only its own
    /// [default: one that the database keeps by itself; required on PostgreSQL with DEBUG=0]
    #[arg(long, env = "SECRET_KEY", hide_env_values = true, global = true)]
    pub secret_key: Option<String>,

    /// A file that holds what SECRET_KEY would; wins over it
    #[arg(long, env = "SECRET_KEY_FILE", value_name = "FILE", global = true)]
    pub secret_key_file: Option<PathBuf>,

    /// 1: for development. Published secrets are accepted, and PostgreSQL is used as SQLite is: with a secret of
    /// its own, and as a demonstration unless told otherwise [default: 1 in a debug build, 0 in a release build]
    #[arg(long, env = "DEBUG", value_parser = BoolishValueParser::new(), value_name = "0|1",
          action = Set, default_value = DEBUG_DEFAULT, hide_default_value = true, hide_possible_values = true,
          global = true)]
    pub debug: bool,

    /// What to log and how much, e.g. warn or payrail=debug
    #[arg(long, env = "PAYRAIL_LOG", default_value = "info", value_name = "FILTER", global = true)]
    pub log: String,

    /// How log lines are written
    #[arg(long, env = "PAYRAIL_LOG_FORMAT", default_value = "auto", value_name = "FORMAT", global = true)]
    pub log_format: logging::Format,
}

impl Common {
    /// Takes in what DATABASE_URL_FILE and SECRET_KEY_FILE name, as containers hand secrets in.
    pub fn read_files(&mut self) -> Result<(), BadSetting> {
        if let Some(path) = self.database_url_file.take() {
            self.database_url = content("DATABASE_URL_FILE", &path)?;
        }
        if let Some(path) = self.secret_key_file.take() {
            self.secret_key = Some(content("SECRET_KEY_FILE", &path)?);
        }
        Ok(())
    }

    /// A server must not guard real keys with a secret that everybody knows.
    pub fn check(&self) -> Result<(), BadSetting> {
        match &self.secret_key {
            Some(secret) => secret::check(secret, self.debug),
            None if self.is_postgres() && !self.debug => Err(BadSetting(
                "SECRET_KEY is not set: on PostgreSQL with DEBUG=0 a secret of your own is required. Set it to 32 \
                 or more random characters (openssl rand -hex 32), or set DEBUG=1 for a demonstration"
                    .to_owned(),
            )),
            None => Ok(()),
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.database_url.starts_with("postgres")
    }

    /// Whether nothing speaks against somebody who tries the program out: what listens on a loopback address may
    /// still have a proxy in front, but then it has a secret or a server's database too, or should have.
    pub fn is_trial_on(&self, addr: SocketAddr) -> bool {
        addr.ip().to_canonical().is_loopback() && (self.debug || (!self.is_postgres() && self.secret_key.is_none()))
    }

    /// For commands that read what is there: where nothing is, the address is a slip, and no reason to begin anew.
    pub async fn open_existing(&self) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
        self.check_scheme()?;
        if !self.is_postgres()
            && let Ok(file) = payrail_store::file_of(&self.database_url)
            && !file.exists()
        {
            return Err(BadSetting(format!("DATABASE_URL names {}, which is not there", file.display())).into());
        }
        let store = self.open(1).await?;
        match store.setting("ready").await {
            Err(StoreError::Refused(_)) => {
                Err("DATABASE_URL names a database without PayRail's tables: `payrail migrate` \
                                                makes or updates them, and a server does at its start"
                    .into())
            }
            asked => asked.map(|_| store).map_err(Into::into),
        }
    }

    /// Whether it is an address at all is said before a file of that name is looked for.
    fn check_scheme(&self) -> Result<(), BadSetting> {
        let (scheme, _) = self.database_url.split_once(':').unwrap_or_default();
        if ["sqlite", "postgres", "postgresql"].contains(&scheme) {
            return Ok(());
        }
        // Not what follows: it may hold a password.
        let given = match scheme {
            "" => "it has none of these".to_owned(),
            other => format!("there is no store for {other}:"),
        };
        Err(BadSetting(format!(
            "DATABASE_URL must begin with sqlite:// or postgres://, as in sqlite://payrail.db; {given}"
        )))
    }

    pub async fn open(&self, writers: usize) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
        self.check_scheme()?;
        let opened = Store::open(&self.database_url, u32::try_from(writers).unwrap_or(u32::MAX), READERS).await;
        opened.map_err(|error| match error {
            StoreError::Unavailable(why) if why.starts_with("DATABASE_URL") => BadSetting(why).into(),
            // A file is there or not; a server may only be late.
            StoreError::Unavailable(why) if self.is_postgres() => {
                format!("the server that DATABASE_URL names cannot be reached: {why}").into()
            }
            StoreError::Session(why) => BadSetting(why).into(),
            StoreError::Unavailable(why) | StoreError::Refused(why) | StoreError::Corrupt(why) => {
                BadSetting(format!("DATABASE_URL cannot be used: {why}")).into()
            }
            other => format!("DATABASE_URL cannot be used: {other}").into(),
        })
    }
}

fn content(name: &str, path: &Path) -> Result<String, BadSetting> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BadSetting(format!("{name}: {} cannot be read: {error}", path.display())))?;
    match text.trim() {
        "" => Err(BadSetting(format!("{name}: {} is empty", path.display()))),
        text => Ok(text.to_owned()),
    }
}

const READERS: u32 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// API, worker and, unless PAYRAIL_BANK_URL is set, the simulated bank
    All,
    /// The API only
    Api,
    /// The worker only
    Worker,
}

const DEV_SERVER: [&str; 2] = ["http://localhost:5173", "http://127.0.0.1:5173"];

#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Where to listen
    #[arg(long, env = "PAYRAIL_ADDR", default_value = "127.0.0.1:8000")]
    pub addr: SocketAddr,

    /// Which part of the work this process does
    #[arg(long, env = "PAYRAIL_ROLE", default_value = "all")]
    pub role: Role,

    /// 1: remove everything at start and start again with the demo data. Only a database that was created as a
    /// demonstration can be reset, and only while no other process is at work on it
    #[arg(long, env = "RESET_DATA", value_parser = BoolishValueParser::new(), value_name = "0|1",
          action = Set, default_value = "0", hide_default_value = true, hide_possible_values = true)]
    pub reset_data: bool,

    /// 1: demo mode. The demo merchants and operators are there, whose keys and passwords are public; everybody who
    /// reaches the server can use them. 0: they are refused [default: 1 for a new database that is tried out, see
    /// README; else 0]
    #[arg(long, env = "PAYRAIL_DEMO", value_parser = BoolishValueParser::new(), value_name = "0|1",
          hide_possible_values = true)]
    pub demo: Option<bool>,

    /// Whether a browser keeps the session cookies to HTTPS [default: 0 where the server listens on a loopback
    /// address and is tried out, see README; else 1]
    #[arg(long, env = "PAYRAIL_SECURE_COOKIES", value_parser = BoolishValueParser::new(), value_name = "0|1",
          hide_possible_values = true)]
    pub secure_cookies: Option<bool>,

    /// Origins whose pages may call the API from a browser, separated by commas
    /// [default: none; with DEBUG=1 the dashboard's dev server on port 5173]
    #[arg(long, env = "PAYRAIL_CORS_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub cors_origins: Vec<String>,

    /// Milliseconds that a stop waits for what is under way
    #[arg(long, env = "PAYRAIL_GRACE_MS", default_value_t = 15_000, value_name = "MS")]
    pub grace_ms: u64,

    #[command(flatten)]
    pub clock: ClockSettings,

    #[command(flatten)]
    pub connections: Connections,

    #[command(flatten)]
    pub lanes: Lanes,

    #[command(flatten)]
    pub worker: Worker,

    #[command(flatten)]
    pub bank: bank::Settings,
}

impl Serve {
    pub fn origins(&self, debug: bool) -> Result<Vec<HeaderValue>, BadSetting> {
        if self.cors_origins.is_empty() && debug {
            return Ok(DEV_SERVER.map(HeaderValue::from_static).to_vec());
        }
        let origins = self.cors_origins.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        origins
            .map(|text| {
                let plain = text.starts_with("http://") || text.starts_with("https://");
                let origin = HeaderValue::from_str(text.trim_end_matches('/')).ok().filter(|_| plain);
                origin.ok_or_else(|| {
                    BadSetting(format!("PAYRAIL_CORS_ORIGINS: {text:?} is not like https://example.com"))
                })
            })
            .collect()
    }
}

#[derive(Clone, Debug, Args)]
pub struct ClockSettings {
    /// Milliseconds by which this machine's clock may differ from the database's; beyond them it is not ready
    #[arg(long, env = "PAYRAIL_CLOCK_TOLERANCE_MS", default_value_t = 2_000, value_name = "MS")]
    pub clock_tolerance_ms: u64,
}

impl ClockSettings {
    pub fn tolerance(&self) -> Duration {
        Duration::from_millis(self.clock_tolerance_ms)
    }
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Engine")]
pub struct Lanes {
    /// Writers of this process [default: 1 on SQLite, one per core on PostgreSQL]
    #[arg(long, env = "PAYRAIL_LANES", value_name = "NUMBER")]
    pub lanes: Option<usize>,

    /// Commands that may wait in a lane; more are answered 503
    #[arg(long, env = "PAYRAIL_QUEUE", default_value_t = 2048, value_name = "NUMBER")]
    pub queue: usize,

    /// Milliseconds that a request may be expected to wait in a lane; with more before it, it is answered 503
    #[arg(long, env = "PAYRAIL_QUEUE_MS", default_value_t = 500, value_name = "MS")]
    pub queue_ms: u64,

    /// Commands in one transaction at the most
    #[arg(long, env = "PAYRAIL_BATCH", default_value_t = 500, value_name = "NUMBER")]
    pub batch: usize,

    /// Milliseconds for which a refusal for lack of funds is repeated under its Idempotency-Key; then the same
    /// request is decided anew, and may pay. From one hour to 100 years
    // A client that still retries after this time pays twice as often as it means to: an hour is longer than any
    // sensible series of retries.
    #[arg(long, env = "PAYRAIL_REFUSAL_TTL_MS", default_value_t = 86_400_000, value_name = "MS")]
    pub refusal_ttl_ms: u64,

    /// Milliseconds that a command may wait for its answer
    #[arg(long, env = "PAYRAIL_PATIENCE_MS", default_value_t = 20_000, value_name = "MS")]
    pub patience_ms: u64,
}

impl Lanes {
    pub fn refusal_ttl(&self) -> Result<SignedDuration, BadSetting> {
        const HOUR_MS: u64 = 60 * 60 * 1_000;
        const CENTURY_MS: u64 = 36_525 * 24 * HOUR_MS;
        match self.refusal_ttl_ms {
            HOUR_MS..=CENTURY_MS => Ok(millis(self.refusal_ttl_ms)),
            other => Err(BadSetting(format!(
                "PAYRAIL_REFUSAL_TTL_MS must be from {HOUR_MS} (an hour) to {CENTURY_MS} (100 years), not {other}"
            ))),
        }
    }

    pub fn settings(&self, common: &Common) -> Result<LaneSettings, BadSetting> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let lanes = self.lanes.unwrap_or(cores);
        for (name, value, most) in [
            ("PAYRAIL_LANES", lanes, 256),
            ("PAYRAIL_QUEUE", self.queue, 1_000_000),
            ("PAYRAIL_BATCH", self.batch, 10_000),
        ] {
            if !(1..=most).contains(&value) {
                return Err(BadSetting(format!("{name} must be from 1 to {most}, not {value}")));
            }
        }
        if self.patience_ms == 0 {
            return Err(BadSetting("PAYRAIL_PATIENCE_MS must be 1 or more".to_owned()));
        }
        // SQLite has one writer, whoever asks.
        let lanes = if common.is_postgres() { lanes } else { 1 };
        let (queue_time, patience) = (Duration::from_millis(self.queue_ms), Duration::from_millis(self.patience_ms));
        Ok(LaneSettings { lanes, queue: self.queue, queue_time, batch: self.batch, patience })
    }
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Worker")]
pub struct Worker {
    /// The bank to use instead of the built-in simulated one, e.g. http://127.0.0.1:8001
    #[arg(long, env = "PAYRAIL_BANK_URL", value_name = "URL", hide_env_values = true)]
    pub bank_url: Option<String>,

    /// Calls to the bank at the same time
    #[arg(long, env = "PAYRAIL_WORKER_CONCURRENCY", default_value_t = 256, value_name = "NUMBER")]
    pub concurrency: usize,

    /// Milliseconds to rest when nothing is due
    #[arg(long, env = "PAYRAIL_POLL_MS", default_value_t = 250, value_name = "MS")]
    pub poll_ms: u64,

    /// Milliseconds after which a call to the bank counts as unanswered
    #[arg(long, env = "PAYRAIL_BANK_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub bank_timeout_ms: u64,

    /// Milliseconds that a claimed payout belongs to its worker
    #[arg(long, env = "PAYRAIL_LEASE_MS", default_value_t = 60_000, value_name = "MS")]
    pub lease_ms: u64,

    /// Milliseconds to wait after the first unanswered call; each further one doubles it
    #[arg(long, env = "PAYRAIL_RETRY_BASE_MS", default_value_t = 30_000, value_name = "MS")]
    pub retry_base_ms: u64,

    /// Submissions that may stay unanswered before the bank is asked to refuse the payout for good
    #[arg(long, env = "PAYRAIL_ATTEMPTS_MAX", default_value_t = 3, value_name = "NUMBER")]
    pub attempts_max: u32,
}

impl Worker {
    pub fn settings(&self) -> Result<WorkerSettings, BadSetting> {
        if !(1..=10_000).contains(&self.concurrency) {
            return Err(BadSetting("PAYRAIL_WORKER_CONCURRENCY must be from 1 to 10000".to_owned()));
        }
        if self.bank_timeout_ms == 0 {
            return Err(BadSetting(
                "PAYRAIL_BANK_TIMEOUT_MS must be 1 or more: no call is answered in no time".to_owned(),
            ));
        }
        for (name, value) in [("PAYRAIL_LEASE_MS", self.lease_ms), ("PAYRAIL_RETRY_BASE_MS", self.retry_base_ms)] {
            let most = LONGEST_WAIT.as_millis();
            if i128::from(value) > most {
                return Err(BadSetting(format!(
                    "{name} must be at most {most}: a payout that is due later counts as the work of a wrong clock"
                )));
            }
        }
        if self.lease_ms <= self.bank_timeout_ms {
            return Err(BadSetting(format!(
                "PAYRAIL_LEASE_MS ({}) must be longer than PAYRAIL_BANK_TIMEOUT_MS ({}): a lease that ends during \
                 the call makes another worker ask about it",
                self.lease_ms, self.bank_timeout_ms
            )));
        }
        Ok(WorkerSettings { concurrency: self.concurrency, poll: Duration::from_millis(self.poll_ms.max(1)) })
    }

    pub fn policy(&self) -> Result<Policy, BadSetting> {
        if self.attempts_max == 0 || self.retry_base_ms == 0 {
            return Err(BadSetting("PAYRAIL_ATTEMPTS_MAX and PAYRAIL_RETRY_BASE_MS must be 1 or more".to_owned()));
        }
        Ok(Policy {
            attempts_max: self.attempts_max,
            retry_base: millis(self.retry_base_ms),
            lease: millis(self.lease_ms),
            ..Policy::default()
        })
    }

    /// The way to the bank at `url`.
    pub fn rail(&self, url: &str) -> Result<Rail, BadSetting> {
        rail(url, Duration::from_millis(self.bank_timeout_ms))
    }
}

fn millis(number: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(number).unwrap_or(i64::MAX))
}
