//! Adds the merchant to what a list shows, and names the operator in the audit log.

use std::collections::HashMap;

use payrail_store::{Merchant, Operator};
use payrail_types::ids::MerchantId;
use payrail_types::operator::{ByOperator, OperatorAction, OperatorActionKind};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::audit_log;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::ids;

/// The merchant to whom an item belongs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Owner {
    #[schema(value_type = Uuid)]
    pub id: MerchantId,
    pub name: String,
    pub email: String,
}

impl From<Merchant> for Owner {
    fn from(merchant: Merchant) -> Self {
        Self { id: merchant.id, name: merchant.name, email: merchant.email.to_string() }
    }
}

/// The merchants of a page, each looked up once.
pub struct Owners(HashMap<MerchantId, Owner>);

impl Owners {
    pub async fn of(api: &Api, ids: impl Iterator<Item = MerchantId>) -> Result<Self, Problem> {
        let mut known = HashMap::new();
        for id in ids {
            if let std::collections::hash_map::Entry::Vacant(place) = known.entry(id) {
                // `verify` reports rows of a merchant that does not exist.
                let nobody = Owner { id, name: String::new(), email: String::new() };
                place.insert(api.store.merchant(id).await?.map_or(nobody, Owner::from));
            }
        }
        Ok(Self(known))
    }

    pub fn get(&self, id: MerchantId) -> Owner {
        self.0.get(&id).cloned().unwrap_or_else(|| Owner { id, name: String::new(), email: String::new() })
    }
}

/// The merchant in the request's path.
pub async fn merchant(api: &Api, id: Uuid) -> Result<Merchant, Problem> {
    let found = api.store.merchant(MerchantId(id)).await?;
    found.ok_or_else(|| Problem::not_found("There is no such merchant."))
}

/// For commands to the engine, which writes the row itself.
pub fn by(operator: &Operator) -> ByOperator {
    ByOperator { name: operator.name.clone(), action_id: ids::action_id() }
}

/// The row of the audit log for all other changes.
pub fn action(api: &Api, operator: &str, kind: OperatorActionKind) -> OperatorAction {
    audit_log::row(api.clock.now(), operator, kind)
}
