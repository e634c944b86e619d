//! Operators and their sessions. Whoever is disabled or gets a new password is out at once: the sessions go in
//! the same transaction, and every look at a session looks at its operator too.

use jiff::Timestamp;
use payrail_core::operator::OperatorAction;
use uuid::Uuid;

use crate::Store;
use crate::db::{Columns, Connection, FromRow, values};
use crate::error::{Result, StoreError};
use crate::statements::add_action;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees everything, changes nothing.
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
    /// The password is a one-time one, which signs in until then and must be replaced first.
    pub temporary_until: Option<Timestamp>,
}

/// What became of the wish to disable an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabling {
    Done,
    /// The operator was disabled already.
    AlreadyDone,
    /// Nobody who may change anything would be left; nothing was done.
    LastOperator,
}

/// What a cookie's token stands for: the keyed hash is all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

pub(crate) struct OperatorRow {
    id: Uuid,
    name: String,
    role: String,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
    temporary_until: Option<Timestamp>,
    pub password_hash: Option<String>,
    pub expires_at: Option<Timestamp>,
}

impl FromRow for OperatorRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            name: row.take("name")?,
            role: row.take("role")?,
            created_at: row.take("created_at")?,
            disabled_at: row.take("disabled_at")?,
            temporary_until: row.take("temporary_until")?,
            password_hash: row.take_if_any("password_hash")?,
            expires_at: row.take_if_any("expires_at")?,
        })
    }
}

impl TryFrom<OperatorRow> for Operator {
    type Error = StoreError;

    fn try_from(row: OperatorRow) -> Result<Self> {
        let role = Role::parse(&row.role);
        Ok(Self {
            id: row.id,
            name: row.name,
            role: role.ok_or_else(|| StoreError::Corrupt(format!("unknown role {:?}", row.role)))?,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
            temporary_until: row.temporary_until,
        })
    }
}

impl Store {
    /// False when the name is taken, in whatever case.
    pub async fn add_operator(&self, operator: &Operator, password_hash: &str, done: &OperatorAction) -> Result<bool> {
        write!(self, operators::add_operator(operator, password_hash, done))
    }

    /// In the order of their names.
    pub async fn operators(&self) -> Result<Vec<Operator>> {
        read!(self, operators::operators())
    }

    /// In whatever case; with the hash of the password.
    pub async fn operator_of_name(&self, name: &str) -> Result<Option<(Operator, String)>> {
        read!(self, operators::operator_of_name(name))
    }

    /// Disables an operator unless nobody who may change anything would be left.
    pub async fn disable_but_the_last(&self, id: Uuid, now: Timestamp, done: &OperatorAction) -> Result<Disabling> {
        write!(self, operators::disable_but_the_last(id, now, done))
    }

    /// False when the operator was not disabled. The password is the one from before.
    pub async fn enable_operator(&self, id: Uuid, done: &OperatorAction) -> Result<bool> {
        write!(self, operators::enable_operator(id, done))
    }

    /// Sets a one-time password, which signs in until then. Ends the operator's sessions as well.
    pub async fn set_temporary_password(
        &self,
        id: Uuid,
        password_hash: &str,
        until: Timestamp,
        done: &OperatorAction,
    ) -> Result<bool> {
        write!(self, operators::set_temporary_password(id, password_hash, until, done))
    }

    /// The operator's own change. Every session but `kept` ends. False when the operator has been disabled or the
    /// password changed since it was checked.
    pub async fn replace_password(
        &self,
        id: Uuid,
        checked_hash: &str,
        password_hash: &str,
        kept: &[u8],
        done: &OperatorAction,
    ) -> Result<bool> {
        write!(self, operators::replace_password(id, checked_hash, password_hash, kept, done))
    }

    pub async fn operator(&self, id: Uuid) -> Result<Option<Operator>> {
        read!(self, operators::operator(id))
    }

    /// False when the operator was disabled already.
    pub async fn disable_operator(&self, id: Uuid, now: Timestamp, done: &OperatorAction) -> Result<bool> {
        write!(self, operators::disable_operator(id, now, done))
    }

    /// Ends the operator's sessions as well.
    pub async fn set_password(&self, id: Uuid, password_hash: &str, done: &OperatorAction) -> Result<bool> {
        write!(self, operators::set_password(id, password_hash, done))
    }

    /// False, and no session, when the operator has been disabled or the password changed since it was checked.
    pub async fn open_session(
        &self,
        of: Uuid,
        checked_hash: &str,
        session: &NewSession,
        done: &OperatorAction,
    ) -> Result<bool> {
        write!(self, operators::open_session(of, checked_hash, session, done))
    }

    /// Who has this session, and until when.
    pub async fn operator_of_session(&self, hash: &[u8], now: Timestamp) -> Result<Option<(Operator, Timestamp)>> {
        read!(self, operators::operator_of_session(hash, now))
    }

    /// Says so in the audit log if there was such a session.
    pub async fn close_session(&self, hash: &[u8], done: &OperatorAction) -> Result<()> {
        write!(self, operators::close_session(hash, done))
    }
}

pub(crate) async fn add_operator(
    on: &mut Connection,
    operator: &Operator,
    password_hash: &str,
    done: &OperatorAction,
) -> Result<bool> {
    let added = on
        .execute(
            "INSERT INTO operators (id, name, password_hash, role, created_at, temporary_until) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            values![
                operator.id,
                &operator.name,
                password_hash,
                operator.role.as_str(),
                operator.created_at,
                operator.temporary_until
            ],
        )
        .await?;
    noted(on, added == 1, done).await
}

/// What was done is told of; what was not, is not.
async fn noted(on: &mut Connection, was_done: bool, done: &OperatorAction) -> Result<bool> {
    if was_done {
        add_action(on, done).await?;
    }
    Ok(was_done)
}

pub(crate) async fn operators(on: &mut Connection) -> Result<Vec<Operator>> {
    let rows: Vec<OperatorRow> = on
        .all("SELECT id, name, role, created_at, disabled_at, temporary_until FROM operators ORDER BY lower(name)", &[])
        .await?;
    rows.into_iter().map(Operator::try_from).collect()
}

pub(crate) async fn operator(on: &mut Connection, id: Uuid) -> Result<Option<Operator>> {
    let row: Option<OperatorRow> = on
        .optional(
            "SELECT id, name, role, created_at, disabled_at, temporary_until FROM operators WHERE id = $1",
            values![id],
        )
        .await?;
    row.map(Operator::try_from).transpose()
}

pub(crate) async fn operator_of_name(on: &mut Connection, name: &str) -> Result<Option<(Operator, String)>> {
    let row: Option<OperatorRow> = on
        .optional(
            "SELECT id, name, role, created_at, disabled_at, temporary_until, password_hash \
         FROM operators WHERE lower(name) = $1",
            values![&*name.to_ascii_lowercase()],
        )
        .await?;
    let Some(mut row) = row else { return Ok(None) };
    let hash = row.password_hash.take().unwrap_or_default();
    Ok(Some((Operator::try_from(row)?, hash)))
}

pub(crate) async fn disable_operator(
    on: &mut Connection,
    id: Uuid,
    now: Timestamp,
    done: &OperatorAction,
) -> Result<bool> {
    let disabled = on
        .execute("UPDATE operators SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL", values![id, now])
        .await?;
    end_sessions(on, id).await?;
    noted(on, disabled == 1, done).await
}

pub(crate) async fn disable_but_the_last(
    on: &mut Connection,
    id: Uuid,
    now: Timestamp,
    done: &OperatorAction,
) -> Result<Disabling> {
    // Two operators who disable each other at the same moment take turns at the first operator's row; the
    // second one's count, a statement of its own, sees what the first did.
    on.execute("UPDATE operators SET name = name WHERE id = (SELECT id FROM operators ORDER BY id LIMIT 1)", &[])
        .await?;
    let (others,): (i64,) = on
        .one(
            "SELECT count(*) FROM operators \
         WHERE id <> $1 AND role = 'operator' AND disabled_at IS NULL AND temporary_until IS NULL",
            values![id],
        )
        .await?;
    if others == 0 {
        return Ok(Disabling::LastOperator);
    }
    let is_done = disable_operator(on, id, now, done).await?;
    Ok(if is_done { Disabling::Done } else { Disabling::AlreadyDone })
}

pub(crate) async fn enable_operator(on: &mut Connection, id: Uuid, done: &OperatorAction) -> Result<bool> {
    let enabled = on
        .execute("UPDATE operators SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL", values![id])
        .await?;
    noted(on, enabled == 1, done).await
}

pub(crate) async fn set_password(
    on: &mut Connection,
    id: Uuid,
    password_hash: &str,
    done: &OperatorAction,
) -> Result<bool> {
    let changed = on
        .execute(
            "UPDATE operators SET password_hash = $2, temporary_until = NULL WHERE id = $1",
            values![id, password_hash],
        )
        .await?;
    end_sessions(on, id).await?;
    noted(on, changed == 1, done).await
}

pub(crate) async fn set_temporary_password(
    on: &mut Connection,
    id: Uuid,
    password_hash: &str,
    until: Timestamp,
    done: &OperatorAction,
) -> Result<bool> {
    let changed = on
        .execute(
            "UPDATE operators SET password_hash = $2, temporary_until = $3 WHERE id = $1",
            values![id, password_hash, until],
        )
        .await?;
    end_sessions(on, id).await?;
    noted(on, changed == 1, done).await
}

pub(crate) async fn replace_password(
    on: &mut Connection,
    id: Uuid,
    checked_hash: &str,
    password_hash: &str,
    kept: &[u8],
    done: &OperatorAction,
) -> Result<bool> {
    let changed = on
        .execute(
            "UPDATE operators SET password_hash = $3, temporary_until = NULL \
         WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL",
            values![id, checked_hash, password_hash],
        )
        .await?;
    if changed == 1 {
        on.execute("DELETE FROM operator_sessions WHERE operator_id = $1 AND hash <> $2", values![id, kept]).await?;
    }
    noted(on, changed == 1, done).await
}

async fn end_sessions(on: &mut Connection, of: Uuid) -> Result<()> {
    on.execute("DELETE FROM operator_sessions WHERE operator_id = $1", values![of]).await?;
    Ok(())
}

pub(crate) async fn open_session(
    on: &mut Connection,
    of: Uuid,
    checked_hash: &str,
    session: &NewSession,
    done: &OperatorAction,
) -> Result<bool> {
    // Changes nothing but takes the row's lock: a change of password waits for this session and then
    // ends it, or was first, and the hash is another.
    let still = on
        .execute(
            "UPDATE operators SET name = name WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL",
            values![of, checked_hash],
        )
        .await?;
    if still == 0 {
        return Ok(false);
    }
    on.execute("DELETE FROM operator_sessions WHERE expires_at <= $1", values![session.created_at]).await?;
    on.execute(
        "INSERT INTO operator_sessions (hash, operator_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        values![&session.hash[..], of, session.created_at, session.expires_at],
    )
    .await?;
    noted(on, true, done).await
}

pub(crate) async fn operator_of_session(
    on: &mut Connection,
    hash: &[u8],
    now: Timestamp,
) -> Result<Option<(Operator, Timestamp)>> {
    let row: Option<OperatorRow> = on
        .optional(
            "SELECT o.id, o.name, o.role, o.created_at, o.disabled_at, o.temporary_until, s.expires_at \
         FROM operator_sessions s JOIN operators o ON o.id = s.operator_id \
         WHERE s.hash = $1 AND s.expires_at > $2 AND o.disabled_at IS NULL",
            values![hash, now],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let until = row.expires_at.unwrap_or(now);
    Ok(Some((Operator::try_from(row)?, until)))
}

pub(crate) async fn close_session(on: &mut Connection, hash: &[u8], done: &OperatorAction) -> Result<()> {
    let closed = on.execute("DELETE FROM operator_sessions WHERE hash = $1", values![hash]).await?;
    noted(on, closed == 1, done).await.map(drop)
}
