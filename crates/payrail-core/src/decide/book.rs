//! What a decision may look at: one merchant's book, as far as the store loaded it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::Changes;
use crate::bank_return::KnownReturn;
use crate::idempotency::{IdempotencyKey, Record};
use crate::ids::{MerchantId, PayoutId};
use crate::ledger::Tip;
use crate::payout::Payout;

/// What a decision needs to know of one merchant: loaded under the merchant's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    pub merchant: MerchantId,
    pub tip: Tip,
    /// The number of the newest outbox row.
    pub last_event: i64,
    /// The time of the newest entry.
    pub last_at: Option<Timestamp>,
    /// The records of the batch's keys, as far as there are any.
    pub records: BTreeMap<IdempotencyKey, Record>,
    /// The payouts that the batch's commands name.
    pub payouts: BTreeMap<PayoutId, Payout>,
    /// Of the lines of the bank's list of returns that the batch brings, those that were taken before; and of the
    /// payouts that they name, the lines that were credited.
    pub returns: BTreeMap<Uuid, KnownReturn>,
    /// Of the UTRs that the batch's payouts are paid under, those that another payout has already, whoever owns it.
    pub utrs: BTreeMap<String, PayoutId>,
    pub loaded: Loaded,
}

/// What the store looked for, whether or not it was there. Without a look nothing is known to be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub keys: BTreeSet<IdempotencyKey>,
    pub payouts: BTreeSet<PayoutId>,
    /// Lines of the bank's list of returns, by id, each with its payout, whose credited lines were looked for too.
    pub returns: BTreeSet<(PayoutId, Uuid)>,
    pub utrs: BTreeSet<String>,
}

/// A decision needs what the store did not look for. That is a fault of the store: the batch must fail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("merchant {merchant}: the decision needs {what}, which the store did not load")]
pub struct NotLoaded {
    pub merchant: MerchantId,
    pub what: String,
}

impl Book {
    pub fn new(merchant: MerchantId) -> Self {
        Self {
            merchant,
            tip: Tip::default(),
            last_event: 0,
            last_at: None,
            records: BTreeMap::new(),
            payouts: BTreeMap::new(),
            returns: BTreeMap::new(),
            utrs: BTreeMap::new(),
            loaded: Loaded::default(),
        }
    }

    pub(super) fn record(&self, key: IdempotencyKey) -> Result<Option<&Record>, NotLoaded> {
        self.check(self.loaded.keys.contains(&key), || format!("the record of key {key}"))?;
        Ok(self.records.get(&key))
    }

    pub(super) fn payout(&self, id: PayoutId) -> Result<Option<&Payout>, NotLoaded> {
        self.check(self.loaded.payouts.contains(&id), || format!("payout {id}"))?;
        Ok(self.payouts.get(&id))
    }

    /// What became of this line, and whether any line was credited to the payout.
    pub(super) fn returns(&self, payout: PayoutId, line: Uuid) -> Result<(Option<&KnownReturn>, bool), NotLoaded> {
        let is_loaded = self.loaded.returns.contains(&(payout, line));
        self.check(is_loaded, || format!("line {line} of the returns, and those of payout {payout}"))?;
        let is_credited = self.returns.values().any(|known| known.credited && known.payout == payout);
        Ok((self.returns.get(&line), is_credited))
    }

    /// The other payout that is paid under this UTR.
    pub(super) fn other_of_utr(&self, payout: PayoutId, utr: &str) -> Result<Option<PayoutId>, NotLoaded> {
        self.check(self.loaded.utrs.contains(utr), || format!("the payouts of UTR {utr}"))?;
        Ok(self.utrs.get(utr).copied().filter(|other| *other != payout))
    }

    fn check(&self, is_loaded: bool, what: impl FnOnce() -> String) -> Result<(), NotLoaded> {
        if is_loaded { Ok(()) } else { Err(NotLoaded { merchant: self.merchant, what: what() }) }
    }

    /// The book as it is once `changes` are written.
    pub fn apply(&mut self, changes: &Changes) {
        if let Some(entry) = changes.entries.last() {
            self.tip = entry.tip();
            self.last_at = Some(entry.created_at);
        }
        if let Some(event) = changes.events.last() {
            self.last_event = event.seq;
        }
        let payouts = changes.new_payouts.iter().chain(&changes.steps);
        self.payouts.extend(payouts.map(|payout| (payout.id, payout.clone())));
        self.records.extend(changes.records.iter().map(|record| (record.key, record.clone())));
        self.returns.extend(
            changes
                .returns
                .iter()
                .map(|taken| (taken.line.id(), KnownReturn { payout: taken.payout, credited: taken.credited })),
        );
    }
}
