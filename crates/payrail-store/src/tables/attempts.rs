//! Attempts: calls to the bank, each opened with the claim and closed with the report.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_core::payout::{Attempt, AttemptKind, AttemptOutcome};
use payrail_core::writes::AttemptEnd;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::word::Word;
use uuid::Uuid;

use super::owned::Owned;
use super::parse::{count, word};
use crate::db::{Columns, FromRow, TableRow, Visitor, Write, columns_of, values};
use crate::error::Result;
use crate::store::Store;

/// One call to the bank. Without an outcome, its worker never reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptLine {
    pub number: u32,
    pub kind: AttemptKind,
    pub worker: String,
    pub started_at: Timestamp,
    pub outcome: Option<AttemptOutcome>,
    pub sent: Option<String>,
    pub received: Option<String>,
    pub ended_at: Option<Timestamp>,
}

/// The key; the call; its outcome.
#[derive(Default)]
pub(crate) struct AttemptRow<'a> {
    payout_id: Uuid,
    number: i32,

    step: Cow<'a, str>,
    worker: Cow<'a, str>,
    started_at: Timestamp,
    bank: Option<Cow<'a, str>>,

    outcome: Option<Cow<'a, str>>,
    sent: Option<Cow<'a, str>>,
    received: Option<Cow<'a, str>>,
    ended_at: Option<Timestamp>,
}

impl<'a> TableRow<'a> for AttemptRow<'a> {
    const TABLE: &'static str = "attempts";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("payout_id", &mut self.payout_id)?;
        visitor.column("number", &mut self.number)?;
        visitor.column("step", &mut self.step)?;
        visitor.column("worker", &mut self.worker)?;
        visitor.column("started_at", &mut self.started_at)?;
        visitor.column("bank", &mut self.bank)?;
        visitor.column("outcome", &mut self.outcome)?;
        visitor.column("sent", &mut self.sent)?;
        visitor.column("received", &mut self.received)?;
        visitor.column("ended_at", &mut self.ended_at)
    }
}

impl<'a> From<&'a Attempt> for AttemptRow<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        Self {
            payout_id: attempt.payout.0,
            number: attempt.number.cast_signed(),
            step: attempt.kind.as_str().into(),
            worker: attempt.worker.as_str().into(),
            started_at: attempt.started_at,
            bank: attempt.bank.as_ref().map(|bank| bank.as_str().into()),
            ..Self::default()
        }
    }
}

/// A call's start is not written again.
impl<'a> From<&'a AttemptEnd> for AttemptRow<'a> {
    fn from(end: &'a AttemptEnd) -> Self {
        Self {
            payout_id: end.payout.0,
            number: end.number.cast_signed(),
            outcome: Some(end.outcome.as_str().into()),
            sent: Some(end.exchange.sent.as_str().into()),
            received: Some(end.exchange.received.as_str().into()),
            ended_at: Some(end.ended_at),
            ..Self::default()
        }
    }
}

impl FromRow for AttemptLine {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let row = AttemptRow::from_row(row)?;
        Ok(Self {
            number: count(row.number)?,
            kind: word(AttemptKind::parse(&row.step), "step", &row.step)?,
            worker: row.worker.into_owned(),
            started_at: row.started_at,
            outcome: row.outcome.map(|text| word(AttemptOutcome::parse(&text), "outcome", &text)).transpose()?,
            sent: row.sent.map(Cow::into_owned),
            received: row.received.map(Cow::into_owned),
            ended_at: row.ended_at,
        })
    }
}

static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<AttemptRow>("t"));

pub(crate) static INSERT: LazyLock<Write> = LazyLock::new(Write::insert::<Owned<AttemptRow>>);

/// Writes an attempt's outcome.
pub(crate) static END: LazyLock<Write> = LazyLock::new(|| Write::update::<Owned<AttemptRow>>("number", "outcome"));

impl Store {
    pub async fn attempts(&self, merchant: MerchantId, payout: PayoutId) -> Result<Vec<AttemptLine>> {
        let sql = format!(
            "SELECT {} FROM attempts t WHERE t.bucket = $1 AND t.merchant_id = $2 AND t.payout_id = $3 \
             ORDER BY t.number",
            *COLUMNS
        );
        self.of(merchant).short_read().await?.all(&sql, values![merchant.bucket().column(), merchant.0, payout.0]).await
    }
}
