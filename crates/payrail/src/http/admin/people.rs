//! Whose it is, and who did it: the merchant beside what is theirs, and the row of the audit log.

use std::collections::HashMap;

use payrail_core::ids::MerchantId;
use payrail_core::operator::{ByOperator, OperatorAction};
use payrail_store::{Merchant, Operator};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Api;
use crate::http::problem::Problem;
use crate::ids;

/// The merchant that something belongs to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Owner {
    #[schema(value_type = Uuid)]
    pub id: MerchantId,
    pub name: String,
    pub email: String,
}

impl From<Merchant> for Owner {
    fn from(merchant: Merchant) -> Self {
        Self { id: merchant.id, name: merchant.name, email: merchant.email }
    }
}

/// The merchants of a page, each looked up once.
pub struct Owners(HashMap<MerchantId, Owner>);

impl Owners {
    pub async fn of(api: &Api, ids: impl Iterator<Item = MerchantId>) -> Result<Self, Problem> {
        let mut known = HashMap::new();
        for id in ids {
            if let std::collections::hash_map::Entry::Vacant(place) = known.entry(id) {
                // Rows of a merchant that is not there are for `verify` to name.
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

/// The merchant that a path names.
pub async fn merchant(api: &Api, id: Uuid) -> Result<Merchant, Problem> {
    let found = api.store.merchant(MerchantId(id)).await?;
    found.ok_or_else(|| Problem::not_found("There is no such merchant."))
}

/// For what passes the door, which writes the row itself.
pub fn by(operator: &Operator) -> ByOperator {
    ByOperator { name: operator.name.clone(), action_id: ids::action_id() }
}

/// The row of the audit log of what does not.
pub fn action(api: &Api, operator: &str, word: &str) -> OperatorAction {
    OperatorAction {
        id: ids::action_id(),
        at: api.clock.now(),
        merchant: None,
        operator: operator.to_owned(),
        action: word.to_owned(),
        subject: None,
        reason: None,
        detail: None,
    }
}
