//! What a history of completed payouts has left in the bank's book, for benchmarks: written beside a bank at
//! work, if there is one, by the same rules and under the same triggers.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};

use super::Error;
use super::book::open_to_write;

#[derive(Debug)]
pub struct Filler {
    path: PathBuf,
    book: SqliteConnection,
}

/// A transaction on the book, in which nobody else is given a number.
#[derive(Debug)]
pub struct Page<'a> {
    path: &'a Path,
    tx: Transaction<'a, Sqlite>,
    /// Of the next payment; the UTR is made of it.
    pub first_number: i64,
}

fn failed(path: &Path) -> impl Fn(sqlx::Error) -> Error {
    move |source| Error::Book { path: path.to_owned(), source }
}

impl Filler {
    /// Opens the book, or begins a new one.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned(), book: open_to_write(path).await? })
    }

    pub async fn begin(&mut self) -> Result<Page<'_>, Error> {
        let failed = failed(&self.path);
        let mut tx = self.book.begin_with("BEGIN IMMEDIATE").await.map_err(&failed)?;
        let number = "SELECT coalesce(max(number), 0) + 1 FROM transfers WHERE number > 0";
        let first_number = sqlx::query_scalar(number).fetch_one(&mut *tx).await.map_err(&failed)?;
        Ok(Page { path: &self.path, tx, first_number })
    }

    pub async fn finish(self) -> Result<(), Error> {
        self.book.close().await.map_err(failed(&self.path))
    }
}

impl Page<'_> {
    /// Pays each reference the amount at its time, in their order.
    pub async fn pay(
        &mut self,
        amount_paise: i64,
        bank_account_id: &str,
        payments: impl Iterator<Item = (String, Timestamp)>,
    ) -> Result<(), Error> {
        let rows = payments.map(|(reference, at)| json!([reference, at.as_microsecond()]));
        let rows = serde_json::Value::Array(rows.collect()).to_string();
        sqlx::query(
            "INSERT INTO transfers (reference, amount_paise, bank_account_id, status, arrivals, arrived_at,
                                    decided_at, number)
             SELECT value ->> 0, $2, $3, 'paid', 1, value ->> 1, value ->> 1, $4 + key FROM json_each($1)",
        )
        .bind(rows)
        .bind(amount_paise)
        .bind(bank_account_id)
        .bind(self.first_number)
        .execute(&mut *self.tx)
        .await
        .map_err(failed(self.path))?;
        Ok(())
    }

    pub async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await.map_err(failed(self.path))
    }
}
