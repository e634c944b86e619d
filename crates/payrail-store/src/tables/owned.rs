//! The first two columns of every table that belongs to merchants.

use payrail_types::ids::MerchantId;
use uuid::Uuid;

use crate::cells::nobody;
use crate::db::{TableRow, Visitor};
use crate::error::Result;

/// A row with its owner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owned<T> {
    bucket: i16,
    merchant_id: Uuid,
    pub row: T,
}

impl<'a, T: TableRow<'a>> TableRow<'a> for Owned<T> {
    const TABLE: &'static str = T::TABLE;

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("bucket", &mut self.bucket)?;
        visitor.column("merchant_id", &mut self.merchant_id)?;
        self.row.columns(visitor)
    }
}

impl<T> Owned<T> {
    pub fn new(merchant: MerchantId, row: T) -> Self {
        Self { bucket: merchant.bucket().column(), merchant_id: merchant.0, row }
    }

    pub const fn merchant(&self) -> MerchantId {
        MerchantId(self.merchant_id)
    }
}

/// A decision's rows, with their owner.
pub(crate) fn rows_of<'w, T: 'w, R: From<&'w T>>(
    rows: impl IntoIterator<Item = &'w (MerchantId, T)>,
) -> impl Iterator<Item = Owned<R>> {
    rows.into_iter().map(|(merchant, row)| Owned::new(*merchant, R::from(row)))
}

/// The merchant whom a row concerns, if any.
pub(crate) fn somebody(merchant: MerchantId) -> Option<MerchantId> {
    (merchant != nobody()).then_some(merchant)
}
