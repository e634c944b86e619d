//! Merchants' sessions in a browser. A session stands for the API key that began it: when the key is revoked,
//! the session ends with it.

use jiff::Timestamp;
use uuid::Uuid;

use crate::Store;
use crate::db::{Columns, Connection, FromRow, values};
use crate::error::Result;
use crate::operators::NewSession;
use crate::rows::Merchant;

pub(crate) struct SessionRow {
    id: Uuid,
    name: String,
    email: String,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl FromRow for SessionRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            name: row.take("name")?,
            email: row.take("email")?,
            created_at: row.take("created_at")?,
            expires_at: row.take("expires_at")?,
        })
    }
}

impl From<SessionRow> for (Merchant, Timestamp) {
    fn from(row: SessionRow) -> Self {
        let merchant = Merchant {
            id: payrail_core::ids::MerchantId(row.id),
            name: row.name,
            email: row.email,
            created_at: row.created_at,
        };
        (merchant, row.expires_at)
    }
}

impl Store {
    /// Begins a session for the key with this hash, and clears away those that have expired.
    pub async fn open_merchant_session(&self, key_hash: &[u8], session: &NewSession) -> Result<()> {
        write!(self, sessions::open_merchant_session(key_hash, session))
    }

    /// Whose session this is, and until when; none if it has expired or ended, or its key was revoked.
    pub async fn merchant_of_session(&self, hash: &[u8], now: Timestamp) -> Result<Option<(Merchant, Timestamp)>> {
        read!(self, sessions::merchant_of_session(hash, now))
    }

    pub async fn end_merchant_session(&self, hash: &[u8]) -> Result<()> {
        write!(self, sessions::end_merchant_session(hash))
    }
}

pub(crate) async fn open_merchant_session(on: &mut Connection, key_hash: &[u8], session: &NewSession) -> Result<()> {
    on.execute("DELETE FROM merchant_sessions WHERE expires_at <= $1", values![session.created_at]).await?;
    on.execute(
        "INSERT INTO merchant_sessions (hash, key_hash, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        values![&session.hash[..], key_hash, session.created_at, session.expires_at],
    )
    .await?;
    Ok(())
}

pub(crate) async fn merchant_of_session(
    on: &mut Connection,
    hash: &[u8],
    now: Timestamp,
) -> Result<Option<(Merchant, Timestamp)>> {
    let row: Option<SessionRow> = on
        .optional(
            "SELECT m.id, m.name, m.email, m.created_at, s.expires_at FROM merchant_sessions s \
         JOIN api_keys k ON k.hash = s.key_hash \
         JOIN merchants m ON m.bucket = k.bucket AND m.id = k.merchant_id \
         WHERE s.hash = $1 AND s.expires_at > $2 AND k.revoked_at IS NULL",
            values![hash, now],
        )
        .await?;
    Ok(row.map(Into::into))
}

pub(crate) async fn end_merchant_session(on: &mut Connection, hash: &[u8]) -> Result<()> {
    on.execute("DELETE FROM merchant_sessions WHERE hash = $1", values![hash]).await?;
    Ok(())
}
