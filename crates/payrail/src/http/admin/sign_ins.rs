//! How often an operator's password may be tried, and what the audit log keeps of it.
//!
//! An address may try so often in all, and so often under one name; beyond that it is refused without a look at the
//! password. Under one name from many addresses nobody is refused, or an attacker could keep an operator out by failing
//! under that name: each try only waits longer.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use payrail_store::OperatorAction;

use super::people::action;
use crate::http::Api;
use crate::http::client::Client;
use crate::http::problem::Problem;
use crate::http::rate_limit::{Allowance, Limit, allowance, place_of, quota};

/// Tries at once, and then one each so often: from one address, and from one address under one name.
const BY_ADDRESS: (NonZeroU32, Duration) = (NonZeroU32::new(40).unwrap(), Duration::from_secs(2));
const BY_BOTH: (NonZeroU32, Duration) = (NonZeroU32::new(20).unwrap(), Duration::from_secs(6));
/// Failures under one name before each further try waits, and the bounds of that wait. One address alone does not get
/// that far at once.
const FREE_FAILURES: u32 = 20;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// Failures are forgotten when nobody has failed under the name for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
const NAMES_MOST: u64 = 10_000;
/// Rows of failed sign-ins at once, and then one each so often: at the most some 9,000 a day.
const ROWS: (NonZeroU32, Duration) = (NonZeroU32::new(500).unwrap(), Duration::from_secs(10));

/// Cheap to clone: clones share their counts.
#[derive(Clone, Debug)]
pub struct SignIns {
    by_address: Limit<IpAddr>,
    by_both: Limit<(IpAddr, String)>,
    by_session: Limit<[u8; 32]>,
    failures: Cache<String, Arc<AtomicU32>>,
    rows: Arc<Allowance>,
    /// Tries since the last row that have none of their own.
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
    /// Before anything of the request is read.
    pub fn admit(&self, client: Client) -> Result<(), Problem> {
        self.by_address.take(&place_of(client.0)).inspect_err(|_| self.leave_out())
    }

    /// Before the password is looked at.
    pub async fn admit_as(&self, client: Client, name: &str) -> Result<(), Problem> {
        let name = name.to_ascii_lowercase();
        let wait = self.wait(&name);
        self.by_both.take(&(place_of(client.0), name)).inspect_err(|_| self.leave_out())?;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Before the password of an open session is looked at. No other session is affected.
    pub fn admit_change(&self, session: [u8; 32]) -> Result<(), Problem> {
        self.by_session.take(&session)
    }

    /// Doubles with each failure, whether or not there is an operator of this name.
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

    /// The row of a sign-in that succeeded: there is one for each.
    pub fn succeeded(&self, api: &Api, name: &str, client: Client) -> OperatorAction {
        self.row(api, name, "signed_in", client)
    }

    /// Counts the failure and writes its row, as far as there is room for one.
    pub async fn failed(&self, api: &Api, typed: &str, name: &str, client: Client) -> Result<(), Problem> {
        let count = self.failures.get_with(typed.to_ascii_lowercase(), Arc::default);
        count.fetch_add(1, Ordering::Relaxed);
        if self.rows.check().is_err() {
            self.leave_out();
            return Ok(());
        }
        Ok(api.store.add_action(&self.row(api, name, "sign_in_failed", client)).await?)
    }

    /// Says from where, and how many before it have no row of their own.
    fn row(&self, api: &Api, name: &str, word: &str, client: Client) -> OperatorAction {
        let detail = match self.unrecorded.swap(0, Ordering::Relaxed) {
            0 => format!("from {client}"),
            1 => format!("from {client}; 1 attempt before it was refused or not recorded"),
            more => format!("from {client}; {more} attempts before it were refused or not recorded"),
        };
        OperatorAction { detail: Some(detail), ..action(api, name, word) }
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
