//! The worker, its banks and its retries.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use payrail_core::backoff::{LONGEST_WAIT, Policy};

use super::policy::{DEFAULT_POLICY, in_millis, millis};
use crate::bad_setting::BadSetting;
use crate::worker::WorkerSettings;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Worker")]
pub struct Worker {
    /// The bank to use instead of the built-in simulated one, e.g. http://127.0.0.1:8001
    #[arg(long, env = "PAYRAIL_BANK_URL", value_name = "URL", hide_env_values = true)]
    pub bank_url: Option<String>,

    /// A file in TOML with further rails and their settings (see docs/settings.md)
    #[arg(long, env = "PAYRAIL_RAILS", value_name = "FILE")]
    pub rails: Option<PathBuf>,

    /// Calls to the bank at the same time
    #[arg(long, env = "PAYRAIL_WORKER_CONCURRENCY", default_value_t = 256, value_name = "NUMBER")]
    pub concurrency: usize,

    /// Milliseconds between polls when nothing is due
    #[arg(long, env = "PAYRAIL_POLL_MS", default_value_t = 250, value_name = "MS")]
    pub poll_ms: u64,

    /// Milliseconds after which a call to the bank counts as unanswered
    #[arg(long, env = "PAYRAIL_BANK_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS")]
    pub bank_timeout_ms: u64,

    /// Milliseconds that a claimed payout belongs to its worker
    #[arg(long, env = "PAYRAIL_LEASE_MS", default_value_t = in_millis(DEFAULT_POLICY.lease), value_name = "MS")]
    pub lease_ms: u64,

    /// Milliseconds to wait after the first unanswered call; each further one doubles it
    #[arg(long, env = "PAYRAIL_RETRY_BASE_MS", default_value_t = in_millis(DEFAULT_POLICY.retry_base), value_name = "MS")]
    pub retry_base_ms: u64,

    /// Submissions that may stay unanswered before the bank is asked to refuse the payout for good
    #[arg(long, env = "PAYRAIL_ATTEMPTS_MAX", default_value_t = DEFAULT_POLICY.attempts_max, value_name = "NUMBER")]
    pub attempts_max: u32,
}

impl Worker {
    /// For a command that only reads the banks' books.
    pub fn that_reads(bank_url: Option<String>, rails: Option<PathBuf>) -> Self {
        Self {
            bank_url,
            rails,
            concurrency: 1,
            poll_ms: 250,
            bank_timeout_ms: 30_000,
            lease_ms: 60_000,
            retry_base_ms: 30_000,
            attempts_max: 3,
        }
    }

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
            ..DEFAULT_POLICY
        })
    }
}
