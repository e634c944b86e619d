//! Statements over many rows, each described once. PostgreSQL executes one statement of arrays for any number of rows.
//! SQLite executes a prepared statement for each row.

use super::table::{TableRow, descriptions, take_values};
use super::value::Value;
use crate::error::{Result, StoreError};

/// A statement for either database.
#[derive(Debug)]
pub(crate) struct Sql {
    pub postgres: String,
    pub sqlite: String,
    /// A plain INSERT writes all its rows or fails. For any other statement the number of rows must be checked.
    pub is_counted: bool,
}

/// Rows for a statement.
#[derive(Debug)]
pub(crate) struct Batch<'w> {
    pub sql: &'static Sql,
    /// Columns in a row.
    pub width: usize,
    /// Row after row.
    pub values: Vec<Value<'w>>,
}

impl<'w> Batch<'w> {
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// Every row must be written. If one is not, another transaction was first, and this one is rolled back.
    pub fn check(&self, written: u64) -> Result<()> {
        if written == self.rows() as u64 {
            return Ok(());
        }
        Err(StoreError::Refused(format!("{written} of {} rows were written", self.rows())))
    }

    pub fn column(&self, index: usize) -> Vec<&Value<'w>> {
        self.values.iter().skip(index).step_by(self.width).collect()
    }
}

/// Writes rows of one table.
pub(crate) struct Write {
    sql: Sql,
    table: &'static str,
    /// The columns that the statement writes.
    wanted: Vec<bool>,
    width: usize,
}

impl Write {
    pub fn insert<R: TableRow<'static>>() -> Self {
        Self::upsert::<R>("")
    }

    /// `then`: the clause for existing rows, such as ` ON CONFLICT …`.
    ///
    /// VALUES with an `unnest` per column gives as many rows as the arrays have elements. It costs as much as a SELECT,
    /// but stays one task on one shard of Citus (docs/performance.md, "Insert form").
    pub fn upsert<R: TableRow<'static>>(then: &str) -> Self {
        let columns = descriptions::<R>();
        let (table, names) = (R::TABLE, names(&columns));
        let arrays = list(&columns, |number, (_, ty)| format!("unnest(${number}::{ty}[])"));
        let numbers = list(&columns, |number, _| format!("?{number}"));
        let sql = Sql {
            postgres: format!("INSERT INTO {table} ({names}) VALUES ({arrays}){then}"),
            sqlite: format!("INSERT INTO {table} ({names}) VALUES ({numbers}){then}"),
            is_counted: !then.is_empty(),
        };
        Self { sql, table, wanted: vec![true; columns.len()], width: columns.len() }
    }

    /// Replaces the rows with the same key, if `condition` holds for them. The key is the columns up to and including
    /// `last_key`.
    pub fn replace<R: TableRow<'static>>(last_key: &str, condition: &str) -> Self {
        let columns = descriptions::<R>();
        let (keys, set) = columns.split_at(place_of(&columns, last_key) + 1);
        let (keys, set) = (names(keys), list(set, |_, (name, _)| format!("{name} = excluded.{name}")));
        Self::upsert::<R>(&format!(" ON CONFLICT ({keys}) DO UPDATE SET {set} WHERE {condition}"))
    }

    /// Updates the columns from `first` on, in the row whose key is the columns up to and including `last_key`. The
    /// columns in between never change.
    pub fn update<R: TableRow<'static>>(last_key: &str, first: &str) -> Self {
        let columns = descriptions::<R>();
        let (keys, set) = (&columns[..=place_of(&columns, last_key)], &columns[place_of(&columns, first)..]);
        let written = [keys, set].concat();
        let (table, names) = (R::TABLE, names(&written));
        let arrays = list(&written, |number, (_, ty)| format!("${number}::{ty}[]"));
        let set_from = list(set, |_, (name, _)| format!("{name} = s.{name}"));
        let set_to = list(set, |number, (name, _)| format!("{name} = ?{}", number + keys.len()));
        let found = list(keys, |_, (name, _)| format!("t.{name} = s.{name}")).replace(", ", " AND ");
        let here = list(keys, |number, (name, _)| format!("{name} = ?{number}")).replace(", ", " AND ");
        let sql = Sql {
            postgres: format!("UPDATE {table} t SET {set_from} FROM unnest({arrays}) AS s({names}) WHERE {found}"),
            sqlite: format!("UPDATE {table} SET {set_to} WHERE {here}"),
            is_counted: true,
        };
        let wanted = (0..columns.len()).map(|index| index < keys.len() || index >= columns.len() - set.len());
        Self { sql, table, wanted: wanted.collect(), width: written.len() }
    }

    #[cfg(feature = "testing")]
    pub const fn sql(&self) -> &Sql {
        &self.sql
    }

    pub fn batch<'w, R: TableRow<'w>>(&'static self, rows: impl IntoIterator<Item = R>) -> Batch<'w> {
        debug_assert_eq!(self.table, R::TABLE, "the statement is for rows of another table");
        let rows = rows.into_iter();
        let mut values = Vec::with_capacity(rows.size_hint().0 * self.width);
        for row in rows {
            take_values(row, &self.wanted, &mut values);
        }
        Batch { sql: &self.sql, width: self.width, values }
    }
}

type Description = (&'static str, &'static str);

fn place_of(columns: &[Description], wanted: &str) -> usize {
    columns.iter().position(|(name, _)| *name == wanted).expect("a column of the table")
}

fn names(columns: &[Description]) -> String {
    list(columns, |_, (name, _)| (*name).to_owned())
}

/// Numbers from 1.
fn list<T>(items: &[T], each: impl Fn(usize, &T) -> String) -> String {
    items.iter().enumerate().map(|(index, item)| each(index + 1, item)).collect::<Vec<_>>().join(", ")
}

/// Looks up rows by many keys, or by one.
pub(crate) struct Lookup {
    sql: Sql,
    width: usize,
}

impl Lookup {
    /// `select` names a part of the key as `{name}`, and ends with a LIMIT. On PostgreSQL it is in a LATERAL; the limit
    /// makes the planner look up each key by an index, whatever it assumes about the tables' sizes.
    pub fn new(keys: &[Description], select: &str) -> Self {
        let names = names(keys);
        let arrays = list(keys, |number, (_, ty)| format!("${number}::{ty}[]"));
        let (mut inner, mut one) = (select.to_owned(), select.to_owned());
        for (index, (name, _)) in keys.iter().enumerate() {
            let place = format!("{{{name}}}");
            inner = inner.replace(&place, &format!("n.{name}"));
            one = one.replace(&place, &format!("${}", index + 1));
        }
        let postgres = format!("SELECT r.* FROM unnest({arrays}) AS n({names}) CROSS JOIN LATERAL ({inner}) r");
        Self { sql: Sql { postgres, sqlite: one, is_counted: false }, width: keys.len() }
    }

    /// The statement for one key with its parts in order, for either database.
    pub fn one(&self) -> &str {
        &self.sql.sqlite
    }

    #[cfg(feature = "testing")]
    pub const fn sql(&self) -> &Sql {
        &self.sql
    }

    /// Key after key.
    pub fn batch<'w>(&'static self, values: Vec<Value<'w>>) -> Batch<'w> {
        Batch { sql: &self.sql, width: self.width, values }
    }
}
