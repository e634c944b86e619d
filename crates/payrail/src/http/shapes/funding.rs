//! The answer to a funding.

use payrail_core::ledger::Balances;
use payrail_types::money::{Amount, Paise};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The funding's ledger entry, and the balances after it.
#[derive(Serialize, ToSchema)]
pub struct Funded {
    entry_id: Uuid,
    /// Paise.
    #[schema(value_type = i64, minimum = 1)]
    amount_paise: Amount,
    /// Paise that can be spent.
    #[schema(value_type = i64, minimum = 0)]
    available_balance_paise: Paise,
    /// Paise held for pending payouts.
    #[schema(value_type = i64, minimum = 0)]
    held_balance_paise: Paise,
}

impl Funded {
    pub fn new(entry_id: Uuid, amount_paise: Amount, balances: Balances) -> Self {
        let Balances { available, held } = balances;
        Self { entry_id, amount_paise, available_balance_paise: available, held_balance_paise: held }
    }
}
