//! `GET /api/v1/ledger/`: the entries that touch the available balance, newest first. At all times
//! the sum of credits less the sum of debits is the available balance.

use axum::extract::State;
use axum::response::Response;
use payrail_core::command::timestamp;
use payrail_core::ledger::EntryKind;
use payrail_core::money::Amount;
use payrail_core::payout::Status;
use payrail_store::LedgerLine;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Api;
use super::auth::Caller;
use super::paging::{Params, limit, page};
use super::problem::Problem;

#[derive(Debug, Deserialize)]
pub struct LedgerParams {
    limit: Option<u32>,
    /// Entries older than this number in the merchant's book.
    before: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Line {
    id: Uuid,
    amount_paise: Amount,
    entry_type: &'static str,
    description: String,
    created_at: String,
}

pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<LedgerParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let lines = api.store.ledger(merchant.id, params.before.unwrap_or(i64::MAX), limit).await?;
    let next = lines.last().filter(|_| lines.len() == limit as usize);
    let next = next.map(|line| format!("before={}&limit={limit}", line.entry.seq));
    let items: Vec<Line> = lines
        .iter()
        .map(|line| Line {
            id: merchant.id.entry_id(line.entry.seq),
            amount_paise: line.entry.amount,
            entry_type: if line.entry.kind == EntryKind::Hold { "debit" } else { "credit" },
            description: description(line),
            created_at: timestamp(line.entry.created_at),
        })
        .collect();
    Ok(page("/api/v1/ledger/", &items, next))
}

/// Derived from the entry and its payout; only fundings bring words of their own.
fn description(line: &LedgerLine) -> String {
    let account = line.bank_account_id.as_deref().unwrap_or("a bank account");
    match line.entry.kind {
        EntryKind::Fund => line.entry.description.clone().unwrap_or_default(),
        EntryKind::Hold => format!("Payout hold for {account}"),
        EntryKind::Settle => format!("Payout to {account}"),
        EntryKind::Refund if line.payout_status == Some(Status::Cancelled) => {
            format!("Refund for cancelled payout to {account}")
        }
        EntryKind::Refund => format!("Refund for failed payout to {account}"),
        EntryKind::Return => format!("Return of payout to {account}"),
    }
}
