//! Payouts: the row, and reads of one merchant's payouts or of all that wait.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_core::backoff::{LONGEST_WAIT, later};
use payrail_core::payout::{AttemptKind, Doubt, DoubtReason, Payout, Progress, State, Status};
use payrail_types::ids::{MerchantId, PayoutId, RequestId};
use payrail_types::money::Amount;
use payrail_types::names::{BankAccountId, Utr};
use payrail_types::rail::{BankId, RailId};
use payrail_types::word::Word;
use uuid::Uuid;

use super::owned::Owned;
use super::parse::{amount, count, word};
use crate::database::Read;
use crate::db::{Columns, FromRow, Lookup, TableRow, Visitor, Write, columns_of, values};
use crate::error::{Result, StoreError};
use crate::store::Store;

/// The key; the terms, which never change; and the state, which each step rewrites.
#[derive(Debug, Default)]
pub struct PayoutRow<'a> {
    pub id: Uuid,

    pub amount_paise: i64,
    pub bank_account_id: Cow<'a, str>,
    pub request_id: Option<Cow<'a, str>>,
    pub rail: Cow<'a, str>,
    pub created_at: Timestamp,

    pub status: Cow<'a, str>,
    pub submissions: i32,
    pub attempts: i32,
    pub unanswered: i32,
    pub step: Option<Cow<'a, str>>,
    pub due_at: Option<Timestamp>,
    pub leased_by: Option<Cow<'a, str>>,
    pub doubt_since: Option<Timestamp>,
    pub doubt_reason: Option<Cow<'a, str>>,
    pub utr: Option<Cow<'a, str>>,
    pub reason: Option<Cow<'a, str>>,
    pub updated_at: Timestamp,
    pub bank: Option<Cow<'a, str>>,
}

impl<'a> TableRow<'a> for PayoutRow<'a> {
    const TABLE: &'static str = "payouts";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("id", &mut self.id)?;
        visitor.column("amount_paise", &mut self.amount_paise)?;
        visitor.column("bank_account_id", &mut self.bank_account_id)?;
        visitor.column("request_id", &mut self.request_id)?;
        visitor.column("rail", &mut self.rail)?;
        visitor.column("created_at", &mut self.created_at)?;
        visitor.column("status", &mut self.status)?;
        visitor.column("submissions", &mut self.submissions)?;
        visitor.column("attempts", &mut self.attempts)?;
        visitor.column("unanswered", &mut self.unanswered)?;
        visitor.column("step", &mut self.step)?;
        visitor.column("due_at", &mut self.due_at)?;
        visitor.column("leased_by", &mut self.leased_by)?;
        visitor.column("doubt_since", &mut self.doubt_since)?;
        visitor.column("doubt_reason", &mut self.doubt_reason)?;
        visitor.column("utr", &mut self.utr)?;
        visitor.column("reason", &mut self.reason)?;
        visitor.column("updated_at", &mut self.updated_at)?;
        visitor.column("bank", &mut self.bank)
    }
}

impl<'a> From<&'a Payout> for PayoutRow<'a> {
    fn from(payout: &'a Payout) -> Self {
        let row = Self {
            id: payout.id.0,
            amount_paise: payout.amount.get(),
            bank_account_id: payout.bank_account_id.as_str().into(),
            request_id: payout.request_id.as_ref().map(|id| id.as_str().into()),
            rail: Cow::Owned(payout.rail.to_string()),
            created_at: payout.created_at,
            status: payout.status().as_str().into(),
            submissions: payout.submissions.cast_signed(),
            attempts: payout.attempts.cast_signed(),
            unanswered: payout.unanswered.cast_signed(),
            updated_at: payout.updated_at,
            bank: payout.bank.as_ref().map(|bank| bank.as_str().into()),
            ..Self::default()
        };
        row.with_state(&payout.state)
    }
}

impl<'a> PayoutRow<'a> {
    /// The inverse of [`Self::state`].
    fn with_state(self, state: &'a State) -> Self {
        let text = |text: &'a String| Some(Cow::Borrowed(text.as_str()));
        match state {
            State::Pending { due_at } => Self { due_at: Some(*due_at), ..self },
            State::Processing(progress) => Self {
                step: Some(progress.kind.as_str().into()),
                due_at: Some(progress.due_at),
                leased_by: progress.leased_by.as_ref().and_then(text),
                doubt_since: progress.doubt.as_ref().map(|doubt| doubt.since),
                doubt_reason: progress.doubt.as_ref().map(|doubt| doubt.reason.as_str().into()),
                ..self
            },
            State::Completed { utr } => Self { utr: Some(utr.as_str().into()), ..self },
            State::Failed { reason } => Self { reason: text(reason), ..self },
            State::Cancelled => self,
            State::Returned { utr, reason } => Self { utr: Some(utr.as_str().into()), reason: text(reason), ..self },
        }
    }

    fn state(&self) -> Result<State> {
        let utr = || self.need(self.utr.as_deref().map(Utr::from_stored), "utr");
        let reason = || self.need(self.reason.as_deref().map(str::to_owned), "reason");
        Ok(match word(Status::parse(&self.status), "status", &self.status)? {
            Status::Pending => State::Pending { due_at: self.need(self.due_at, "due_at")? },
            Status::Processing => State::Processing(self.progress()?),
            Status::Completed => State::Completed { utr: utr()? },
            Status::Failed => State::Failed { reason: reason()? },
            Status::Cancelled => State::Cancelled,
            Status::Returned => State::Returned { utr: utr()?, reason: reason()? },
        })
    }

    fn progress(&self) -> Result<Progress> {
        let kind = self.step.as_deref().and_then(AttemptKind::parse);
        let reason = || DoubtReason::parse(self.doubt_reason.as_deref().unwrap_or_default());
        Ok(Progress {
            kind: self.need(kind, "step")?,
            due_at: self.need(self.due_at, "due_at")?,
            leased_by: self.leased_by.as_deref().map(str::to_owned),
            doubt: self.doubt_since.map(|since| Doubt { since, reason: reason() }),
        })
    }

    fn need<T>(&self, value: Option<T>, column: &str) -> Result<T> {
        value.ok_or_else(|| StoreError::Corrupt(format!("payout {} is {} without {column}", self.id, self.status)))
    }
}

impl FromRow for Payout {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        PayoutRow::from_row(row)?.try_into()
    }
}

impl FromRow for (MerchantId, Payout) {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let owned = Owned::<PayoutRow>::from_row(row)?;
        Ok((owned.merchant(), owned.row.try_into()?))
    }
}

impl TryFrom<PayoutRow<'_>> for Payout {
    type Error = StoreError;

    fn try_from(row: PayoutRow<'_>) -> Result<Self> {
        Ok(Payout {
            id: PayoutId(row.id),
            amount: amount(row.amount_paise)?,
            state: row.state()?,
            submissions: count(row.submissions)?,
            attempts: count(row.attempts)?,
            unanswered: count(row.unanswered)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            bank_account_id: BankAccountId::from_stored(row.bank_account_id),
            rail: word(RailId::parse(&row.rail), "rail", &row.rail)?,
            bank: row.bank.as_deref().map(BankId::new),
            request_id: row.request_id.as_deref().and_then(RequestId::parse),
        })
    }
}

/// Columns of a payout `p`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<PayoutRow>("p"));
/// Columns of a payout `p` with its owner.
pub(crate) static OWNED: LazyLock<String> = LazyLock::new(|| columns_of::<Owned<PayoutRow>>("p"));

pub(crate) static INSERT: LazyLock<Write> = LazyLock::new(Write::insert::<Owned<PayoutRow>>);

/// A step of a payout's life.
pub(crate) static STEP: LazyLock<Write> = LazyLock::new(|| Write::update::<Owned<PayoutRow>>("id", "status"));

pub(crate) static BY_KEY: LazyLock<Lookup> = LazyLock::new(|| {
    Lookup::new(
        &[("bucket", "smallint"), ("merchant_id", "uuid"), ("id", "uuid")],
        &format!(
            "SELECT {} FROM payouts p \
             WHERE p.bucket = {{bucket}} AND p.merchant_id = {{merchant_id}} AND p.id = {{id}} LIMIT 1",
            *OWNED
        ),
    )
});

/// The bank that the payout `alias` was submitted to, never NULL. Payouts that ended before payouts named their bank went to
/// the bank that was recorded then.
pub(crate) fn bank_of(alias: &str) -> String {
    format!("coalesce({alias}.bank, (SELECT value FROM settings WHERE name = 'bank_of_old_payouts'), '')")
}

/// Another payout of the same bank under a UTR, over all merchants. A bank gives a UTR to only one payment.
pub(crate) static BY_UTR: LazyLock<Lookup> = LazyLock::new(|| {
    Lookup::new(
        &[("bucket", "smallint"), ("merchant_id", "uuid"), ("payout_id", "uuid"), ("utr", "text")],
        &format!(
            "SELECT {{merchant_id}} AS merchant_id, {{payout_id}} AS payout_id, {{utr}} AS utr, p.id AS other \
             FROM payouts p WHERE p.utr = {{utr}} AND p.id <> {{payout_id}} AND {} = \
                 (SELECT {} FROM payouts o WHERE o.bucket = {{bucket}} AND o.merchant_id = {{merchant_id}} \
                  AND o.id = {{payout_id}}) LIMIT 1",
            bank_of("p"),
            bank_of("o")
        ),
    )
});

/// A payout's UTR, and another payout of the same bank that already has it.
pub(crate) struct UtrRow {
    pub merchant_id: Uuid,
    pub payout_id: Uuid,
    pub utr: String,
    pub other: Option<Uuid>,
}

impl FromRow for UtrRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            payout_id: row.take("payout_id")?,
            utr: row.take("utr")?,
            other: row.take("other")?,
        })
    }
}

/// A payout's current state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeLine {
    pub status: Status,
    pub is_in_doubt: bool,
    pub amount: Amount,
    pub created_at: Timestamp,
}

impl FromRow for OutcomeLine {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let status: String = row.take("status")?;
        Ok(Self {
            status: word(Status::parse(&status), "status", &status)?,
            is_in_doubt: row.take::<Option<Timestamp>>("doubt_since")?.is_some(),
            amount: amount(row.take("amount_paise")?)?,
            created_at: row.take("created_at")?,
        })
    }
}

/// The rails with payouts that wait, as `rails`: one look into the index `payouts_due` for each. What is asked of all of
/// them is asked rail by rail, so that it follows that index.
pub(crate) const WAITING_RAILS: &str = "WITH RECURSIVE rails(rail) AS ( \
        SELECT min(rail) FROM payouts WHERE due_at IS NOT NULL \
        UNION ALL \
        SELECT (SELECT min(p.rail) FROM payouts p WHERE p.due_at IS NOT NULL AND p.rail > r.rail) \
        FROM rails r WHERE r.rail IS NOT NULL) ";

/// A merchant, a payout, and when it is due.
type DueRow = (Uuid, Uuid, Timestamp);

impl Store {
    pub async fn payout(&self, merchant: MerchantId, id: PayoutId) -> Result<Option<Payout>> {
        let key = values![merchant.bucket().column(), merchant.0, id.0];
        let found: Option<(MerchantId, Payout)> =
            self.of(merchant).short_read().await?.optional(BY_KEY.one(), key).await?;
        Ok(found.map(|(_, payout)| payout))
    }

    /// The payouts before `before`, newest first.
    pub async fn payouts(&self, merchant: MerchantId, before: Option<PayoutId>, limit: u32) -> Result<Vec<Payout>> {
        let sql = format!(
            "SELECT {} FROM payouts p WHERE p.bucket = $1 AND p.merchant_id = $2 AND p.id < $3 \
             ORDER BY p.id DESC LIMIT $4 + 0",
            *COLUMNS
        );
        let before = before.map_or(Uuid::max(), |id| id.0);
        let values = values![merchant.bucket().column(), merchant.0, before, i64::from(limit)];
        self.of(merchant).short_read().await?.all(&sql, values).await
    }

    /// The payout's merchant. It finds the book of a bank reference, which names no merchant.
    pub async fn merchant_of_payout(&self, id: PayoutId) -> Result<Option<MerchantId>> {
        // One look-up by primary key for each merchant of the bucket, however many payouts they have.
        // (CROSS JOIN keeps SQLite to that order.)
        let sql = "SELECT p.merchant_id FROM merchants m CROSS JOIN payouts p \
                   WHERE m.bucket = $1 AND p.bucket = m.bucket AND p.merchant_id = m.id AND p.id = $2";
        let values = values![id.bucket().column(), id.0];
        let row: Option<(Uuid,)> = self.of_bucket(id.bucket()).short_read().await?.optional(sql, values).await?;
        Ok(row.map(|(id,)| MerchantId(id)))
    }

    /// The payout that a payment of the bank belongs to. Most are completed, and found by the index of UTRs; the others
    /// cost a look-up for each merchant of the bucket.
    pub async fn payout_of_transfer(&self, id: PayoutId, utr: &str) -> Result<Option<(MerchantId, Payout)>> {
        let sql = format!("SELECT {} FROM payouts p WHERE p.utr = $1 AND p.id = $2 LIMIT 1", *OWNED);
        let completed = self.of_bucket(id.bucket()).short_read().await?.optional(&sql, values![utr, id.0]).await?;
        if completed.is_some() {
            return Ok(completed);
        }
        let Some(merchant) = self.merchant_of_payout(id).await? else { return Ok(None) };
        Ok(self.payout(merchant, id).await?.map(|payout| (merchant, payout)))
    }

    /// The newest payouts with ids from `from` on.
    pub async fn outcomes(&self, merchant: MerchantId, from: PayoutId, limit: u32) -> Result<Vec<OutcomeLine>> {
        let sql = "SELECT status, doubt_since, amount_paise, created_at FROM payouts \
                   WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 ORDER BY id DESC LIMIT $4 + 0";
        let values = values![merchant.bucket().column(), merchant.0, from.0, i64::from(limit)];
        self.of(merchant).short_read().await?.all(sql, values).await
    }

    /// The payouts of a rail that a worker may take now and that fell due at `from` or later, the longest due first,
    /// and when each did. It takes no lock: the engine checks again when a worker claims one.
    ///
    /// The index `payouts_due` begins with the rail, so payouts that another rail cannot send now are not read.
    ///
    /// Completed payouts stay at the head of the index until a vacuum removes them. A caller that knows that nothing
    /// earlier waits can skip them with `from`.
    pub async fn due_from(
        &self,
        rail: RailId,
        from: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(MerchantId, PayoutId, Timestamp)>> {
        let sql = "SELECT merchant_id, id, due_at FROM payouts WHERE due_at >= $1 AND due_at <= $2 AND rail = $4 \
                   ORDER BY due_at LIMIT $3 + 0";
        let values = values![from, now, i64::from(limit), rail.as_str()];
        let order = |one: &DueRow, other: &DueRow| one.2.cmp(&other.2);
        let rows = self.first_of_each_in_reach(sql, values, limit, order).await?;
        Ok(rows.into_iter().map(|(merchant, id, at)| (MerchantId(merchant), PayoutId(id), at)).collect())
    }

    /// The payouts in doubt, the oldest doubt first.
    pub async fn doubtful(&self, limit: u32) -> Result<Vec<(MerchantId, Payout)>> {
        let sql = format!(
            "SELECT {} FROM payouts p WHERE p.doubt_since IS NOT NULL ORDER BY p.doubt_since, p.id LIMIT $1 + 0",
            *OWNED
        );
        let values = values![i64::from(limit)];
        let place = |(_, payout): &(MerchantId, Payout)| (payout.doubt_since(), payout.id);
        self.first_of_each(Read::Short, &sql, values, limit, |one, other| place(one).cmp(&place(other))).await
    }

    /// The payouts that are due later than any wait that settings allow, the latest first: a clock was wrong.
    pub async fn due_far_ahead(&self, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, Payout)>> {
        let sql = format!(
            "{WAITING_RAILS} SELECT {} FROM rails r CROSS JOIN payouts p WHERE p.rail = r.rail AND p.due_at > $1 \
             ORDER BY p.due_at DESC LIMIT $2 + 0",
            *OWNED
        );
        let values = values![later(now, LONGEST_WAIT), i64::from(limit)];
        let due = |(_, payout): &(MerchantId, Payout)| payout.due_at();
        self.first_of_each(Read::Short, &sql, values, limit, |one, other| due(other).cmp(&due(one))).await
    }
}
