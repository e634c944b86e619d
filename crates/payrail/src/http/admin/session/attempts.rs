//! Limits attempts to sign in, and writes them to the audit log.
//!
//! Attempts are limited per address, and per address and name; further ones are refused before the password is checked.
//! Attempts under one name from many addresses are not refused, because an attacker could then lock an operator out.
//! They only wait longer and longer.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use moka::sync::Cache;
use payrail_store::{OperatorAction, Store, StoreError};
use payrail_types::operator::OperatorActionKind;

use crate::http::admin::audit_log;
use crate::http::plumbing::client::Client;
use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::rate_limit::{Allowance, Limit, allowance, place_of, quota};

/// A burst of attempts, and the interval of further ones: per address, and per address and name.
const BY_ADDRESS: (NonZeroU32, Duration) = (NonZeroU32::new(40).unwrap(), Duration::from_secs(2));
const BY_BOTH: (NonZeroU32, Duration) = (NonZeroU32::new(20).unwrap(), Duration::from_secs(6));
/// After so many failures under one name, further attempts wait, for a time within these bounds. A single address
/// cannot fail so often in one burst.
const FREE_FAILURES: u32 = 20;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// Failures are forgotten if the name has had no new one for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
const NAMES_MOST: u64 = 10_000;
/// A burst of rows about failed sign-ins, and the interval of further ones: at most about 9,000 a day.
const ROWS: (NonZeroU32, Duration) = (NonZeroU32::new(500).unwrap(), Duration::from_secs(10));

/// Clones share their counts.
#[derive(Clone, Debug)]
pub struct SignIns {
    by_address: Limit<IpAddr>,
    by_both: Limit<(IpAddr, String)>,
    by_session: Limit<[u8; 32]>,
    failures: Cache<String, Arc<AtomicU32>>,
    rows: Arc<Allowance>,
    /// Attempts since the last row that were not written.
    unrecorded: Arc<AtomicU64>,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            by_address: Limit::new(BY_ADDRESS.0, BY_ADDRESS.1),
            by_both: Limit::new(BY_BOTH.0, BY_BOTH.1),
            by_session: Limit::new(BY_BOTH.0, BY_BOTH.1),
            failures: Cache::builder().max_capacity(NAMES_MOST).time_to_idle(FORGOTTEN_AFTER).build(),
            rows: Arc::new(allowance(quota(ROWS.0, ROWS.1))),
            unrecorded: Arc::default(),
        }
    }
}

impl SignIns {
    /// Called before the request is read.
    pub fn admit(&self, client: Client) -> Result<(), Problem> {
        self.by_address.take(&place_of(client.0)).inspect_err(|_| self.leave_out())
    }

    /// Called before the password is checked.
    pub async fn admit_as(&self, client: Client, name: &str) -> Result<(), Problem> {
        let name = name.to_ascii_lowercase();
        let wait = self.wait(&name);
        self.by_both.take(&(place_of(client.0), name)).inspect_err(|_| self.leave_out())?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Called before the password of an open session is checked. Each session has its own limit.
    pub fn admit_change(&self, session: [u8; 32]) -> Result<(), Problem> {
        self.by_session.take(&session)
    }

    /// The wait doubles with each failure, whether or not the operator exists.
    fn wait(&self, name: &str) -> Duration {
        let failures = self.failures.get(name).map_or(0, |count| count.load(Ordering::Relaxed));
        match failures.checked_sub(FREE_FAILURES) {
            Some(more) => FIRST_WAIT.saturating_mul(1 << more.min(16)).min(LONGEST_WAIT),
            None => Duration::ZERO,
        }
    }

    fn leave_out(&self) {
        self.unrecorded.fetch_add(1, Ordering::Relaxed);
    }

    /// The row of a successful sign-in. Each one gets a row.
    pub fn succeeded(&self, at: Timestamp, name: &str, client: Client) -> OperatorAction {
        self.row(at, name, OperatorActionKind::SignedIn, client)
    }

    /// Counts the failure and writes its row, within the limit of rows.
    pub async fn failed(
        &self,
        store: &Store,
        at: Timestamp,
        typed: &str,
        name: &str,
        client: Client,
    ) -> Result<(), StoreError> {
        let count = self.failures.get_with(typed.to_ascii_lowercase(), Arc::default);
        count.fetch_add(1, Ordering::Relaxed);
        if self.rows.check().is_err() {
            self.leave_out();
            return Ok(());
        }
        store.add_action(&self.row(at, name, OperatorActionKind::SignInFailed, client)).await
    }

    /// Names the address, and the number of earlier attempts without a row.
    fn row(&self, at: Timestamp, name: &str, kind: OperatorActionKind, client: Client) -> OperatorAction {
        let detail = match self.unrecorded.swap(0, Ordering::Relaxed) {
            0 => format!("from {client}"),
            1 => format!("from {client}; 1 attempt before it was refused or not recorded"),
            more => format!("from {client}; {more} attempts before it were refused or not recorded"),
        };
        OperatorAction { detail: Some(detail), ..audit_log::row(at, name, kind) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_under_attack_waits_and_is_never_refused() {
        let sign_ins = SignIns::default();
        let fail = |name: &str, times: u32| {
            sign_ins.failures.get_with(name.to_owned(), Arc::default).fetch_add(times, Ordering::Relaxed);
        };
        fail("admin", 19);
        assert_eq!(sign_ins.wait("admin"), Duration::ZERO);
        for (more, wait) in [(1, 100), (1, 200), (1, 400), (2, 1_600), (1, 3_000), (1_000_000, 3_000)] {
            fail("admin", more);
            assert_eq!(sign_ins.wait("admin"), Duration::from_millis(wait));
        }
        assert_eq!(sign_ins.wait("another"), Duration::ZERO);
    }
}
