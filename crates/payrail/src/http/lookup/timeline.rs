//! One payout with its timeline.

use payrail_core::payout;
use payrail_store::Merchant;

use crate::http::plumbing::problem::Problem;
use crate::http::shapes::payout::{Call, PayoutTimeline, movements};
use crate::http::state::Api;

/// A payout, every call to the bank, and every movement of its money.
pub async fn timeline(api: &Api, merchant: &Merchant, payout: &payout::Payout) -> Result<PayoutTimeline, Problem> {
    let calls = api.store.attempts(merchant.id, payout.id).await?.into_iter().map(Call::from).collect();
    let entries = api.store.entries_of_payout(merchant.id, payout.id).await?;
    Ok(PayoutTimeline { payout: payout.into(), calls, movements: movements(payout, &entries) })
}
