//! Rows as they are read, and what they become. A row that makes no sense is an error, not a guess.

use jiff::Timestamp;
use payrail_core::bank_return::KnownReturn;
use payrail_core::event::EventKind;
use payrail_core::idempotency::{Answer, IdempotencyKey, Record, RequestHash};
use payrail_core::ids::{MerchantId, PayoutId, RequestId};
use payrail_core::ledger::{Balances, Entry, EntryKind, Tip};
use payrail_core::money::{Amount, Paise};
use payrail_core::payout::{Doubt, Payout, Progress, State, Status, Step};
use uuid::Uuid;

use crate::db::{Columns, FromRow};
use crate::error::{Result, StoreError};

/// What every payout is read with, in the order of [`PayoutRow`].
pub(crate) const PAYOUT_COLUMNS: &str = "merchant_id, id, amount_paise, bank_account_id, status, attempts, calls, \
    unanswered, step, due_at, leased_by, doubt_since, doubt_reason, utr, reason, created_at, updated_at, request_id";

/// What every entry `e` is read with. Its payout by a sub-query, which has but one plan: to a join, on tables that
/// it has not yet analyzed, PostgreSQL may bring all of the merchant's payouts for each entry. And by one, which
/// brings the status (one word) and the account in one text: a second would look the payout up again.
pub(crate) const ENTRY_COLUMNS: &str = "e.seq, e.kind, e.amount_paise, e.available_after, e.held_after, e.payout_id, \
    e.description, e.created_at, (SELECT p.status || ' ' || p.bank_account_id FROM payouts p \
    WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id AND p.id = e.payout_id) AS payout";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    pub id: MerchantId,
    pub name: String,
    pub email: String,
    pub created_at: Timestamp,
}

pub(crate) struct MerchantRow {
    id: Uuid,
    name: String,
    email: String,
    created_at: Timestamp,
}

impl FromRow for MerchantRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            name: row.take("name")?,
            email: row.take("email")?,
            created_at: row.take("created_at")?,
        })
    }
}

impl From<MerchantRow> for Merchant {
    fn from(row: MerchantRow) -> Self {
        Self { id: MerchantId(row.id), name: row.name, email: row.email, created_at: row.created_at }
    }
}

/// The end of a book: balances and numbers, all null while it is empty.
pub(crate) struct TipRow {
    pub merchant_id: Uuid,
    pub seq: Option<i64>,
    pub available_after: Option<i64>,
    pub held_after: Option<i64>,
    pub last_event: Option<i64>,
    /// The newest entry's time.
    pub last_at: Option<Timestamp>,
}

impl FromRow for TipRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            seq: row.take("seq")?,
            available_after: row.take("available_after")?,
            held_after: row.take("held_after")?,
            last_event: row.take("last_event")?,
            last_at: row.take_if_any("last_at")?,
        })
    }
}

impl TipRow {
    pub fn tip(&self) -> Tip {
        Tip {
            seq: self.seq.unwrap_or(0),
            balances: Balances {
                available: Paise::new(self.available_after.unwrap_or(0)),
                held: Paise::new(self.held_after.unwrap_or(0)),
            },
        }
    }

    pub fn last_event(&self) -> i64 {
        self.last_event.unwrap_or(0)
    }
}

pub(crate) struct EntryRow {
    seq: i64,
    kind: String,
    amount_paise: i64,
    available_after: i64,
    held_after: i64,
    payout_id: Option<Uuid>,
    description: Option<String>,
    created_at: Timestamp,
    /// The payout's status, a blank, its account.
    payout: Option<String>,
    utr: Option<String>,
}

impl FromRow for EntryRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            seq: row.take("seq")?,
            kind: row.take("kind")?,
            amount_paise: row.take("amount_paise")?,
            available_after: row.take("available_after")?,
            held_after: row.take("held_after")?,
            payout_id: row.take("payout_id")?,
            description: row.take("description")?,
            created_at: row.take("created_at")?,
            payout: row.take_if_any("payout")?,
            utr: row.take_if_any("utr")?,
        })
    }
}

/// A ledger entry with the account that its payout went to, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    pub entry: Entry,
    pub bank_account_id: Option<String>,
    pub payout_status: Option<Status>,
    /// The bank's reference for the payout; only an export reads it.
    pub utr: Option<String>,
}

impl TryFrom<EntryRow> for LedgerLine {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self> {
        let entry = Entry {
            seq: row.seq,
            kind: word(EntryKind::parse(&row.kind), "kind", &row.kind)?,
            amount: amount(row.amount_paise)?,
            after: Balances { available: Paise::new(row.available_after), held: Paise::new(row.held_after) },
            payout: row.payout_id.map(PayoutId),
            description: row.description,
            created_at: row.created_at,
        };
        let (status, account) = row.payout.as_deref().and_then(|payout| payout.split_once(' ')).unzip();
        Ok(Self {
            entry,
            bank_account_id: account.map(str::to_owned),
            payout_status: status.and_then(Status::parse),
            utr: row.utr,
        })
    }
}

pub(crate) struct PayoutRow {
    pub merchant_id: Uuid,
    pub id: Uuid,
    pub amount_paise: i64,
    pub bank_account_id: String,
    pub status: String,
    pub attempts: i32,
    pub calls: i32,
    pub unanswered: i32,
    pub step: Option<String>,
    pub due_at: Option<Timestamp>,
    pub leased_by: Option<String>,
    pub doubt_since: Option<Timestamp>,
    pub doubt_reason: Option<String>,
    pub utr: Option<String>,
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub request_id: Option<String>,
}

impl FromRow for PayoutRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            id: row.take("id")?,
            amount_paise: row.take("amount_paise")?,
            bank_account_id: row.take("bank_account_id")?,
            status: row.take("status")?,
            attempts: row.take("attempts")?,
            calls: row.take("calls")?,
            unanswered: row.take("unanswered")?,
            step: row.take("step")?,
            due_at: row.take("due_at")?,
            leased_by: row.take("leased_by")?,
            doubt_since: row.take("doubt_since")?,
            doubt_reason: row.take("doubt_reason")?,
            utr: row.take("utr")?,
            reason: row.take("reason")?,
            created_at: row.take("created_at")?,
            updated_at: row.take("updated_at")?,
            request_id: row.take("request_id")?,
        })
    }
}

impl TryFrom<PayoutRow> for Payout {
    type Error = StoreError;

    fn try_from(row: PayoutRow) -> Result<Self> {
        Ok(Payout {
            id: PayoutId(row.id),
            amount: amount(row.amount_paise)?,
            state: row.state()?,
            attempts: count(row.attempts)?,
            calls: count(row.calls)?,
            unanswered: count(row.unanswered)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            bank_account_id: row.bank_account_id,
            request_id: row.request_id.as_deref().and_then(RequestId::parse),
        })
    }
}

impl PayoutRow {
    fn state(&self) -> Result<State> {
        Ok(match word(Status::parse(&self.status), "status", &self.status)? {
            Status::Pending => State::Pending { due_at: self.need(self.due_at, "due_at")? },
            Status::Processing => State::Processing(self.progress()?),
            Status::Completed => State::Completed { utr: self.need(self.utr.clone(), "utr")? },
            Status::Failed => State::Failed { reason: self.need(self.reason.clone(), "reason")? },
            Status::Cancelled => State::Cancelled,
            Status::Returned => State::Returned {
                utr: self.need(self.utr.clone(), "utr")?,
                reason: self.need(self.reason.clone(), "reason")?,
            },
        })
    }

    fn progress(&self) -> Result<Progress> {
        let step = self.step.as_deref().and_then(Step::parse);
        let doubt =
            self.doubt_since.map(|since| Doubt { since, reason: self.doubt_reason.clone().unwrap_or_default() });
        Ok(Progress {
            step: self.need(step, "step")?,
            due_at: self.need(self.due_at, "due_at")?,
            leased_by: self.leased_by.clone(),
            doubt,
        })
    }

    fn need<T>(&self, value: Option<T>, column: &str) -> Result<T> {
        value.ok_or_else(|| StoreError::Corrupt(format!("payout {} is {} without {column}", self.id, self.status)))
    }
}

/// A payout's state as its columns have it: the inverse of `PayoutRow::state`.
#[derive(Default)]
pub(crate) struct StateColumns<'a> {
    pub step: Option<&'static str>,
    pub due_at: Option<Timestamp>,
    pub leased_by: Option<&'a str>,
    pub doubt_since: Option<Timestamp>,
    pub doubt_reason: Option<&'a str>,
    pub utr: Option<&'a str>,
    pub reason: Option<&'a str>,
}

impl<'a> From<&'a Payout> for StateColumns<'a> {
    fn from(payout: &'a Payout) -> Self {
        let none = Self::default();
        match &payout.state {
            State::Pending { due_at } => Self { due_at: Some(*due_at), ..none },
            State::Processing(progress) => Self {
                step: Some(progress.step.as_str()),
                due_at: Some(progress.due_at),
                leased_by: progress.leased_by.as_deref(),
                doubt_since: progress.doubt.as_ref().map(|doubt| doubt.since),
                doubt_reason: progress.doubt.as_ref().map(|doubt| doubt.reason.as_str()),
                ..none
            },
            State::Completed { utr } => Self { utr: Some(utr), ..none },
            State::Failed { reason } => Self { reason: Some(reason), ..none },
            State::Cancelled => none,
            State::Returned { utr, reason } => Self { utr: Some(utr), reason: Some(reason), ..none },
        }
    }
}

pub(crate) struct RecordRow {
    pub merchant_id: Uuid,
    pub key: Uuid,
    pub request_hash: Vec<u8>,
    pub status: i16,
    pub body: String,
    pub payout_id: Option<Uuid>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl FromRow for RecordRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            key: row.take("key")?,
            request_hash: row.take("request_hash")?,
            status: row.take("status")?,
            body: row.take("body")?,
            payout_id: row.take("payout_id")?,
            created_at: row.take("created_at")?,
            expires_at: row.take("expires_at")?,
        })
    }
}

impl TryFrom<RecordRow> for Record {
    type Error = StoreError;

    fn try_from(row: RecordRow) -> Result<Self> {
        let hash = row.request_hash.try_into();
        Ok(Record {
            key: IdempotencyKey(row.key),
            request: RequestHash(hash.map_err(|_| StoreError::Corrupt("a request hash of another length".into()))?),
            answer: Answer { status: row.status as u16, body: row.body },
            payout: row.payout_id.map(PayoutId),
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

/// A line of the bank's list of returns that was read before.
pub(crate) struct KnownReturnRow {
    pub merchant_id: Uuid,
    pub id: Uuid,
    pub payout_id: Option<Uuid>,
    pub status: String,
}

impl FromRow for KnownReturnRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            id: row.take("id")?,
            payout_id: row.take("payout_id")?,
            status: row.take("status")?,
        })
    }
}

impl KnownReturnRow {
    /// One that waits is still to be decided.
    pub fn known(&self) -> Option<KnownReturn> {
        let payout = PayoutId(self.payout_id?);
        (self.status != "waiting").then_some(KnownReturn { payout, credited: self.status == "credited" })
    }
}

/// A UTR that a payout is paid under, and another payout that has it already.
pub(crate) struct UtrRow {
    pub merchant_id: Uuid,
    pub utr: String,
    pub other: Option<Uuid>,
}

impl FromRow for UtrRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { merchant_id: row.take("merchant_id")?, utr: row.take("utr")?, other: row.take("other")? })
    }
}

/// One call to the bank, as it was kept. No outcome: the worker that made it never reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptLine {
    pub number: u32,
    pub step: String,
    pub worker: String,
    pub started_at: Timestamp,
    pub outcome: Option<String>,
    pub sent: Option<String>,
    pub received: Option<String>,
    pub ended_at: Option<Timestamp>,
}

pub(crate) struct AttemptRow {
    number: i32,
    step: String,
    worker: String,
    started_at: Timestamp,
    outcome: Option<String>,
    sent: Option<String>,
    received: Option<String>,
    ended_at: Option<Timestamp>,
}

impl FromRow for AttemptRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            number: row.take("number")?,
            step: row.take("step")?,
            worker: row.take("worker")?,
            started_at: row.take("started_at")?,
            outcome: row.take("outcome")?,
            sent: row.take("sent")?,
            received: row.take("received")?,
            ended_at: row.take("ended_at")?,
        })
    }
}

impl TryFrom<AttemptRow> for AttemptLine {
    type Error = StoreError;

    fn try_from(row: AttemptRow) -> Result<Self> {
        Ok(Self {
            number: count(row.number)?,
            step: row.step,
            worker: row.worker,
            started_at: row.started_at,
            outcome: row.outcome,
            sent: row.sent,
            received: row.received,
            ended_at: row.ended_at,
        })
    }
}

/// An outbox row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLine {
    pub seq: i64,
    pub kind: EventKind,
    pub payout: Option<PayoutId>,
    pub created_at: Timestamp,
}

pub(crate) struct EventRow {
    seq: i64,
    kind: String,
    payout_id: Option<Uuid>,
    created_at: Timestamp,
}

impl FromRow for EventRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            seq: row.take("seq")?,
            kind: row.take("kind")?,
            payout_id: row.take("payout_id")?,
            created_at: row.take("created_at")?,
        })
    }
}

impl TryFrom<EventRow> for EventLine {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self> {
        let kind = word(EventKind::parse(&row.kind), "kind of event", &row.kind)?;
        Ok(Self { seq: row.seq, kind, payout: row.payout_id.map(PayoutId), created_at: row.created_at })
    }
}

fn word<T>(parsed: Option<T>, column: &str, text: &str) -> Result<T> {
    parsed.ok_or_else(|| StoreError::Corrupt(format!("unknown {column} {text:?}")))
}

fn amount(paise: i64) -> Result<Amount> {
    Amount::new(paise).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn count(number: i32) -> Result<u32> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("a count of {number}")))
}
