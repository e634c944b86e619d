//! API keys as operators see them, and new merchants: each change with its row of the audit log, in one transaction.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_types::ids::MerchantId;
use payrail_types::operator::OperatorAction;
use uuid::Uuid;

use super::merchants::{self, Merchant};
use super::operator_actions;
use crate::connection::Connection;
use crate::db::{Columns, FromRow, TableRow, Visitor, Write, columns_of, values};
use crate::error::Result;
use crate::store::Store;

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    pub hash: Vec<u8>,
    pub prefix: String,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// A new key: its keyed hash and its visible prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    pub hash: [u8; 32],
    pub prefix: String,
    pub created_at: Timestamp,
}

#[derive(Default)]
pub(crate) struct KeyRow<'a> {
    hash: Cow<'a, [u8]>,
    prefix: Cow<'a, str>,
    bucket: i16,
    merchant_id: Uuid,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl<'a> TableRow<'a> for KeyRow<'a> {
    const TABLE: &'static str = "api_keys";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("hash", &mut self.hash)?;
        visitor.column("prefix", &mut self.prefix)?;
        visitor.column("bucket", &mut self.bucket)?;
        visitor.column("merchant_id", &mut self.merchant_id)?;
        visitor.column("created_at", &mut self.created_at)?;
        visitor.column("revoked_at", &mut self.revoked_at)
    }
}

impl<'a> KeyRow<'a> {
    pub fn new(merchant: MerchantId, hash: &'a [u8], prefix: &'a str, created_at: Timestamp) -> Self {
        Self {
            hash: hash.into(),
            prefix: prefix.into(),
            bucket: merchant.bucket().column(),
            merchant_id: merchant.0,
            created_at,
            revoked_at: None,
        }
    }

    pub fn of(merchant: MerchantId, key: &'a NewKey) -> Self {
        Self::new(merchant, &key.hash, &key.prefix, key.created_at)
    }
}

impl FromRow for KeyLine {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let KeyRow { hash, prefix, created_at, revoked_at, .. } = KeyRow::from_row(row)?;
        Ok(Self { hash: hash.into_owned(), prefix: prefix.into_owned(), created_at, revoked_at })
    }
}

static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<KeyRow>("k"));

/// Writing the same key again changes nothing.
pub(crate) static INSERT: LazyLock<Write> = LazyLock::new(|| Write::upsert::<KeyRow>(" ON CONFLICT DO NOTHING"));

impl Store {
    /// Stores the keyed hash of an API key; the same one again changes nothing.
    pub async fn add_key(&self, merchant: MerchantId, hash: &[u8], prefix: &str, now: Timestamp) -> Result<()> {
        let mut on = self.central().begin().await?;
        on.write_some(INSERT.batch([KeyRow::new(merchant, hash, prefix, now)])).await?;
        on.commit().await
    }

    /// Newest first.
    pub async fn keys(&self, merchant: MerchantId, limit: u32) -> Result<Vec<KeyLine>> {
        let sql = format!(
            "SELECT {} FROM api_keys k WHERE k.merchant_id = $1 ORDER BY k.created_at DESC, k.hash LIMIT $2 + 0",
            *COLUMNS
        );
        self.central().short_read().await?.all(&sql, values![merchant.0, i64::from(limit)]).await
    }

    /// Creates a merchant with its first key, both or neither. False if the e-mail address is taken.
    pub async fn create_merchant(&self, merchant: &Merchant, key: &NewKey, done: &[OperatorAction]) -> Result<bool> {
        let mut on = self.begin_change(merchant.id).await?;
        if !merchants::add(&mut on, merchant).await? {
            on.commit().await?;
            return Ok(false);
        }
        add(on.central(), merchant.id, key).await?;
        operator_actions::add(on.cell(), done).await?;
        on.commit().await?;
        Ok(true)
    }

    pub async fn issue_key(&self, merchant: MerchantId, key: &NewKey, done: &OperatorAction) -> Result<()> {
        let mut on = self.begin_change(merchant).await?;
        add(on.central(), merchant, key).await?;
        operator_actions::add(on.cell(), [done]).await?;
        on.commit().await
    }

    /// Replaces the old key by the new one in one transaction. False, without a new key, if the old one was revoked
    /// before.
    pub async fn rotate_key(
        &self,
        merchant: MerchantId,
        old: &[u8],
        key: &NewKey,
        done: &OperatorAction,
    ) -> Result<bool> {
        let mut on = self.begin_change(merchant).await?;
        if !end(on.central(), merchant, old, key.created_at).await? {
            on.commit().await?;
            return Ok(false);
        }
        add(on.central(), merchant, key).await?;
        operator_actions::add(on.cell(), [done]).await?;
        on.commit().await?;
        Ok(true)
    }

    /// False if it was revoked before.
    pub async fn revoke_key(
        &self,
        merchant: MerchantId,
        hash: &[u8],
        now: Timestamp,
        done: &OperatorAction,
    ) -> Result<bool> {
        let mut on = self.begin_change(merchant).await?;
        let is_ended = end(on.central(), merchant, hash, now).await?;
        operator_actions::add_if(on.cell(), is_ended, done).await?;
        on.commit().await?;
        Ok(is_ended)
    }
}

async fn add(on: &mut Connection, merchant: MerchantId, key: &NewKey) -> Result<()> {
    on.write_some(INSERT.batch([KeyRow::of(merchant, key)])).await.map(drop)
}

/// Revokes a key once: of two attempts, only one changes a row.
async fn end(on: &mut Connection, merchant: MerchantId, hash: &[u8], now: Timestamp) -> Result<bool> {
    let sql = "UPDATE api_keys SET revoked_at = $3 WHERE hash = $1 AND merchant_id = $2 AND revoked_at IS NULL";
    Ok(on.execute(sql, values![hash, merchant.0, now]).await? == 1)
}
