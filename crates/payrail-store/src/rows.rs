//! Rows as they are read, and what they become. A row that makes no sense is an error, not a guess.

use jiff::Timestamp;
use payrail_core::bank_return::KnownReturn;
use payrail_core::event::EventKind;
use payrail_core::idempotency::{Answer, IdempotencyKey, Record, RequestHash};
use payrail_core::ids::{MerchantId, PayoutId, RequestId};
use payrail_core::ledger::{Balances, Entry, EntryKind, Tip};
use payrail_core::money::{Amount, Paise};
use payrail_core::payout::{Doubt, Payout, Progress, State, Status, Step};
use sqlx::FromRow;
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::types::At;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    pub id: MerchantId,
    pub name: String,
    pub email: String,
    pub created_at: Timestamp,
}

#[derive(FromRow)]
pub(crate) struct MerchantRow {
    id: Uuid,
    name: String,
    email: String,
    created_at: At,
}

impl From<MerchantRow> for Merchant {
    fn from(row: MerchantRow) -> Self {
        Self { id: MerchantId(row.id), name: row.name, email: row.email, created_at: row.created_at.0 }
    }
}

/// The end of a book: balances and numbers, all null while it is empty.
#[derive(FromRow)]
pub(crate) struct TipRow {
    pub merchant_id: Uuid,
    pub seq: Option<i64>,
    pub available_after: Option<i64>,
    pub held_after: Option<i64>,
    pub last_event: Option<i64>,
    /// The newest entry's time.
    #[sqlx(default)]
    pub last_at: Option<At>,
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

#[derive(FromRow)]
pub(crate) struct EntryRow {
    seq: i64,
    kind: String,
    amount_paise: i64,
    available_after: i64,
    held_after: i64,
    payout_id: Option<Uuid>,
    description: Option<String>,
    created_at: At,
    /// The payout's status, a blank, its account.
    #[sqlx(default)]
    payout: Option<String>,
    #[sqlx(default)]
    utr: Option<String>,
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
            created_at: row.created_at.0,
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

#[derive(FromRow)]
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
    pub due_at: Option<At>,
    pub leased_by: Option<String>,
    pub doubt_since: Option<At>,
    pub doubt_reason: Option<String>,
    pub utr: Option<String>,
    pub reason: Option<String>,
    pub created_at: At,
    pub updated_at: At,
    pub request_id: Option<String>,
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
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            bank_account_id: row.bank_account_id,
            request_id: row.request_id.as_deref().and_then(RequestId::parse),
        })
    }
}

impl PayoutRow {
    fn state(&self) -> Result<State> {
        Ok(match word(Status::parse(&self.status), "status", &self.status)? {
            Status::Pending => State::Pending { due_at: self.need(self.due_at.map(|at| at.0), "due_at")? },
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
        let doubt = self
            .doubt_since
            .map(|since| Doubt { since: since.0, reason: self.doubt_reason.clone().unwrap_or_default() });
        Ok(Progress {
            step: self.need(step, "step")?,
            due_at: self.need(self.due_at.map(|at| at.0), "due_at")?,
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
    pub due_at: Option<At>,
    pub leased_by: Option<&'a str>,
    pub doubt_since: Option<At>,
    pub doubt_reason: Option<&'a str>,
    pub utr: Option<&'a str>,
    pub reason: Option<&'a str>,
}

impl<'a> From<&'a Payout> for StateColumns<'a> {
    fn from(payout: &'a Payout) -> Self {
        let none = Self::default();
        match &payout.state {
            State::Pending { due_at } => Self { due_at: Some(At(*due_at)), ..none },
            State::Processing(progress) => Self {
                step: Some(progress.step.as_str()),
                due_at: Some(At(progress.due_at)),
                leased_by: progress.leased_by.as_deref(),
                doubt_since: progress.doubt.as_ref().map(|doubt| At(doubt.since)),
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

#[derive(FromRow)]
pub(crate) struct RecordRow {
    pub merchant_id: Uuid,
    pub key: Uuid,
    pub request_hash: Vec<u8>,
    pub status: i16,
    pub body: String,
    pub payout_id: Option<Uuid>,
    pub created_at: At,
    pub expires_at: Option<At>,
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
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|at| at.0),
        })
    }
}

/// A line of the bank's list of returns that was read before.
#[derive(FromRow)]
pub(crate) struct KnownReturnRow {
    pub merchant_id: Uuid,
    pub id: Uuid,
    pub payout_id: Option<Uuid>,
    pub status: String,
}

impl KnownReturnRow {
    /// One that waits is still to be decided.
    pub fn known(&self) -> Option<KnownReturn> {
        let payout = PayoutId(self.payout_id?);
        (self.status != "waiting").then_some(KnownReturn { payout, credited: self.status == "credited" })
    }
}

/// A UTR that a payout is paid under, and another payout that has it already.
#[derive(FromRow)]
pub(crate) struct UtrRow {
    pub merchant_id: Uuid,
    pub utr: String,
    pub other: Option<Uuid>,
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

#[derive(FromRow)]
pub(crate) struct AttemptRow {
    number: i32,
    step: String,
    worker: String,
    started_at: At,
    outcome: Option<String>,
    sent: Option<String>,
    received: Option<String>,
    ended_at: Option<At>,
}

impl TryFrom<AttemptRow> for AttemptLine {
    type Error = StoreError;

    fn try_from(row: AttemptRow) -> Result<Self> {
        Ok(Self {
            number: count(row.number)?,
            step: row.step,
            worker: row.worker,
            started_at: row.started_at.0,
            outcome: row.outcome,
            sent: row.sent,
            received: row.received,
            ended_at: row.ended_at.map(|at| at.0),
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

#[derive(FromRow)]
pub(crate) struct EventRow {
    seq: i64,
    kind: String,
    payout_id: Option<Uuid>,
    created_at: At,
}

impl TryFrom<EventRow> for EventLine {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self> {
        let kind = word(EventKind::parse(&row.kind), "kind of event", &row.kind)?;
        Ok(Self { seq: row.seq, kind, payout: row.payout_id.map(PayoutId), created_at: row.created_at.0 })
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
