//! The audit log of operators' actions.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_types::ids::MerchantId;
use payrail_types::operator::{OperatorAction, OperatorActionKind};
use payrail_types::word::Word;
use uuid::Uuid;

use super::owned::{Owned, somebody};
use super::parse::word;
use crate::cells::nobody;
use crate::connection::Connection;
use crate::db::{Batch, Columns, FromRow, TableRow, Visitor, Write, columns_of, values};
use crate::error::Result;
use crate::store::Store;

#[derive(Default)]
pub(crate) struct ActionRow<'a> {
    id: Uuid,
    at: Timestamp,
    operator: Cow<'a, str>,
    action: Cow<'a, str>,
    subject: Option<Cow<'a, str>>,
    reason: Option<Cow<'a, str>>,
    detail: Option<Cow<'a, str>>,
}

impl<'a> TableRow<'a> for ActionRow<'a> {
    const TABLE: &'static str = "operator_actions";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("id", &mut self.id)?;
        visitor.column("at", &mut self.at)?;
        visitor.column("operator", &mut self.operator)?;
        visitor.column("action", &mut self.action)?;
        visitor.column("subject", &mut self.subject)?;
        visitor.column("reason", &mut self.reason)?;
        visitor.column("detail", &mut self.detail)
    }
}

impl<'a> From<&'a OperatorAction> for ActionRow<'a> {
    fn from(action: &'a OperatorAction) -> Self {
        Self {
            id: action.id,
            at: action.at,
            operator: action.operator.as_str().into(),
            action: action.action.as_str().into(),
            subject: action.subject.as_deref().map(Cow::from),
            reason: action.reason.as_deref().map(Cow::from),
            detail: action.detail.as_deref().map(Cow::from),
        }
    }
}

impl FromRow for OperatorAction {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let owned = Owned::<ActionRow>::from_row(row)?;
        let merchant = somebody(owned.merchant());
        let ActionRow { id, at, operator, action, subject, reason, detail } = owned.row;
        Ok(Self {
            id,
            at,
            merchant,
            operator: operator.into_owned(),
            action: word(OperatorActionKind::parse(&action), "action", &action)?,
            subject: subject.map(Cow::into_owned),
            reason: reason.map(Cow::into_owned),
            detail: detail.map(Cow::into_owned),
        })
    }
}

/// Columns of an action `a`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<Owned<ActionRow>>("a"));

static INSERT: LazyLock<Write> = LazyLock::new(Write::insert::<Owned<ActionRow>>);

pub(crate) fn owner(action: &OperatorAction) -> MerchantId {
    action.merchant.unwrap_or(nobody())
}

pub(crate) fn batch<'w>(actions: impl IntoIterator<Item = &'w OperatorAction>) -> Batch<'w> {
    INSERT.batch(actions.into_iter().map(|action| Owned::new(owner(action), ActionRow::from(action))))
}

/// Writes rows about changes outside of the engine, in the transaction of the change. (The engine writes its own rows
/// with the batch.)
pub(crate) async fn add<'w>(on: &mut Connection, actions: impl IntoIterator<Item = &'w OperatorAction>) -> Result<()> {
    on.write(vec![batch(actions)]).await
}

/// Writes the row only if something changed.
pub(crate) async fn add_if(on: &mut Connection, was_done: bool, action: &OperatorAction) -> Result<()> {
    if was_done { add(on, [action]).await } else { Ok(()) }
}

impl Store {
    /// Writes a single row. A row about a change must be in the transaction of that change.
    pub async fn add_action(&self, action: &OperatorAction) -> Result<()> {
        let mut on = self.of(owner(action)).begin().await?;
        add(&mut on, [action]).await?;
        on.commit().await
    }

    /// The actions on a payout, a key, …, oldest first.
    pub async fn actions_about(&self, merchant: MerchantId, subject: &str, limit: u32) -> Result<Vec<OperatorAction>> {
        let sql = format!(
            "SELECT {} FROM operator_actions a WHERE a.bucket = $1 AND a.merchant_id = $2 AND a.subject = $3 \
             ORDER BY a.at, a.id LIMIT $4 + 0",
            *COLUMNS
        );
        let values = values![merchant.bucket().column(), merchant.0, subject, i64::from(limit)];
        self.of(merchant).long_read().await?.all(&sql, values).await
    }
}
