//! Limits on connections and their time, and the trusted proxies.

use std::time::Duration;

use clap::Args;

use crate::bad_setting::BadSetting;
use crate::http::merchant::events::stream_limit::StreamLimit;
use crate::http::plumbing::client::{ForwardedHeader, Proxies};
use crate::http::server::limits::Limits;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connections")]
pub struct Connections {
    /// How many connections may be open at a time; one more is answered 503 and closed
    // Each takes about 20 KB. A proxy in front uses a few hundred.
    #[arg(long, env = "PAYRAIL_CONNECTIONS", default_value_t = 4_096, value_name = "NUMBER")]
    pub connections: usize,

    /// Milliseconds for the head of a request, and from the connection to the first request; then the connection is
    /// closed
    // A head has one or two packets, so this is enough for slow networks.
    #[arg(long, env = "PAYRAIL_HEAD_MS", default_value_t = 10_000, value_name = "MS")]
    pub head_ms: u64,

    /// Milliseconds for the body of a request; then it is answered 408
    // At most 64 KiB, so 20 kbit/s are enough.
    #[arg(long, env = "PAYRAIL_BODY_MS", default_value_t = 30_000, value_name = "MS")]
    pub body_ms: u64,

    /// Milliseconds that a connection may be idle between requests
    // Longer than proxies keep connections (usually a minute), so that the proxy closes first. Otherwise a request may
    // cross with the server's close and must be sent again.
    #[arg(long, env = "PAYRAIL_IDLE_MS", default_value_t = 75_000, value_name = "MS")]
    pub idle_ms: u64,

    /// Milliseconds that a client may leave an answer unread
    #[arg(long, env = "PAYRAIL_STALL_MS", default_value_t = 30_000, value_name = "MS")]
    pub stall_ms: u64,

    /// How many event streams may be open at a time; one more is answered 503
    // Each reads the database once a second.
    #[arg(long, env = "PAYRAIL_STREAMS", default_value_t = 1_000, value_name = "NUMBER")]
    pub streams: usize,

    /// How many event streams of one merchant may be open at a time; one more is answered 429
    #[arg(long, env = "PAYRAIL_STREAMS_PER_MERCHANT", default_value_t = 50, value_name = "NUMBER")]
    pub streams_per_merchant: usize,

    /// Addresses and networks (10.0.0.0/8) of your proxies, separated by commas. A request from one of them has its
    /// client's address in a header; any other's header is ignored [default: none]
    #[arg(long, env = "PAYRAIL_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<String>,

    /// The header in which your proxies write the client's address
    #[arg(long, env = "PAYRAIL_FORWARDED_HEADER", default_value = "x-forwarded-for", value_name = "HEADER")]
    pub forwarded_header: ForwardedHeader,
}

impl Connections {
    pub fn proxies(&self) -> Result<Proxies, BadSetting> {
        let proxies = Proxies::new(&self.trusted_proxies, self.forwarded_header);
        proxies.map_err(|why| BadSetting(format!("PAYRAIL_TRUSTED_PROXIES: {why}")))
    }

    pub fn streams(&self) -> Result<StreamLimit, BadSetting> {
        const MOST: usize = 100_000;
        for (name, value) in
            [("PAYRAIL_STREAMS", self.streams), ("PAYRAIL_STREAMS_PER_MERCHANT", self.streams_per_merchant)]
        {
            if !(1..=MOST).contains(&value) {
                return Err(BadSetting(format!("{name} must be from 1 to {MOST}, not {value}")));
            }
        }
        Ok(StreamLimit::new(self.streams, self.streams_per_merchant))
    }

    pub fn limits(&self) -> Result<Limits, BadSetting> {
        if !(1..=1_000_000).contains(&self.connections) {
            return Err(BadSetting(format!("PAYRAIL_CONNECTIONS must be from 1 to 1000000, not {}", self.connections)));
        }
        Ok(Limits {
            connections: self.connections,
            head: time("PAYRAIL_HEAD_MS", self.head_ms)?,
            body: time("PAYRAIL_BODY_MS", self.body_ms)?,
            idle: time("PAYRAIL_IDLE_MS", self.idle_ms)?,
            stall: time("PAYRAIL_STALL_MS", self.stall_ms)?,
        })
    }
}

/// The limit of a day prevents overflows.
fn time(name: &str, ms: u64) -> Result<Duration, BadSetting> {
    const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
    match ms {
        1..=DAY_MS => Ok(Duration::from_millis(ms)),
        _ => Err(BadSetting(format!("{name} must be from 1 to {DAY_MS}, not {ms}"))),
    }
}
