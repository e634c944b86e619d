//! Operators. Disabling one takes effect at once: the sessions end in the same transaction, and every check of a
//! session checks its operator too.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_types::operator::OperatorAction;
use uuid::Uuid;

use super::operator_actions::add_if;
use super::parse::word;
use crate::connection::Connection;
use crate::db::{Columns, FromRow, TableRow, Visitor, Write, columns_of, values};
use crate::error::Result;
use crate::store::Store;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May see everything and change nothing.
    Viewer,
    Operator,
}

impl Role {
    pub const ALL: [Role; 2] = [Self::Viewer, Self::Operator];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    pub id: Uuid,
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
    /// When the one-time password expires. The operator must first replace it.
    pub temporary_until: Option<Timestamp>,
}

/// The result of disabling an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabling {
    Done,
    /// The operator was disabled already.
    AlreadyDone,
    /// Nothing was done, because no operator with the right to change anything would be left.
    LastOperator,
}

#[derive(Default)]
pub(crate) struct OperatorRow<'a> {
    id: Uuid,
    name: Cow<'a, str>,
    password_hash: Cow<'a, str>,
    role: Cow<'a, str>,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
    temporary_until: Option<Timestamp>,
}

impl<'a> TableRow<'a> for OperatorRow<'a> {
    const TABLE: &'static str = "operators";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("id", &mut self.id)?;
        visitor.column("name", &mut self.name)?;
        visitor.column("password_hash", &mut self.password_hash)?;
        visitor.column("role", &mut self.role)?;
        visitor.column("created_at", &mut self.created_at)?;
        visitor.column("disabled_at", &mut self.disabled_at)?;
        visitor.column("temporary_until", &mut self.temporary_until)
    }
}

impl<'a> OperatorRow<'a> {
    fn new(operator: &'a Operator, password_hash: &'a str) -> Self {
        Self {
            id: operator.id,
            name: operator.name.as_str().into(),
            password_hash: password_hash.into(),
            role: operator.role.as_str().into(),
            created_at: operator.created_at,
            disabled_at: operator.disabled_at,
            temporary_until: operator.temporary_until,
        }
    }
}

/// An operator with the hash of the password.
struct WithPassword(Operator, String);

impl FromRow for WithPassword {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let OperatorRow { id, name, password_hash, role, created_at, disabled_at, temporary_until } =
            OperatorRow::from_row(row)?;
        let role = word(Role::parse(&role), "role", &role)?;
        let operator = Operator { id, name: name.into_owned(), role, created_at, disabled_at, temporary_until };
        Ok(Self(operator, password_hash.into_owned()))
    }
}

impl FromRow for Operator {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        WithPassword::from_row(row).map(|WithPassword(operator, _)| operator)
    }
}

/// Columns of an operator `o`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<OperatorRow>("o"));

static INSERT: LazyLock<Write> = LazyLock::new(|| Write::upsert::<OperatorRow>(" ON CONFLICT DO NOTHING"));

impl Store {
    /// False if the name is taken, in any case.
    pub async fn add_operator(&self, operator: &Operator, password_hash: &str, done: &OperatorAction) -> Result<bool> {
        let mut on = self.central().begin().await?;
        let added = on.write_some(INSERT.batch([OperatorRow::new(operator, password_hash)])).await?;
        add_if(&mut on, added == 1, done).await?;
        on.commit().await?;
        Ok(added == 1)
    }

    /// Ordered by name.
    pub async fn operators(&self) -> Result<Vec<Operator>> {
        let sql = format!("SELECT {} FROM operators o ORDER BY lower(o.name)", *COLUMNS);
        self.central().short_read().await?.all(&sql, &[]).await
    }

    pub async fn operator(&self, id: Uuid) -> Result<Option<Operator>> {
        let sql = format!("SELECT {} FROM operators o WHERE o.id = $1", *COLUMNS);
        self.central().short_read().await?.optional(&sql, values![id]).await
    }

    /// Finds the name in any case, with the hash of the password.
    pub async fn operator_of_name(&self, name: &str) -> Result<Option<(Operator, String)>> {
        let sql = format!("SELECT {} FROM operators o WHERE lower(o.name) = $1", *COLUMNS);
        let name = name.to_ascii_lowercase();
        let found: Option<WithPassword> = self.central().short_read().await?.optional(&sql, values![&name]).await?;
        Ok(found.map(|WithPassword(operator, hash)| (operator, hash)))
    }

    /// False when the operator was disabled already.
    pub async fn disable_operator(&self, id: Uuid, now: Timestamp, done: &OperatorAction) -> Result<bool> {
        let mut on = self.central().begin().await?;
        let is_done = disable(&mut on, id, now, done).await?;
        on.commit().await?;
        Ok(is_done)
    }

    /// Disables an operator, unless no operator with the right to change anything would be left.
    pub async fn disable_but_the_last(&self, id: Uuid, now: Timestamp, done: &OperatorAction) -> Result<Disabling> {
        let mut on = self.central().begin().await?;
        // If two operators disable each other at the same moment, the second waits for the lock on the first operator's
        // row, and its count, a separate statement, sees the first change.
        let lock = "UPDATE operators SET name = name WHERE id = (SELECT id FROM operators ORDER BY id LIMIT 1)";
        on.execute(lock, &[]).await?;
        let others = "SELECT count(*) FROM operators \
                      WHERE id <> $1 AND role = 'operator' AND disabled_at IS NULL AND temporary_until IS NULL";
        if on.one::<(i64,)>(others, values![id]).await?.0 == 0 {
            on.commit().await?;
            return Ok(Disabling::LastOperator);
        }
        let is_done = disable(&mut on, id, now, done).await?;
        on.commit().await?;
        Ok(if is_done { Disabling::Done } else { Disabling::AlreadyDone })
    }

    /// False if the operator was not disabled. The earlier password is valid again.
    pub async fn enable_operator(&self, id: Uuid, done: &OperatorAction) -> Result<bool> {
        let mut on = self.central().begin().await?;
        let sql = "UPDATE operators SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
        let enabled = on.execute(sql, values![id]).await?;
        add_if(&mut on, enabled == 1, done).await?;
        on.commit().await?;
        Ok(enabled == 1)
    }
}

async fn disable(on: &mut Connection, id: Uuid, now: Timestamp, done: &OperatorAction) -> Result<bool> {
    let sql = "UPDATE operators SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
    let disabled = on.execute(sql, values![id, now]).await?;
    end_sessions(on, id).await?;
    add_if(on, disabled == 1, done).await?;
    Ok(disabled == 1)
}

pub(crate) async fn end_sessions(on: &mut Connection, of: Uuid) -> Result<()> {
    on.execute("DELETE FROM operator_sessions WHERE operator_id = $1", values![of]).await.map(drop)
}
