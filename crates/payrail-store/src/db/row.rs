//! Rows read from a database.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use crate::error::{Result, StoreError};

/// A type that is read column by column, in the statement's order.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &mut Columns<'_>) -> Result<Self>;
}

#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

/// A row, and its next column.
pub(crate) struct Columns<'r> {
    row: Row<'r>,
    next: usize,
}

impl<'r> Columns<'r> {
    pub const fn new(row: Row<'r>) -> Self {
        Self { row, next: 0 }
    }

    /// The next column, which must have this name. (Only debug builds check it; the tests run every statement.)
    pub fn take<T: FromColumn>(&mut self, name: &str) -> Result<T> {
        debug_assert_eq!(self.row.name(self.next), Some(name), "column {} of a statement", self.next);
        self.any()
    }

    /// The next column, if the statement has one more. It must have this name.
    pub fn take_if_any<T: FromColumn>(&mut self, name: &str) -> Result<Option<T>> {
        if self.row.name(self.next) == Some(name) { self.any() } else { Ok(None) }
    }

    /// The next column, whatever its name.
    pub fn any<T: FromColumn>(&mut self) -> Result<T> {
        let index = self.next;
        self.next += 1;
        self.row.column(index)
    }
}

impl Row<'_> {
    fn name(&self, index: usize) -> Option<&str> {
        match self {
            Self::Sqlite(row) => row.as_ref().column_name(index).ok(),
            Self::Postgres(row) => row.columns().get(index).map(tokio_postgres::Column::name),
        }
    }

    fn column<T: FromColumn>(&self, index: usize) -> Result<T> {
        match self {
            Self::Sqlite(row) => {
                let value = row.get_ref(index)?;
                T::from_sqlite(value).ok_or_else(|| self.unfit(index, &format!("{:?}", value.data_type())))
            }
            Self::Postgres(row) => {
                let Raw(raw) = row.try_get(index)?;
                let ty = row.columns()[index].type_();
                T::from_postgres(ty, raw).ok_or_else(|| self.unfit(index, ty.name()))
            }
        }
    }

    fn unfit(&self, index: usize, found: &str) -> StoreError {
        StoreError::Corrupt(format!("column {} holds a {found} that cannot be read", self.name(index).unwrap_or("?")))
    }
}

/// The bytes of a column of whatever type.
struct Raw<'r>(Option<&'r [u8]>);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// `None`: the column holds something else.
pub(crate) trait FromColumn: Sized {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self>;
    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self>;
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        if value == ValueRef::Null { Some(None) } else { T::from_sqlite(value).map(Some) }
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        if raw.is_none() { Some(None) } else { T::from_postgres(ty, raw).map(Some) }
    }
}

/// The driver's value, if it can decode the type.
fn decode<'r, T: FromSql<'r>>(ty: &Type, raw: Option<&'r [u8]>) -> Option<T> {
    if T::accepts(ty) { T::from_sql(ty, raw?).ok() } else { None }
}

impl FromColumn for i64 {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        value.as_i64().ok()
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        match *ty {
            Type::INT2 => decode::<i16>(ty, raw).map(Self::from),
            Type::INT4 => decode::<i32>(ty, raw).map(Self::from),
            _ => decode(ty, raw),
        }
    }
}

impl FromColumn for i32 {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        i64::from_sqlite(value)?.try_into().ok()
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        i64::from_postgres(ty, raw)?.try_into().ok()
    }
}

impl FromColumn for i16 {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        i64::from_sqlite(value)?.try_into().ok()
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        i64::from_postgres(ty, raw)?.try_into().ok()
    }
}

impl FromColumn for bool {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        Some(value.as_i64().ok()? != 0)
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        decode(ty, raw)
    }
}

impl FromColumn for String {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        value.as_str().ok().map(str::to_owned)
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        decode(ty, raw)
    }
}

impl FromColumn for Cow<'_, str> {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        String::from_sqlite(value).map(Cow::Owned)
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        String::from_postgres(ty, raw).map(Cow::Owned)
    }
}

impl FromColumn for Cow<'_, [u8]> {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        Vec::from_sqlite(value).map(Cow::Owned)
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        Vec::from_postgres(ty, raw).map(Cow::Owned)
    }
}

impl FromColumn for Vec<u8> {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        value.as_blob().ok().map(<[u8]>::to_vec)
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        decode(ty, raw)
    }
}

impl FromColumn for Uuid {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        Self::from_slice(value.as_blob().ok()?).ok()
    }

    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        decode(ty, raw)
    }
}

/// 2000-01-01T00:00:00Z, from which PostgreSQL counts.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

impl FromColumn for Timestamp {
    fn from_sqlite(value: ValueRef<'_>) -> Option<Self> {
        Self::from_microsecond(value.as_i64().ok()?).ok()
    }

    /// `infinity`, at the end of 64 bits, is not a time.
    fn from_postgres(ty: &Type, raw: Option<&[u8]>) -> Option<Self> {
        if *ty != Type::TIMESTAMPTZ {
            return None;
        }
        let micros = i64::from_be_bytes(raw?.try_into().ok()?);
        Self::from_microsecond(micros.checked_add(POSTGRES_EPOCH_MICROS)?).ok()
    }
}

impl<A: FromColumn> FromRow for (A,) {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok((row.any()?,))
    }
}

impl<A: FromColumn, B: FromColumn> FromRow for (A, B) {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok((row.any()?, row.any()?))
    }
}

impl<A: FromColumn, B: FromColumn, C: FromColumn> FromRow for (A, B, C) {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok((row.any()?, row.any()?, row.any()?))
    }
}
