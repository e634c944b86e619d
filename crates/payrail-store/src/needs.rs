//! What a batch needs to have locked and loaded before it can be decided.

use std::collections::{BTreeMap, BTreeSet};

use payrail_core::command::Command;
use payrail_core::decide::{Book, Loaded};
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::Payout;
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::rows::{KnownReturnRow, PayoutRow, RecordRow, TipRow, UtrRow};

/// Sets, so that each is sorted: merchants are always locked in one order.
#[derive(Default)]
pub(crate) struct Needs {
    pub merchants: BTreeSet<MerchantId>,
    pub keys: BTreeSet<(MerchantId, IdempotencyKey)>,
    pub payouts: BTreeSet<(MerchantId, PayoutId)>,
    /// Lines of the bank's list of returns, by id, with the payouts that they name.
    pub returns: BTreeSet<(MerchantId, PayoutId, Uuid)>,
    /// UTRs that payouts are paid under.
    pub utrs: BTreeSet<(MerchantId, PayoutId, String)>,
}

impl Needs {
    pub fn of(commands: &[Command]) -> Self {
        let mut needs = Self::default();
        for Command { merchant, action } in commands {
            needs.merchants.insert(*merchant);
            needs.keys.extend(action.key().map(|key| (*merchant, key)));
            needs.payouts.extend(action.payout().map(|payout| (*merchant, payout)));
            if let (Some(payout), Some(line)) = (action.payout(), action.line()) {
                needs.returns.insert((*merchant, payout, line.id()));
            }
            if let (Some(payout), Some(utr)) = (action.payout(), action.utr()) {
                needs.utrs.insert((*merchant, payout, utr.to_owned()));
            }
        }
        needs
    }
}

impl Needs {
    /// What was looked for, whether or not it was found. Who does not exist has no book to note it in.
    fn note_in(&self, books: &mut Books) {
        let mut note = |merchant: &MerchantId, note: &mut dyn FnMut(&mut Loaded)| {
            if let Some(book) = books.get_mut(merchant) {
                note(&mut book.loaded);
            }
        };
        for (merchant, key) in &self.keys {
            note(merchant, &mut |loaded| _ = loaded.keys.insert(*key));
        }
        for (merchant, payout) in &self.payouts {
            note(merchant, &mut |loaded| _ = loaded.payouts.insert(*payout));
        }
        for (merchant, payout, line) in &self.returns {
            note(merchant, &mut |loaded| _ = loaded.returns.insert((*payout, *line)));
        }
        for (merchant, _, utr) in &self.utrs {
            note(merchant, &mut |loaded| _ = loaded.utrs.insert(utr.clone()));
        }
    }
}

pub(crate) type Books = BTreeMap<MerchantId, Book>;

/// What a store has found of it.
pub(crate) struct Rows {
    pub tips: Vec<TipRow>,
    pub records: Vec<RecordRow>,
    pub payouts: Vec<PayoutRow>,
    pub returns: Vec<KnownReturnRow>,
    pub utrs: Vec<UtrRow>,
}

/// The books of the merchants that exist, as the rows tell. The rows are all that was found of these needs: of
/// everything else a book says that it was not looked for.
pub(crate) fn books(needs: &Needs, rows: Rows) -> Result<Books> {
    let mut books = Books::new();
    for row in rows.tips {
        let merchant = MerchantId(row.merchant_id);
        let (last_event, last_at) = (row.last_event(), row.last_at);
        books.insert(merchant, Book { tip: row.tip(), last_event, last_at, ..Book::new(merchant) });
    }
    for row in rows.records {
        let book = book_of(&mut books, row.merchant_id)?;
        let record = Record::try_from(row)?;
        book.records.insert(record.key, record);
    }
    for row in rows.payouts {
        let book = book_of(&mut books, row.merchant_id)?;
        let payout = Payout::try_from(row)?;
        book.payouts.insert(payout.id, payout);
    }
    for row in rows.returns {
        let book = book_of(&mut books, row.merchant_id)?;
        book.returns.extend(row.known().map(|known| (row.id, known)));
    }
    for row in rows.utrs {
        // It is asked of whoever is named, and found without them: who is not there has no book.
        if let (Some(book), Some(other)) = (books.get_mut(&MerchantId(row.merchant_id)), row.other) {
            book.utrs.insert(row.utr, PayoutId(other));
        }
    }
    needs.note_in(&mut books);
    Ok(books)
}

fn book_of(books: &mut Books, merchant: uuid::Uuid) -> Result<&mut Book> {
    books
        .get_mut(&MerchantId(merchant))
        .ok_or_else(|| StoreError::Corrupt(format!("rows of merchant {merchant}, who does not exist")))
}
