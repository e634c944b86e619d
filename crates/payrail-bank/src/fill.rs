//! What a history of completed payouts has left in the bank's book, for benchmarks: written beside a bank at
//! work, if there is one, by the same rules and under the same triggers.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::Error;
use crate::book::open_to_write;
use crate::writer::next_number;

#[derive(Debug)]
pub struct Filler {
    path: PathBuf,
    book: Connection,
}

/// A transaction on the book, in which nobody else is given a number. Dropped without a commit, it is undone. (No
/// `rusqlite::Transaction`: that could not be held while the other database is written.)
#[derive(Debug)]
pub struct Page<'a> {
    filler: &'a mut Filler,
    /// Of the next payment; the UTR is made of it.
    pub next_number: i64,
}

fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> Error {
    move |source| Error::Book { path: path.to_owned(), source: source.into() }
}

impl Filler {
    /// Opens the book, or creates a new one.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned(), book: open_to_write(path)? })
    }

    pub fn begin(&mut self) -> Result<Page<'_>, Error> {
        self.book.execute_batch("BEGIN IMMEDIATE").map_err(failed(&self.path))?;
        let mut page = Page { filler: self, next_number: 0 };
        page.next_number = next_number(&page.filler.book).map_err(failed(&page.filler.path))?;
        Ok(page)
    }
}

impl Page<'_> {
    /// Pays the reference, under the next number.
    pub fn pay(
        &mut self,
        reference: &str,
        amount_paise: i64,
        bank_account_id: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let sql = "INSERT INTO transfers (reference, amount_paise, bank_account_id, status, arrivals, arrived_at,
                                          decided_at, number)
                   VALUES (?1, ?2, ?3, 'paid', 1, ?4, ?4, ?5)";
        let values = params![reference, amount_paise, bank_account_id, at.as_microsecond(), self.next_number];
        let inserted = self.filler.book.prepare_cached(sql).and_then(|mut insert| insert.execute(values));
        inserted.map_err(failed(&self.filler.path))?;
        self.next_number += 1;
        Ok(())
    }

    pub fn commit(self) -> Result<(), Error> {
        self.filler.book.execute_batch("COMMIT").map_err(failed(&self.filler.path))
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        if !self.filler.book.is_autocommit() {
            let _ = self.filler.book.execute_batch("ROLLBACK");
        }
    }
}
