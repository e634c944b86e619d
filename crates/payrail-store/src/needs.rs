//! The rows that must be locked and loaded before a batch can be decided.

use std::collections::BTreeSet;

use payrail_core::book::Book;
pub(crate) use payrail_core::book::Books;
use payrail_core::command::{self, Command};
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::payout::Payout;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::tables::bank_returns::KnownReturnRow;
use crate::tables::ledger_entries::TipRow;
use crate::tables::payouts::UtrRow;

/// Sorted sets, because merchants are always locked in one order.
#[derive(Default)]
pub(crate) struct Needs {
    pub merchants: BTreeSet<MerchantId>,
    pub keys: BTreeSet<(MerchantId, IdempotencyKey)>,
    pub payouts: BTreeSet<(MerchantId, PayoutId)>,
    /// Lines of the bank's list of returns, by id, with the payouts that they name.
    pub returns: BTreeSet<(MerchantId, PayoutId, Uuid)>,
    /// The UTRs of payments.
    pub utrs: BTreeSet<(MerchantId, PayoutId, Utr)>,
}

impl Needs {
    pub fn of(commands: &[Command]) -> Self {
        let mut needs = Self::default();
        for Command { merchant, action } in commands {
            let command::Needs { keys, payouts, returns, utrs } = action.needs();
            needs.merchants.insert(*merchant);
            needs.keys.extend(keys.into_iter().map(|key| (*merchant, key)));
            needs.payouts.extend(payouts.into_iter().map(|payout| (*merchant, payout)));
            needs.returns.extend(returns.into_iter().map(|(payout, line)| (*merchant, payout, line)));
            needs.utrs.extend(utrs.into_iter().map(|(payout, utr)| (*merchant, payout, utr)));
        }
        needs
    }

    /// Marks everything as absent. Rows that are found replace the marks.
    fn note_in(&self, books: &mut Books) {
        for (merchant, key) in &self.keys {
            note(books, merchant, |book| _ = book.records.insert(*key, None));
        }
        for (merchant, payout) in &self.payouts {
            note(books, merchant, |book| _ = book.payouts.insert(*payout, None));
        }
        for (merchant, payout, line) in &self.returns {
            note(books, merchant, |book| {
                book.returns.insert(*line, None);
                book.credited.insert(*payout, None);
            });
        }
        for (merchant, payout, utr) in &self.utrs {
            note(books, merchant, |book| _ = book.utrs.insert((*payout, utr.clone()), None));
        }
    }
}

/// Ignores merchants that do not exist.
fn note(books: &mut Books, merchant: &MerchantId, note: impl FnOnce(&mut Book)) {
    if let Some(Some(book)) = books.get_mut(merchant) {
        note(book);
    }
}

/// The rows that a store has found.
pub(crate) struct Rows {
    pub tips: Vec<TipRow>,
    pub records: Vec<(MerchantId, Record)>,
    pub payouts: Vec<(MerchantId, Payout)>,
    pub returns: Vec<KnownReturnRow>,
    pub utrs: Vec<UtrRow>,
}

/// Builds the merchants' books from the rows. A need without a row is absent; everything else counts as not loaded.
pub(crate) fn books(needs: &Needs, rows: Rows) -> Result<Books> {
    let mut books: Books = needs.merchants.iter().map(|merchant| (*merchant, None)).collect();
    for row in rows.tips {
        let merchant = MerchantId(row.merchant_id);
        let (last_event, last_at) = (row.last_event(), row.last_at);
        books.insert(merchant, Some(Book { tip: row.tip(), last_event, last_at, ..Book::new(merchant) }));
    }
    needs.note_in(&mut books);
    for (merchant, record) in rows.records {
        book_of(&mut books, merchant)?.records.insert(record.key, Some(record));
    }
    for (merchant, payout) in rows.payouts {
        book_of(&mut books, merchant)?.payouts.insert(payout.id, Some(payout));
    }
    for row in rows.returns {
        let book = book_of(&mut books, MerchantId(row.merchant_id))?;
        if let Some(known) = row.known() {
            book.returns.insert(row.id, Some(known));
            if known.credited {
                book.credited.insert(known.payout, Some(row.id));
            }
        }
    }
    for row in rows.utrs {
        // The look-up covers all merchants, so it finds rows even if the command's merchant does not exist.
        note(&mut books, &MerchantId(row.merchant_id), |book| {
            book.utrs.insert((PayoutId(row.payout_id), Utr::from_stored(row.utr)), row.other.map(PayoutId));
        });
    }
    Ok(books)
}

fn book_of(books: &mut Books, merchant: MerchantId) -> Result<&mut Book> {
    books
        .get_mut(&merchant)
        .and_then(Option::as_mut)
        .ok_or_else(|| StoreError::Corrupt(format!("rows of merchant {merchant}, who does not exist")))
}
