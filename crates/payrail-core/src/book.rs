//! What a decision may read: one merchant's book, as far as the store loaded it.

use std::collections::BTreeMap;
use std::fmt::Display;

use jiff::Timestamp;
use uuid::Uuid;

use crate::bank_return::KnownReturn;
use crate::idempotency::{IdempotencyKey, Record};
use crate::ledger::Tip;
use crate::payout::{Payout, Status};
use crate::writes::Writes;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::word::Word;

/// The books of a batch's merchants; `None` for a merchant that the store looked for and that does not exist.
pub type Books = BTreeMap<MerchantId, Option<Book>>;

/// What a decision needs to know about one merchant, loaded under the merchant's lock.
///
/// Each map has a key for everything that the store looked for, with `None` for what does not exist. A decision that
/// needs another key fails: "not loaded" never means "absent".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    pub merchant: MerchantId,
    pub tip: Tip,
    /// The number of the newest outbox row.
    pub last_event: i64,
    /// The time of the newest entry.
    pub last_at: Option<Timestamp>,
    pub records: BTreeMap<IdempotencyKey, Option<Record>>,
    pub payouts: BTreeMap<PayoutId, Option<Payout>>,
    /// Lines of the bank's list of returns that were decided before, by id.
    pub returns: BTreeMap<Uuid, Option<KnownReturn>>,
    /// The line of the bank's list of returns that was credited to a payout.
    pub credited: BTreeMap<PayoutId, Option<Uuid>>,
    /// By payout and the UTR that it may be paid under: another payout, of any merchant, that the same bank paid under
    /// that UTR.
    pub utrs: BTreeMap<(PayoutId, Utr), Option<PayoutId>>,
}

/// Why a batch cannot be decided. The fault is in the store or in this crate, and the whole batch must fail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    #[error("merchant {merchant}: the decision needs {what}, which the store did not load")]
    NotLoaded { merchant: MerchantId, what: String },
    #[error("payout {payout} is {} and cannot become {}", from.as_str(), to.as_str())]
    IllegalTransition { payout: PayoutId, from: Status, to: Status },
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
            credited: BTreeMap::new(),
            utrs: BTreeMap::new(),
        }
    }

    pub fn record(&self, key: IdempotencyKey) -> Result<Option<&Record>, DecisionError> {
        self.find(&self.records, &key, "the record of key")
    }

    pub fn payout(&self, id: PayoutId) -> Result<Option<&Payout>, DecisionError> {
        self.find(&self.payouts, &id, "payout")
    }

    pub fn known_return(&self, line: Uuid) -> Result<Option<&KnownReturn>, DecisionError> {
        self.find(&self.returns, &line, "the known line of the returns with id")
    }

    pub fn is_credited(&self, payout: PayoutId) -> Result<bool, DecisionError> {
        self.find(&self.credited, &payout, "the credited line of payout").map(|line| line.is_some())
    }

    /// Another payout that this payout's bank paid under this UTR.
    pub fn other_of_utr(&self, payout: PayoutId, utr: &Utr) -> Result<Option<PayoutId>, DecisionError> {
        let what = || format!("the other payouts of UTR {utr} for payout {payout}");
        Ok(self.loaded(&self.utrs, &(payout, utr.clone()), what)?.copied())
    }

    fn find<'a, K: Ord + Display, V>(
        &self,
        loaded: &'a BTreeMap<K, Option<V>>,
        key: &K,
        what: &str,
    ) -> Result<Option<&'a V>, DecisionError> {
        self.loaded(loaded, key, || format!("{what} {key}"))
    }

    fn loaded<'a, K: Ord, V>(
        &self,
        loaded: &'a BTreeMap<K, Option<V>>,
        key: &K,
        what: impl FnOnce() -> String,
    ) -> Result<Option<&'a V>, DecisionError> {
        let not_loaded = || DecisionError::NotLoaded { merchant: self.merchant, what: what() };
        loaded.get(key).map(Option::as_ref).ok_or_else(not_loaded)
    }

    /// Applies `writes`, all of them this merchant's, to this book.
    pub fn apply(&mut self, writes: &Writes) {
        if let Some((_, entry)) = writes.entries.last() {
            self.tip = entry.tip();
            self.last_at = Some(entry.created_at);
        }
        if let Some((_, event)) = writes.events.last() {
            self.last_event = event.seq;
        }
        let payouts = writes.new_payouts.iter().chain(&writes.updated_payouts);
        self.payouts.extend(payouts.map(|(_, payout)| (payout.id, Some(payout.clone()))));
        self.records.extend(writes.records.iter().map(|(_, record)| (record.key, Some(record.clone()))));
        for (_, taken) in &writes.returns {
            self.returns.insert(taken.line.id(), Some(taken.known()));
            if taken.credited {
                self.credited.insert(taken.payout, Some(taken.line.id()));
            }
        }
    }
}
