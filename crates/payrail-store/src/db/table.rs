//! Statements over many rows. Each is described once. PostgreSQL gets it as one statement of arrays, whatever the
//! number of rows; SQLite gets it row by row, as a statement that it has prepared.

use super::Value;
use crate::error::{Result, StoreError};

/// A column of a table, and where its value comes from.
pub(crate) struct Column<R: 'static> {
    pub name: &'static str,
    /// PostgreSQL's type.
    pub ty: &'static str,
    pub value: for<'r> fn(&'r R) -> Value<'r>,
}

impl<R> Column<R> {
    pub const fn new(name: &'static str, ty: &'static str, value: for<'r> fn(&'r R) -> Value<'r>) -> Self {
        Self { name, ty, value }
    }
}

/// A statement for either database.
#[derive(Debug)]
pub(crate) struct Sql {
    pub postgres: String,
    pub sqlite: String,
    /// A plain INSERT writes all its rows or fails. Of any other statement it counts how many rows it found.
    pub is_counted: bool,
}

/// Writes rows of one kind to one table.
pub(crate) struct Write<R: 'static> {
    columns: Vec<Column<R>>,
    sql: Sql,
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

    /// Every row must arrive: one that does not is a lost race, and the transaction is rolled back.
    pub fn check(&self, written: u64) -> Result<()> {
        if written == self.rows() as u64 {
            return Ok(());
        }
        Err(StoreError::Refused(format!("{written} of {} rows were written", self.rows())))
    }

    pub fn column(&self, index: usize) -> Vec<Value<'w>> {
        self.values.iter().skip(index).step_by(self.width).copied().collect()
    }
}

impl<R> Write<R> {
    pub fn insert(table: &str, columns: Vec<Column<R>>) -> Self {
        Self::upsert(table, columns, "")
    }

    /// `then`: what to do with a row that is there already, as ` ON CONFLICT …`.
    pub fn upsert(table: &str, columns: Vec<Column<R>>, then: &str) -> Self {
        let names = list(&columns, |_, column| column.name.to_owned());
        let arrays = arrays(columns.iter().map(|column| column.ty));
        let numbers = list(&columns, |number, _| format!("?{number}"));
        let sql = Sql {
            postgres: format!("INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}){then}"),
            sqlite: format!("INSERT INTO {table} ({names}) VALUES ({numbers}){then}"),
            is_counted: !then.is_empty(),
        };
        Self { columns, sql }
    }

    /// The first `key` columns say which row changes, the others how.
    pub fn update(table: &str, key: usize, columns: Vec<Column<R>>) -> Self {
        let names = list(&columns, |_, column| column.name.to_owned());
        let arrays = arrays(columns.iter().map(|column| column.ty));
        let (keys, set) = columns.split_at(key);
        let joined = |each: &dyn Fn(&Column<R>) -> String, by| keys.iter().map(each).collect::<Vec<_>>().join(by);
        let set_from = list(set, |_, column| format!("{0} = s.{0}", column.name));
        let set_to = list(set, |number, column| format!("{} = ?{}", column.name, number + key));
        let found = joined(&|column| format!("t.{0} = s.{0}", column.name), " AND ");
        let here = list(keys, |number, column| format!("{} = ?{number}", column.name)).replace(", ", " AND ");
        let sql = Sql {
            postgres: format!("UPDATE {table} t SET {set_from} FROM unnest({arrays}) AS s({names}) WHERE {found}"),
            sqlite: format!("UPDATE {table} SET {set_to} WHERE {here}"),
            is_counted: true,
        };
        Self { columns, sql }
    }

    #[cfg(feature = "testing")]
    pub const fn sql(&self) -> &Sql {
        &self.sql
    }

    pub fn batch<'w>(&'static self, rows: impl IntoIterator<Item = &'w R>) -> Batch<'w> {
        let rows = rows.into_iter();
        let mut values = Vec::with_capacity(rows.size_hint().0 * self.columns.len());
        for row in rows {
            values.extend(self.columns.iter().map(|column| (column.value)(row)));
        }
        Batch { sql: &self.sql, width: self.columns.len(), values }
    }
}

/// Numbers from 1.
fn list<T>(items: &[T], each: impl Fn(usize, &T) -> String) -> String {
    items.iter().enumerate().map(|(index, item)| each(index + 1, item)).collect::<Vec<_>>().join(", ")
}

fn arrays(types: impl Iterator<Item = &'static str>) -> String {
    types.enumerate().map(|(index, ty)| format!("${}::{ty}[]", index + 1)).collect::<Vec<_>>().join(", ")
}

/// Looks rows up by many keys.
pub(crate) struct Lookup {
    sql: Sql,
    width: usize,
}

impl Lookup {
    /// `select` names a part of the key as `{name}`. It ends with a LIMIT: on PostgreSQL it stands in a LATERAL, which
    /// the limit keeps apart, and so each key is looked up by an index, whatever the planner believes of the sizes.
    pub fn new(keys: &[(&'static str, &'static str)], select: &str) -> Self {
        let names = list(keys, |_, (name, _)| (*name).to_owned());
        let arrays = arrays(keys.iter().map(|(_, ty)| *ty));
        let (mut inner, mut sqlite) = (select.to_owned(), select.to_owned());
        for (index, (name, _)) in keys.iter().enumerate() {
            let place = format!("{{{name}}}");
            inner = inner.replace(&place, &format!("n.{name}"));
            sqlite = sqlite.replace(&place, &format!("?{}", index + 1));
        }
        let postgres = format!("SELECT r.* FROM unnest({arrays}) AS n({names}) CROSS JOIN LATERAL ({inner}) r");
        Self { sql: Sql { postgres, sqlite, is_counted: false }, width: keys.len() }
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
