//! Settings, by flag or environment variable. An invalid one is refused at the start with a sentence that names it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::HeaderValue;
use clap::ArgAction::Set;
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

pub use crate::bad_setting::BadSetting;
pub use common::Common;
use connections::Connections;
use lanes::Lanes;
use payrail_bank as bank;
pub use policy::default_rules;
pub use worker::Worker;

mod common;
pub mod connections;
mod lanes;
mod policy;
mod worker;

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

    /// 1: remove everything at start and add the demo data again. Only a database that was created as a demonstration
    /// can be reset, and only while no other process runs on it
    #[arg(long, env = "RESET_DATA", value_parser = BoolishValueParser::new(), value_name = "0|1",
          action = Set, default_value = "0", hide_default_value = true, hide_possible_values = true)]
    pub reset_data: bool,

    /// 1: demo mode, with the demo merchants and operators. Their keys and passwords are public: everybody who reaches
    /// the server can use them. 0: they are refused [default: 1 for a new database that is tried out, see docs/demo.md;
    /// else 0]
    #[arg(long, env = "PAYRAIL_DEMO", value_parser = BoolishValueParser::new(), value_name = "0|1",
          hide_possible_values = true)]
    pub demo: Option<bool>,

    /// 1: serve with DEBUG=0 although PostgreSQL does not flush what it commits to disk (fsync or full_page_writes is
    /// off). For tests only: a power cut loses accepted payouts
    #[arg(long, env = "PAYRAIL_ALLOW_UNSAFE_FSYNC", value_parser = BoolishValueParser::new(), value_name = "0|1",
          action = Set, default_value = "0", hide_default_value = true, hide_possible_values = true)]
    pub allow_unsafe_fsync: bool,

    /// 1: browsers send session cookies over HTTPS only [default: 0 if the server listens on a loopback address and is
    /// tried out, see docs/demo.md; else 1]
    #[arg(long, env = "PAYRAIL_SECURE_COOKIES", value_parser = BoolishValueParser::new(), value_name = "0|1",
          hide_possible_values = true)]
    pub secure_cookies: Option<bool>,

    /// Origins whose pages may call the API from a browser, separated by commas
    /// [default: none; with DEBUG=1 the dashboard's dev server on port 5173]
    #[arg(long, env = "PAYRAIL_CORS_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub cors_origins: Vec<String>,

    /// Milliseconds that a stop waits for the work in progress
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
    /// Whether somebody only tries the program out: nobody else reaches it, and no setting speaks of production. A
    /// loopback address may have a proxy in front, but then there is a secret, a server's database or a trusted proxy.
    pub fn is_trial(&self, common: &Common) -> bool {
        let is_local = self.addr.ip().to_canonical().is_loopback() && self.connections.trusted_proxies.is_empty();
        is_local && (common.debug || (!common.is_postgres() && common.secret_key.is_none()))
    }

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
    /// Milliseconds by which this machine's clock may differ from the database's; beyond that the process is not ready
    #[arg(long, env = "PAYRAIL_CLOCK_TOLERANCE_MS", default_value_t = 2_000, value_name = "MS")]
    pub clock_tolerance_ms: u64,
}

impl ClockSettings {
    pub fn tolerance(&self) -> Duration {
        Duration::from_millis(self.clock_tolerance_ms)
    }
}
