//! The common parts of both databases: values, rows, tables, and statements over many rows.

mod row;
mod statement;
mod table;
pub(crate) mod value;

pub(crate) use row::{Columns, FromRow, Row};
#[cfg(feature = "testing")]
pub(crate) use statement::Sql;
pub(crate) use statement::{Batch, Lookup, Write};
pub(crate) use table::{TableRow, Visitor, columns_of};
pub(crate) use value::{Value, values};
