//! Statements that take many rows: their values are bound as they are, row after row, and the statement sees
//! them as the table `n`. Sent as text (JSON) they would be taken apart again column by column, and a whole batch
//! would cost half as much CPU again; sent in a statement a row, each would wake the connection's thread.

use payrail_core::ids::MerchantId;
use sqlx::query::{Query, QueryAs};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Encode, FromRow, Type};
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::types::At;

/// A statement is written out for so many rows and told how many of them it gets: each text is prepared once a
/// connection, whatever the sizes of the batches. Of a longer batch, each part is a statement.
const LENGTHS: [usize; 3] = [4, 16, LONGEST];
const LONGEST: usize = 64;

/// The texts of a statement over `n`, by their lengths.
pub struct Statement([String; LENGTHS.len()]);

impl Statement {
    /// `sql` reads the rows from `n (columns)`.
    pub fn over(columns: &str, sql: &str) -> Self {
        let row = vec!["?"; columns.split(',').count()].join(", ");
        let text = |rows| {
            let values = vec![format!("({row})"); rows].join(", ");
            format!(
                "WITH given (rows) AS (VALUES (?)), \
                 n ({columns}) AS (SELECT * FROM (VALUES {values}) LIMIT (SELECT rows FROM given)) {sql}"
            )
        };
        Self(LENGTHS.map(text))
    }

    /// Every row must arrive: one that does not is a lost race, and the batch is rolled back.
    pub async fn write<R>(&'static self, on: &mut SqliteConnection, rows: &[R], bind: fn(&mut Row, &R)) -> Result<()> {
        for rows in rows.chunks(LONGEST) {
            let (sql, values) = self.fill(rows, bind)?;
            let query: Query<'_, Sqlite, SqliteArguments> = sqlx::query_with(sql, values);
            let done = query.execute(&mut *on).await?.rows_affected();
            if done != rows.len() as u64 {
                return Err(StoreError::Refused(format!("{done} of {} rows were written", rows.len())));
            }
        }
        Ok(())
    }

    pub async fn read<R, T>(
        &'static self,
        on: &mut SqliteConnection,
        rows: &[R],
        bind: fn(&mut Row, &R),
    ) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let mut found = Vec::with_capacity(rows.len());
        for rows in rows.chunks(LONGEST) {
            let (sql, values) = self.fill(rows, bind)?;
            let query: QueryAs<'_, Sqlite, T, SqliteArguments> = sqlx::query_as_with(sql, values);
            found.append(&mut query.fetch_all(&mut *on).await?);
        }
        Ok(found)
    }

    fn fill<R>(&'static self, rows: &[R], bind: fn(&mut Row, &R)) -> Result<(&'static str, SqliteArguments)> {
        let mut values = Row::default();
        values.put(rows.len() as i64);
        for row in rows {
            bind(&mut values, row);
        }
        // The shortest that is long enough. What is not bound is null, and beyond the limit.
        let longer = LENGTHS.iter().filter(|length| **length < rows.len()).count();
        Ok((&self.0[longer], values.finish()?))
    }
}

/// Takes a row's values, in the order of the statement's columns.
#[derive(Default)]
pub struct Row {
    values: SqliteArguments,
    refused: Option<StoreError>,
}

/// What can be no text: texts go through [`Row::text`].
pub trait Plain: for<'q> Encode<'q, Sqlite> + Type<Sqlite> {}
impl Plain for i64 {}
impl Plain for Uuid {}
impl Plain for At {}
impl<T: Plain> Plain for Option<T> where Self: for<'q> Encode<'q, Sqlite> + Type<Sqlite> {}

impl Row {
    /// The first two columns of every table.
    pub fn owner(&mut self, merchant: MerchantId) -> &mut Self {
        self.put(i64::from(merchant.bucket().get())).put(merchant.0)
    }

    pub fn put(&mut self, value: impl Plain) -> &mut Self {
        self.add(value)
    }

    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.add(value)
    }

    /// PostgreSQL keeps no NUL in a text; so that both stores take the same, neither does this one.
    pub fn text<'t>(&mut self, value: impl Into<Option<&'t str>>) -> &mut Self {
        let value = value.into();
        if value.is_some_and(|text| text.contains('\0')) {
            self.refused = Some(StoreError::Refused("a text holds a NUL character".to_owned()));
        }
        self.add(value)
    }

    fn add<'t>(&mut self, value: impl Encode<'t, Sqlite> + Type<Sqlite>) -> &mut Self {
        if let Err(error) = sqlx::Arguments::add(&mut self.values, value) {
            self.refused = Some(sqlx::Error::Encode(error).into());
        }
        self
    }

    fn finish(self) -> Result<SqliteArguments> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok(self.values),
        }
    }
}
