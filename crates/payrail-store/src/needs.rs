//! What a batch needs to have locked and loaded before it can be decided.

use std::collections::{BTreeMap, BTreeSet};

use payrail_core::command::Command;
use payrail_core::decide::Book;
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::Payout;

use crate::error::{Result, StoreError};
use crate::rows::{PayoutRow, RecordRow, TipRow};

/// Sets, so that each is sorted: merchants are always locked in one order.
#[derive(Default)]
pub(crate) struct Needs {
    pub merchants: BTreeSet<MerchantId>,
    pub keys: BTreeSet<(MerchantId, IdempotencyKey)>,
    pub payouts: BTreeSet<(MerchantId, PayoutId)>,
}

impl Needs {
    pub fn of(commands: &[Command]) -> Self {
        let mut needs = Self::default();
        for Command { merchant, action } in commands {
            needs.merchants.insert(*merchant);
            needs.keys.extend(action.key().map(|key| (*merchant, key)));
            needs.payouts.extend(action.payout().map(|payout| (*merchant, payout)));
        }
        needs
    }
}

pub(crate) type Books = BTreeMap<MerchantId, Book>;

/// The books of the merchants that exist, as the rows tell.
pub(crate) fn books(tips: Vec<TipRow>, records: Vec<RecordRow>, payouts: Vec<PayoutRow>) -> Result<Books> {
    let mut books = Books::new();
    for row in tips {
        let merchant = MerchantId(row.merchant_id);
        let (last_event, last_at) = (row.last_event(), row.last_at.map(|at| at.0));
        books.insert(merchant, Book { tip: row.tip(), last_event, last_at, ..Book::new(merchant) });
    }
    for row in records {
        let book = book_of(&mut books, row.merchant_id)?;
        let record = Record::try_from(row)?;
        book.records.insert(record.key, record);
    }
    for row in payouts {
        let book = book_of(&mut books, row.merchant_id)?;
        let payout = Payout::try_from(row)?;
        book.payouts.insert(payout.id, payout);
    }
    Ok(books)
}

fn book_of(books: &mut Books, merchant: uuid::Uuid) -> Result<&mut Book> {
    books
        .get_mut(&MerchantId(merchant))
        .ok_or_else(|| StoreError::Corrupt(format!("rows of merchant {merchant}, who does not exist")))
}
