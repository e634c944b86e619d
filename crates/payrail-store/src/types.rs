//! How a value of the core lies in a column.

use jiff::Timestamp;
use payrail_core::ids::MerchantId;
use payrail_core::operator::OperatorAction;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Type};
use uuid::Uuid;

/// A moment: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite. Ours, because one type
/// for both lets both stores share the text of their reads, and jiff-sqlx keeps text in SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub Timestamp);

/// 2000-01-01T00:00:00Z, from which PostgreSQL counts.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

impl At {
    pub fn micros(self) -> i64 {
        self.0.as_microsecond()
    }

    fn of_micros(micros: i64) -> Result<Self, BoxDynError> {
        Ok(Self(Timestamp::from_microsecond(micros)?))
    }
}

impl Type<Sqlite> for At {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}

impl Encode<'_, Sqlite> for At {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Sqlite>>::encode(self.micros(), buffer)
    }
}

impl Decode<'_, Sqlite> for At {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        Self::of_micros(<i64 as Decode<Sqlite>>::decode(value)?)
    }
}

impl Type<Postgres> for At {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("timestamptz")
    }
}

impl PgHasArrayType for At {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("_timestamptz")
    }
}

impl Encode<'_, Postgres> for At {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Postgres>>::encode(self.micros() - POSTGRES_EPOCH_MICROS, buffer)
    }
}

impl Decode<'_, Postgres> for At {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        // `infinity` lies at the end of 64 bits.
        Self::of_micros(<i64 as Decode<Postgres>>::decode(value)?.saturating_add(POSTGRES_EPOCH_MICROS))
    }
}

/// Under whose key a row of the audit log lies: what concerns no merchant is the nil UUID's.
pub(crate) fn owner(action: &OperatorAction) -> MerchantId {
    action.merchant.unwrap_or(MerchantId(Uuid::nil()))
}
