//! Merchants, and the directory of their e-mail addresses.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_types::ids::MerchantId;
use payrail_types::names::Email;
use uuid::Uuid;

use crate::database::Read;
use crate::db::{Columns, FromRow, TableRow, Value, Visitor, Write, columns_of, values};
use crate::error::Result;
use crate::store::Store;
use crate::store::change::Change;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    pub id: MerchantId,
    pub name: String,
    pub email: Email,
    pub created_at: Timestamp,
}

#[derive(Default)]
pub(crate) struct MerchantRow<'a> {
    bucket: i16,
    id: Uuid,
    name: Cow<'a, str>,
    email: Cow<'a, str>,
    created_at: Timestamp,
}

impl<'a> TableRow<'a> for MerchantRow<'a> {
    const TABLE: &'static str = "merchants";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("bucket", &mut self.bucket)?;
        visitor.column("id", &mut self.id)?;
        visitor.column("name", &mut self.name)?;
        visitor.column("email", &mut self.email)?;
        visitor.column("created_at", &mut self.created_at)
    }
}

impl<'a> From<&'a Merchant> for MerchantRow<'a> {
    fn from(merchant: &'a Merchant) -> Self {
        let (bucket, id) = (merchant.id.bucket().column(), merchant.id.0);
        let (name, email) = (merchant.name.as_str().into(), merchant.email.as_str().into());
        Self { bucket, id, name, email, created_at: merchant.created_at }
    }
}

impl FromRow for Merchant {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let MerchantRow { id, name, email, created_at, .. } = MerchantRow::from_row(row)?;
        Ok(Self { id: MerchantId(id), name: name.into_owned(), email: Email::from_stored(email), created_at })
    }
}

/// The address is unique over all buckets. The table of merchants cannot enforce that.
#[derive(Default)]
pub(crate) struct DirectoryRow<'a> {
    email: Cow<'a, str>,
    bucket: i16,
    merchant_id: Uuid,
}

impl<'a> TableRow<'a> for DirectoryRow<'a> {
    const TABLE: &'static str = "merchant_directory";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("email", &mut self.email)?;
        visitor.column("bucket", &mut self.bucket)?;
        visitor.column("merchant_id", &mut self.merchant_id)
    }
}

impl<'a> From<&'a Merchant> for DirectoryRow<'a> {
    fn from(merchant: &'a Merchant) -> Self {
        let bucket = merchant.id.bucket().column();
        Self { email: merchant.email.as_str().into(), bucket, merchant_id: merchant.id.0 }
    }
}

/// Columns of a merchant `m`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<MerchantRow>("m"));

pub(crate) static INSERT: LazyLock<Write> = LazyLock::new(Write::insert::<MerchantRow>);

/// If the address is taken, no row is written.
pub(crate) static LIST: LazyLock<Write> = LazyLock::new(|| Write::upsert::<DirectoryRow>(" ON CONFLICT DO NOTHING"));

/// Writes a merchant, unless the e-mail address is taken. It moves no money and changes no book.
pub(crate) async fn add(on: &mut Change, merchant: &Merchant) -> Result<bool> {
    if on.central().write_some(LIST.batch([DirectoryRow::from(merchant)])).await? == 0 {
        return Ok(false);
    }
    on.cell().write(vec![INSERT.batch([MerchantRow::from(merchant)])]).await?;
    Ok(true)
}

impl Store {
    /// False if the e-mail address is taken.
    pub async fn add_merchant(&self, merchant: &Merchant) -> Result<bool> {
        let mut on = self.begin_change(merchant.id).await?;
        let is_added = add(&mut on, merchant).await?;
        on.commit().await?;
        Ok(is_added)
    }

    pub async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>> {
        let sql = format!("SELECT {} FROM merchants m WHERE m.bucket = $1 AND m.id = $2", *COLUMNS);
        self.of(id).short_read().await?.optional(&sql, values![id.bucket().column(), id.0]).await
    }

    /// The merchant of a valid key.
    pub async fn merchant_of_key(&self, hash: &[u8]) -> Result<Option<Merchant>> {
        let sql = "SELECT merchant_id FROM api_keys WHERE hash = $1 AND revoked_at IS NULL";
        self.merchant_of(sql, values![hash]).await
    }

    pub async fn merchant_of_email(&self, email: &Email) -> Result<Option<Merchant>> {
        let sql = "SELECT merchant_id FROM merchant_directory WHERE email = $1";
        self.merchant_of(sql, values![email.as_str()]).await
    }

    /// The merchant whose id a central statement returns.
    async fn merchant_of(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Merchant>> {
        let found = self.central().short_read().await?.optional::<(Uuid,)>(sql, values).await?;
        let Some((id,)) = found else { return Ok(None) };
        self.merchant(MerchantId(id)).await
    }

    /// All merchants after `after`, ordered by bucket and id.
    pub async fn merchants(&self, after: Option<MerchantId>, limit: u32) -> Result<Vec<Merchant>> {
        let (bucket, id) = after.map_or((-1, Uuid::nil()), |id| (id.bucket().column(), id.0));
        let sql = format!(
            "SELECT {} FROM merchants m WHERE (m.bucket, m.id) > ($1, $2) ORDER BY m.bucket, m.id LIMIT $3 + 0",
            *COLUMNS
        );
        let place = |merchant: &Merchant| (merchant.id.bucket().column(), merchant.id);
        let values = values![bucket, id, i64::from(limit)];
        self.first_of_each(Read::Short, &sql, values, limit, |one, other| place(one).cmp(&place(other))).await
    }
}
