//! The engine's lanes: how many, how long their queues are, and how long a client waits.

use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;

use super::common::Common;
use super::policy::{DEFAULT_POLICY, in_millis, millis};
use crate::bad_setting::BadSetting;
use crate::lanes::LaneSettings;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Engine")]
pub struct Lanes {
    /// Writers of this process [default: 1 on SQLite, one per core on PostgreSQL]
    #[arg(long, env = "PAYRAIL_LANES", value_name = "NUMBER")]
    pub lanes: Option<usize>,

    /// How many commands may wait in a lane; further ones are answered 503
    #[arg(long, env = "PAYRAIL_QUEUE", default_value_t = 2048, value_name = "NUMBER")]
    pub queue: usize,

    /// The longest expected wait of a request in a lane, in milliseconds; beyond it, the request is answered 503
    #[arg(long, env = "PAYRAIL_QUEUE_MS", default_value_t = 500, value_name = "MS")]
    pub queue_ms: u64,

    /// The maximum number of commands in one transaction
    #[arg(long, env = "PAYRAIL_BATCH", default_value_t = 500, value_name = "NUMBER")]
    pub batch: usize,

    /// Milliseconds for which a refusal for lack of funds is repeated under its Idempotency-Key; after that the same
    /// request is decided anew, and may create a payout. From one hour to 100 years
    // A client that still retries after this time may create an unwanted payout. An hour is longer than any sensible
    // series of retries.
    #[arg(long, env = "PAYRAIL_REFUSAL_TTL_MS", default_value_t = in_millis(DEFAULT_POLICY.refusal_ttl), value_name = "MS")]
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
        // SQLite always has one writer.
        let lanes = if common.is_postgres() { lanes } else { 1 };
        let (queue_time, answer_timeout) =
            (Duration::from_millis(self.queue_ms), Duration::from_millis(self.patience_ms));
        Ok(LaneSettings { lanes, queue: self.queue, queue_time, batch: self.batch, answer_timeout })
    }
}
