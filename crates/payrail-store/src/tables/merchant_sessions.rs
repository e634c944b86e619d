//! Merchants' sessions in a browser. A session belongs to the API key that began it, and ends when the key is revoked.

use jiff::Timestamp;
use payrail_types::ids::MerchantId;

use super::merchants::Merchant;
use super::operator_sessions::NewSession;
use crate::db::values;
use crate::error::Result;
use crate::store::Store;

/// An open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantSession {
    pub merchant: Merchant,
    pub expires_at: Timestamp,
    /// The visible part of the key that began it.
    pub key_prefix: String,
}

impl Store {
    /// Begins a session for the key with this hash, and removes those that have expired.
    pub async fn open_merchant_session(&self, key_hash: &[u8], session: &NewSession) -> Result<()> {
        let mut on = self.central().begin().await?;
        on.execute("DELETE FROM merchant_sessions WHERE expires_at <= $1", values![session.created_at]).await?;
        on.execute(
            "INSERT INTO merchant_sessions (hash, key_hash, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            values![&session.hash[..], key_hash, session.created_at, session.expires_at],
        )
        .await?;
        on.commit().await
    }

    /// `None` if the session expired or ended, or its key was revoked.
    pub async fn merchant_session(&self, hash: &[u8], now: Timestamp) -> Result<Option<MerchantSession>> {
        let sql = "SELECT k.merchant_id, s.expires_at, k.prefix FROM merchant_sessions s \
                   JOIN api_keys k ON k.hash = s.key_hash \
                   WHERE s.hash = $1 AND s.expires_at > $2 AND k.revoked_at IS NULL";
        let found = self.central().short_read().await?.optional(sql, values![hash, now]).await?;
        let Some((merchant, expires_at, key_prefix)) = found else { return Ok(None) };
        let merchant = self.merchant(MerchantId(merchant)).await?;
        Ok(merchant.map(|merchant| MerchantSession { merchant, expires_at, key_prefix }))
    }

    pub async fn end_merchant_session(&self, hash: &[u8]) -> Result<()> {
        let mut on = self.central().begin().await?;
        on.execute("DELETE FROM merchant_sessions WHERE hash = $1", values![hash]).await?;
        on.commit().await
    }
}
