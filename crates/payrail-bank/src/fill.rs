//! Writes the payments of a made-up history into the bank's book, for benchmarks. The bank may be running. The same
//! rules and triggers apply.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::error::Error;
use crate::file::open_to_write;
use crate::writer::next_number;

#[derive(Debug)]
pub struct Filler {
    path: PathBuf,
    book: Connection,
}

/// A transaction on the book; no other writer gets a number meanwhile. Dropping it without a commit rolls it back. (A
/// `rusqlite::Transaction` could not be held while the other database is written.)
#[derive(Debug)]
pub struct Page<'a> {
    filler: &'a mut Filler,
    /// The next payment's number, from which its UTR is made.
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
