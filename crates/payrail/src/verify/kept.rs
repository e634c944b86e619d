//! What was written beside the money: the answers that are kept for ever, and the outbox.

use payrail_core::ids::{MerchantId, PayoutId};
use payrail_store::{Place, RecordFact, Snapshot};
use serde::Deserialize;
use uuid::Uuid;

use super::flow::Flows;
use super::{Audit, VerifyError};

const PAGE: u32 = 2_000;

/// Gives how many of them name no payout: those of fundings.
pub async fn answers(
    snapshot: &mut Snapshot,
    place: Place,
    flows: &mut Flows,
    audit: &mut Audit<'_>,
) -> Result<u64, VerifyError> {
    let mut fundings = 0;
    let mut from = Some(Uuid::nil());
    while let Some(first) = from {
        let page = snapshot.record_facts(place, first, PAGE).await?;
        for record in &page {
            match record.payout_id {
                Some(payout) => take_answer(record, PayoutId(payout), flows, audit),
                None => fundings += 1,
            }
        }
        from = page.last().filter(|_| page.len() == PAGE as usize).and_then(|last| next(last.key));
    }
    Ok(fundings)
}

/// What a client was told of its payout, as far as it must agree with the books.
#[derive(Deserialize)]
struct Told {
    id: Uuid,
    amount_paise: i64,
}

fn take_answer(record: &RecordFact, payout: PayoutId, flows: &mut Flows, audit: &mut Audit<'_>) {
    let flow = flows.entry(payout).or_default();
    flow.records = flow.records.saturating_add(1);
    let told: Option<Told> = serde_json::from_str(&record.body).ok();
    let is_true = told.is_some_and(|told| told.id == payout.0 && told.amount_paise == flow.moved.paise);
    if flow.has_entries() && !(is_true && record.status == 201) {
        let what = format!("the answer kept under key {} is not that payout's", record.key);
        audit.differ("record_mismatch", payout, what);
    }
}

/// Gives how many of them tell of fundings.
pub async fn events(
    snapshot: &mut Snapshot,
    place: Place,
    flows: &mut Flows,
    audit: &mut Audit<'_>,
) -> Result<u64, VerifyError> {
    let (mut after, mut last, mut fundings) = (i64::MIN, 0, 0);
    loop {
        let page = snapshot.event_facts(place, after, PAGE).await?;
        for event in &page {
            if event.seq - 1 != last {
                let what = format!("event {} comes after event {last}", event.seq);
                audit.differ("event_gap", MerchantId(place.merchant_id), what);
            }
            (after, last) = (event.seq, event.seq);
            match event.payout_id {
                Some(payout) => flows.entry(PayoutId(payout)).or_default().events.take(&event.kind),
                None => fundings += u64::from(event.kind == "balance.funded"),
            }
        }
        if page.len() < PAGE as usize {
            return Ok(fundings);
        }
    }
}

/// The id after this one; `None` at the end of all.
pub fn next(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_add(1).map(Uuid::from_u128)
}
