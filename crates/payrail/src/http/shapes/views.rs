//! Lists with two views: the first version's by default, and more with `view=full`.

use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::ledger::{LedgerEntry, LedgerLine};
use super::payout::{Payout, PayoutSummary};

pub struct PayoutList;

impl PartialSchema for PayoutList {
    fn schema() -> RefOr<Schema> {
        either("Payout", "PayoutSummary")
    }
}

impl ToSchema for PayoutList {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        gather::<Payout>(schemas);
        gather::<PayoutSummary>(schemas);
    }
}

pub struct LedgerList;

impl PartialSchema for LedgerList {
    fn schema() -> RefOr<Schema> {
        either("LedgerEntry", "LedgerLine")
    }
}

impl ToSchema for LedgerList {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        gather::<LedgerEntry>(schemas);
        gather::<LedgerLine>(schemas);
    }
}

/// A list of either type. (Not `oneOf`: an empty list matches both.)
fn either(full: &str, original: &str) -> RefOr<Schema> {
    let list = |name: &str| ArrayBuilder::new().items(Ref::from_schema_name(name));
    let description = format!("`{full}`s with `view=full`, else `{original}`s.");
    AnyOfBuilder::new().item(list(full)).item(list(original)).description(Some(description)).into()
}

/// A schema with the schemas that it refers to.
fn gather<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into(), T::schema()));
    T::schemas(schemas);
}
