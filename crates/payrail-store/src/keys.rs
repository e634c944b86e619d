//! API keys as operators see them, and new merchants: each change with its row of the audit log, in one
//! transaction.

use jiff::Timestamp;
use payrail_core::ids::MerchantId;
use payrail_core::operator::OperatorAction;

use crate::Store;
use crate::db::{Columns, Connection, FromRow, values};
use crate::error::Result;
use crate::rows::Merchant;
use crate::statements::{add_action, add_key, add_merchant};

/// What is known of a key: never the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    pub hash: Vec<u8>,
    pub prefix: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// A key that is to be kept: its keyed hash and what people may see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    pub hash: [u8; 32],
    pub prefix: String,
    pub created_at: Timestamp,
}

pub(crate) struct KeyRow {
    hash: Vec<u8>,
    prefix: String,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl FromRow for KeyRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            hash: row.take("hash")?,
            prefix: row.take("prefix")?,
            created_at: row.take("created_at")?,
            revoked_at: row.take("revoked_at")?,
        })
    }
}

impl From<KeyRow> for KeyLine {
    fn from(row: KeyRow) -> Self {
        Self { hash: row.hash, prefix: row.prefix, created_at: row.created_at, revoked_at: row.revoked_at }
    }
}

impl Store {
    /// The newest first.
    pub async fn keys(&self, merchant: MerchantId, limit: u32) -> Result<Vec<KeyLine>> {
        read!(self, keys::keys(merchant, limit))
    }

    /// A merchant with its first key, both or neither: without a key it could not get in. False when the e-mail
    /// address is taken.
    pub async fn found_merchant(&self, merchant: &Merchant, key: &NewKey, done: &[OperatorAction]) -> Result<bool> {
        write!(self, keys::found_merchant(merchant, key, done))
    }

    pub async fn issue_key(&self, merchant: MerchantId, key: &NewKey, done: &OperatorAction) -> Result<()> {
        write!(self, keys::issue_key(merchant, key, done))
    }

    /// The old key ends in the moment in which the new one begins; false, and no new key, when it ended before.
    pub async fn rotate_key(
        &self,
        merchant: MerchantId,
        old: &[u8],
        key: &NewKey,
        done: &OperatorAction,
    ) -> Result<bool> {
        write!(self, keys::rotate_key(merchant, old, key, done))
    }

    /// False when it was revoked before.
    pub async fn revoke_key(
        &self,
        merchant: MerchantId,
        hash: &[u8],
        now: Timestamp,
        done: &OperatorAction,
    ) -> Result<bool> {
        write!(self, keys::revoke_key(merchant, hash, now, done))
    }
}

pub(crate) async fn keys(on: &mut Connection, merchant: MerchantId, limit: u32) -> Result<Vec<KeyLine>> {
    let rows: Vec<KeyRow> = on
        .all(
            "SELECT hash, prefix, created_at, revoked_at FROM api_keys WHERE merchant_id = $1 \
         ORDER BY created_at DESC, hash LIMIT $2 + 0",
            values![merchant.0, i64::from(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(KeyLine::from).collect())
}

pub(crate) async fn found_merchant(
    on: &mut Connection,
    merchant: &Merchant,
    key: &NewKey,
    done: &[OperatorAction],
) -> Result<bool> {
    if !add_merchant(on, merchant).await? {
        return Ok(false);
    }
    add_key(on, merchant.id, &key.hash, &key.prefix, key.created_at).await?;
    for action in done {
        add_action(on, action).await?;
    }
    Ok(true)
}

pub(crate) async fn issue_key(
    on: &mut Connection,
    merchant: MerchantId,
    key: &NewKey,
    done: &OperatorAction,
) -> Result<()> {
    add_key(on, merchant, &key.hash, &key.prefix, key.created_at).await?;
    add_action(on, done).await
}

pub(crate) async fn rotate_key(
    on: &mut Connection,
    merchant: MerchantId,
    old: &[u8],
    key: &NewKey,
    done: &OperatorAction,
) -> Result<bool> {
    if !end(on, merchant, old, key.created_at).await? {
        return Ok(false);
    }
    issue_key(on, merchant, key, done).await?;
    Ok(true)
}

pub(crate) async fn revoke_key(
    on: &mut Connection,
    merchant: MerchantId,
    hash: &[u8],
    now: Timestamp,
    done: &OperatorAction,
) -> Result<bool> {
    if !end(on, merchant, hash, now).await? {
        return Ok(false);
    }
    add_action(on, done).await?;
    Ok(true)
}

/// A key ends once: of two who try, one changes a row.
async fn end(on: &mut Connection, merchant: MerchantId, hash: &[u8], now: Timestamp) -> Result<bool> {
    let ended = on
        .execute(
            "UPDATE api_keys SET revoked_at = $3 WHERE hash = $1 AND merchant_id = $2 AND revoked_at IS NULL",
            values![hash, merchant.0, now],
        )
        .await?;
    Ok(ended == 1)
}
