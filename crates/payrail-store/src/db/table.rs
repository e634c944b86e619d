//! A table's columns, described once by the type of its rows. Statements, writes and reads are derived from that.

use std::borrow::Cow;
use std::mem;

use jiff::Timestamp;
use uuid::Uuid;

use super::row::{Columns, FromColumn, FromRow};
use super::value::Value;
use crate::error::Result;

/// A row of a table. While it is written, its texts are borrowed for `'a`; a row that was read owns them.
pub(crate) trait TableRow<'a>: Default {
    const TABLE: &'static str;

    /// Passes every column to the visitor, always in the same order.
    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()>;
}

/// A visitor of a row's columns.
pub(crate) trait Visitor<'a> {
    fn column<T: Field<'a>>(&mut self, name: &'static str, field: &mut T) -> Result<()>;
}

/// A type of a column's values.
pub(crate) trait Field<'a>: FromColumn + Default {
    /// PostgreSQL's type.
    const TYPE: &'static str;

    fn into_value(self) -> Value<'a>;
}

impl<'a> Field<'a> for i16 {
    const TYPE: &'static str = "smallint";

    fn into_value(self) -> Value<'a> {
        self.into()
    }
}

impl<'a> Field<'a> for i32 {
    const TYPE: &'static str = "integer";

    fn into_value(self) -> Value<'a> {
        self.into()
    }
}

impl<'a> Field<'a> for i64 {
    const TYPE: &'static str = "bigint";

    fn into_value(self) -> Value<'a> {
        self.into()
    }
}

impl<'a> Field<'a> for Uuid {
    const TYPE: &'static str = "uuid";

    fn into_value(self) -> Value<'a> {
        self.into()
    }
}

impl<'a> Field<'a> for Timestamp {
    const TYPE: &'static str = "timestamptz";

    fn into_value(self) -> Value<'a> {
        self.into()
    }
}

impl<'a> Field<'a> for Cow<'a, str> {
    const TYPE: &'static str = "text";

    fn into_value(self) -> Value<'a> {
        Value::Text(self)
    }
}

impl<'a> Field<'a> for Cow<'a, [u8]> {
    const TYPE: &'static str = "bytea";

    fn into_value(self) -> Value<'a> {
        Value::Bytes(self)
    }
}

impl<'a, T: Field<'a>> Field<'a> for Option<T> {
    const TYPE: &'static str = T::TYPE;

    fn into_value(self) -> Value<'a> {
        self.map_or(Value::Null, T::into_value)
    }
}

/// Reads a row from a statement that names all of its columns.
impl<R: TableRow<'static>> FromRow for R {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let mut read = Self::default();
        read.columns(row)?;
        Ok(read)
    }
}

impl<'a> Visitor<'a> for Columns<'_> {
    fn column<T: Field<'a>>(&mut self, name: &'static str, field: &mut T) -> Result<()> {
        *field = self.take(name)?;
        Ok(())
    }
}

/// Names and PostgreSQL's types of a table's columns.
#[derive(Default)]
struct Descriptions(Vec<(&'static str, &'static str)>);

impl<'a> Visitor<'a> for Descriptions {
    fn column<T: Field<'a>>(&mut self, name: &'static str, _: &mut T) -> Result<()> {
        self.0.push((name, T::TYPE));
        Ok(())
    }
}

pub(super) fn descriptions<R: TableRow<'static>>() -> Vec<(&'static str, &'static str)> {
    let mut found = Descriptions::default();
    R::default().columns(&mut found).expect("a name cannot fail");
    found.0
}

/// The columns to select from a table that the statement calls `alias`: `e.seq, e.kind, …`.
pub(crate) fn columns_of<R: TableRow<'static>>(alias: &str) -> String {
    let names = descriptions::<R>().into_iter().map(|(name, _)| format!("{alias}.{name}"));
    names.collect::<Vec<_>>().join(", ")
}

/// Collects the values of the columns that a statement writes.
struct Taken<'v, 'a> {
    values: &'v mut Vec<Value<'a>>,
    wanted: std::slice::Iter<'v, bool>,
}

impl<'a> Visitor<'a> for Taken<'_, 'a> {
    fn column<T: Field<'a>>(&mut self, _: &'static str, field: &mut T) -> Result<()> {
        if self.wanted.next() == Some(&true) {
            self.values.push(mem::take(field).into_value());
        }
        Ok(())
    }
}

/// Appends the values of the columns of which `wanted` is true.
pub(super) fn take_values<'a>(mut row: impl TableRow<'a>, wanted: &[bool], values: &mut Vec<Value<'a>>) {
    row.columns(&mut Taken { values, wanted: wanted.iter() }).expect("a value that is at hand cannot fail");
}
