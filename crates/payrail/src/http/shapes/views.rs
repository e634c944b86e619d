//! Lists that have two views. A client that knows the first version gets it unasked; `view=full` asks for more.

use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::ledger::{LedgerEntry, LedgerLine};
use super::payout::{Payout, PayoutSummary};

/// Says of a list that it holds the one or the other. (Not "exactly one": an empty list is both.)
macro_rules! either_view {
    ($name:ident, $full:ident, $original:ident) => {
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let list = |name: &str| ArrayBuilder::new().items(Ref::from_schema_name(name));
                let description =
                    concat!("`", stringify!($full), "`s with `view=full`, else `", stringify!($original), "`s.");
                AnyOfBuilder::new()
                    .item(list(stringify!($full)))
                    .item(list(stringify!($original)))
                    .description(Some(description))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                schemas.push(($full::name().into(), $full::schema()));
                schemas.push(($original::name().into(), $original::schema()));
                $full::schemas(schemas);
                $original::schemas(schemas);
            }
        }
    };
}

either_view!(PayoutList, Payout, PayoutSummary);
either_view!(LedgerList, LedgerEntry, LedgerLine);
