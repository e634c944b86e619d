//! Exceptions: mismatches between the bank and the books that a person must resolve. They move no money.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_core::bank_return::{Exception, ExceptionKind, Facts};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::operator::OperatorAction;
use payrail_types::word::Word;
use uuid::Uuid;

use super::operator_actions::{self, add_if};
use super::owned::{Owned, somebody};
use super::parse::word;
use crate::cells::nobody;
use crate::database::Read;
use crate::db::{Columns, FromRow, TableRow, Visitor, Write, columns_of, values};
use crate::error::Result;
use crate::position::Position;
use crate::store::Store;

/// An exception's resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub at: Timestamp,
    pub by: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionLine {
    /// The merchant of the payout, if any.
    pub merchant: Option<MerchantId>,
    pub exception: Exception,
    pub resolution: Option<Resolution>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionFilter {
    Open,
    Resolved,
    All,
}

#[derive(Debug, Default)]
pub struct ExceptionRow<'a> {
    pub id: Uuid,
    pub kind: Cow<'a, str>,
    pub payout_id: Option<Uuid>,
    pub other_payout_id: Option<Uuid>,
    pub reference: Option<Cow<'a, str>>,
    pub return_number: Option<i64>,
    pub stated_paise: Option<i64>,
    pub stated_utr: Option<Cow<'a, str>>,
    pub expected_paise: Option<i64>,
    pub expected_utr: Option<Cow<'a, str>>,
    pub detail: Cow<'a, str>,
    pub created_at: Timestamp,
    /// The exception is open while these three are null.
    pub resolved_at: Option<Timestamp>,
    pub resolved_by: Option<Cow<'a, str>>,
    pub resolution: Option<Cow<'a, str>>,
}

impl<'a> TableRow<'a> for ExceptionRow<'a> {
    const TABLE: &'static str = "exceptions";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("id", &mut self.id)?;
        visitor.column("kind", &mut self.kind)?;
        visitor.column("payout_id", &mut self.payout_id)?;
        visitor.column("other_payout_id", &mut self.other_payout_id)?;
        visitor.column("reference", &mut self.reference)?;
        visitor.column("return_number", &mut self.return_number)?;
        visitor.column("stated_paise", &mut self.stated_paise)?;
        visitor.column("stated_utr", &mut self.stated_utr)?;
        visitor.column("expected_paise", &mut self.expected_paise)?;
        visitor.column("expected_utr", &mut self.expected_utr)?;
        visitor.column("detail", &mut self.detail)?;
        visitor.column("created_at", &mut self.created_at)?;
        visitor.column("resolved_at", &mut self.resolved_at)?;
        visitor.column("resolved_by", &mut self.resolved_by)?;
        visitor.column("resolution", &mut self.resolution)
    }
}

impl<'a> From<&'a Exception> for ExceptionRow<'a> {
    fn from(exception: &'a Exception) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().map(Cow::from);
        Self {
            id: exception.id,
            kind: exception.kind.as_str().into(),
            payout_id: exception.payout.map(|id| id.0),
            other_payout_id: exception.other_payout.map(|id| id.0),
            reference: text(&exception.reference),
            return_number: exception.return_number,
            stated_paise: exception.stated.amount_paise,
            stated_utr: text(&exception.stated.utr),
            expected_paise: exception.expected.amount_paise,
            expected_utr: text(&exception.expected.utr),
            detail: exception.detail.as_str().into(),
            created_at: exception.created_at,
            ..Self::default()
        }
    }
}

impl FromRow for ExceptionLine {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let owned = Owned::<ExceptionRow>::from_row(row)?;
        let merchant = somebody(owned.merchant());
        let row = owned.row;
        let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let resolution = row.resolved_at.map(|at| Resolution {
            at,
            by: text(row.resolved_by).unwrap_or_default(),
            reason: text(row.resolution).unwrap_or_default(),
        });
        let exception = Exception {
            id: row.id,
            kind: word(ExceptionKind::parse(&row.kind), "kind of exception", &row.kind)?,
            payout: row.payout_id.map(PayoutId),
            other_payout: row.other_payout_id.map(PayoutId),
            reference: text(row.reference),
            return_number: row.return_number,
            stated: Facts { amount_paise: row.stated_paise, utr: text(row.stated_utr) },
            expected: Facts { amount_paise: row.expected_paise, utr: text(row.expected_utr) },
            detail: row.detail.into_owned(),
            created_at: row.created_at,
        };
        Ok(Self { merchant, exception, resolution })
    }
}

/// Columns of an exception `x`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<ExceptionRow>("x"));
/// Columns of an exception `x` with its owner.
static OWNED: LazyLock<String> = LazyLock::new(|| columns_of::<Owned<ExceptionRow>>("x"));

/// An existing exception does not change.
pub(crate) static INSERT: LazyLock<Write> =
    LazyLock::new(|| Write::upsert::<Owned<ExceptionRow>>(" ON CONFLICT DO NOTHING"));

impl Store {
    /// Records an exception that concerns no payout's book. An existing one does not change.
    pub async fn record_exception(&self, exception: &Exception) -> Result<()> {
        self.record_exception_of(nobody(), exception).await
    }

    /// Records an exception of a merchant's payout. An existing one does not change.
    pub async fn record_exception_of(&self, merchant: MerchantId, exception: &Exception) -> Result<()> {
        let mut on = self.of(merchant).begin().await?;
        // SQLite's triggers refuse a second row before ON CONFLICT applies. On PostgreSQL, two processes do not see
        // each other's rows.
        let known = "SELECT 1 FROM exceptions WHERE bucket = $1 AND merchant_id = $2 AND id = $3";
        let key = values![merchant.bucket().column(), merchant.0, exception.id];
        if on.optional::<(i64,)>(known, key).await?.is_none() {
            on.write_some(INSERT.batch([Owned::new(merchant, ExceptionRow::from(exception))])).await?;
        }
        on.commit().await
    }

    /// Newest first.
    pub async fn exceptions(&self, of: ExceptionFilter, before: Position, limit: u32) -> Result<Vec<ExceptionLine>> {
        let which = match of {
            ExceptionFilter::Open => "x.resolved_at IS NULL AND",
            ExceptionFilter::Resolved => "x.resolved_at IS NOT NULL AND",
            ExceptionFilter::All => "",
        };
        let sql = format!(
            "SELECT {} FROM exceptions x WHERE {which} (x.created_at, x.id) < ($1, $2) \
             ORDER BY x.created_at DESC, x.id DESC LIMIT $3 + 0",
            *OWNED
        );
        let values = values![before.at, before.id, i64::from(limit)];
        let place = |line: &ExceptionLine| (line.exception.created_at, line.exception.id);
        self.first_of_each(Read::Long, &sql, values, limit, |one, other| place(other).cmp(&place(one))).await
    }

    pub async fn exception(&self, id: Uuid) -> Result<Option<ExceptionLine>> {
        let sql = format!("SELECT {} FROM exceptions x WHERE x.id = $1 LIMIT 1", *OWNED);
        Ok(self.of_each(Read::Long, &sql, values![id]).await?.into_iter().next())
    }

    /// False if it does not exist, or was resolved before.
    pub async fn resolve_exception(&self, id: Uuid, resolution: &Resolution, done: &OperatorAction) -> Result<bool> {
        let merchant = operator_actions::owner(done);
        let Resolution { at, by, reason } = resolution;
        let mut on = self.of(merchant).begin().await?;
        let sql = "UPDATE exceptions SET resolved_at = $4, resolved_by = $5, resolution = $6 \
                   WHERE bucket = $1 AND merchant_id = $2 AND id = $3 AND resolved_at IS NULL";
        let values = values![merchant.bucket().column(), merchant.0, id, *at, by, reason];
        let resolved = on.execute(sql, values).await?;
        add_if(&mut on, resolved > 0, done).await?;
        on.commit().await?;
        Ok(resolved > 0)
    }
}
