//! Ledger entries: in the first version's form, and in full.

use payrail_core::ledger;
use payrail_core::payout::Status;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::money::{Amount, Paise};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::words::{EntryKind, EntryType};
use crate::clock::timestamp;

/// An entry that changes the available balance. The sum of credits less the sum of debits always equals the available
/// balance.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerLine {
    id: Uuid,
    /// Paise; positive in either direction.
    #[schema(value_type = i64, minimum = 1)]
    amount_paise: Amount,
    entry_type: EntryType,
    description: String,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    created_at: String,
}

impl LedgerLine {
    pub fn new(merchant: MerchantId, line: &payrail_store::LedgerLine) -> Self {
        let is_debit = line.entry.kind == ledger::EntryKind::Hold;
        Self {
            id: merchant.entry_id(line.entry.seq),
            amount_paise: line.entry.amount,
            entry_type: if is_debit { EntryType::Debit } else { EntryType::Credit },
            description: description(line),
            created_at: timestamp(line.entry.created_at),
        }
    }
}

/// One immutable, balanced movement in a merchant's book, with the balances after it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LedgerEntry {
    /// Its number in the merchant's book: 1, 2, 3, … without a gap.
    #[schema(minimum = 1)]
    pub number: i64,
    pub id: Uuid,
    pub kind: EntryKind,
    /// Paise; positive in either direction.
    #[schema(value_type = i64, minimum = 1)]
    pub amount_paise: Amount,
    pub description: String,
    /// The entry's payout; null only for `fund`.
    #[schema(required, value_type = Option<Uuid>)]
    pub payout_id: Option<PayoutId>,
    /// Paise that can be spent, after this entry.
    #[schema(value_type = i64, minimum = 0)]
    pub available_after_paise: Paise,
    /// Paise held for pending payouts, after this entry.
    #[schema(value_type = i64, minimum = 0)]
    pub held_after_paise: Paise,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl LedgerEntry {
    pub fn new(merchant: MerchantId, line: &payrail_store::LedgerLine) -> Self {
        Self {
            number: line.entry.seq,
            id: merchant.entry_id(line.entry.seq),
            kind: line.entry.kind.into(),
            amount_paise: line.entry.amount,
            description: description(line),
            payout_id: line.entry.payout,
            available_after_paise: line.entry.after.available,
            held_after_paise: line.entry.after.held,
            created_at: timestamp(line.entry.created_at),
        }
    }
}

/// Derived from the entry and its payout. Only fundings have a description of their own.
fn description(line: &payrail_store::LedgerLine) -> String {
    let account = line.bank_account_id.as_deref().unwrap_or("a bank account");
    match line.entry.kind {
        ledger::EntryKind::Fund => line.entry.description.clone().unwrap_or_default(),
        ledger::EntryKind::Hold => format!("Payout hold for {account}"),
        ledger::EntryKind::Settle => format!("Payout to {account}"),
        ledger::EntryKind::Refund if line.payout_status == Some(Status::Cancelled) => {
            format!("Refund for cancelled payout to {account}")
        }
        ledger::EntryKind::Refund => format!("Refund for failed payout to {account}"),
        ledger::EntryKind::Return => format!("Return of payout to {account}"),
    }
}
