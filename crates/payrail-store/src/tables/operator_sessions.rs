//! Operators' sessions in a browser.

use jiff::Timestamp;
use payrail_types::operator::OperatorAction;
use uuid::Uuid;

use super::operator_actions::{self, add_if};
use super::operators::{self, Operator};
use crate::db::{Columns, FromRow, values};
use crate::error::Result;
use crate::store::Store;

/// A session. The database stores only the keyed hash of the cookie's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A session's operator and its end.
struct Signed(Operator, Timestamp);

impl FromRow for Signed {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self(Operator::from_row(row)?, row.take("expires_at")?))
    }
}

impl Store {
    /// False, without a session, if the operator was disabled or the password changed since the check.
    pub async fn open_session(
        &self,
        of: Uuid,
        checked_hash: &str,
        session: &NewSession,
        done: &OperatorAction,
    ) -> Result<bool> {
        let mut on = self.central().begin().await?;
        // This only locks the row: a change of password either waits for this session and then ends it, or came first
        // and changed the hash.
        let lock = "UPDATE operators SET name = name WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
        if on.execute(lock, values![of, checked_hash]).await? == 0 {
            on.commit().await?;
            return Ok(false);
        }
        on.execute("DELETE FROM operator_sessions WHERE expires_at <= $1", values![session.created_at]).await?;
        on.execute(
            "INSERT INTO operator_sessions (hash, operator_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            values![&session.hash[..], of, session.created_at, session.expires_at],
        )
        .await?;
        operator_actions::add(&mut on, [done]).await?;
        on.commit().await?;
        Ok(true)
    }

    /// The session's operator and its end.
    pub async fn operator_of_session(&self, hash: &[u8], now: Timestamp) -> Result<Option<(Operator, Timestamp)>> {
        let sql = format!(
            "SELECT {}, s.expires_at FROM operator_sessions s JOIN operators o ON o.id = s.operator_id \
             WHERE s.hash = $1 AND s.expires_at > $2 AND o.disabled_at IS NULL",
            *operators::COLUMNS
        );
        let found: Option<Signed> = self.central().short_read().await?.optional(&sql, values![hash, now]).await?;
        Ok(found.map(|Signed(operator, until)| (operator, until)))
    }

    /// Writes to the audit log if the session existed.
    pub async fn close_session(&self, hash: &[u8], done: &OperatorAction) -> Result<()> {
        let mut on = self.central().begin().await?;
        let closed = on.execute("DELETE FROM operator_sessions WHERE hash = $1", values![hash]).await?;
        add_if(&mut on, closed == 1, done).await?;
        on.commit().await
    }
}
