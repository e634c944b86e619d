//! What was written beside the money: the answers that are kept for ever, and the outbox.

use payrail_store::{EventFact, Place, RecordRow, Snapshot};
use payrail_types::ids::{MerchantId, PayoutId};
use serde::Deserialize;
use uuid::Uuid;

use super::audit::{Audit, VerifyError};
use super::flow::Flows;
use super::kind::Kind;

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
        let page = snapshot.record_rows(place, first, PAGE).await?;
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

/// The members of a stored answer that must agree with the books.
#[derive(Deserialize)]
struct StoredAnswer {
    id: Uuid,
    amount_paise: i64,
}

fn take_answer(record: &RecordRow<'_>, payout: PayoutId, flows: &mut Flows, audit: &mut Audit<'_>) {
    let flow = flows.entry(payout).or_default();
    flow.records = flow.records.saturating_add(1);
    let stored: Option<StoredAnswer> = serde_json::from_str(&record.body).ok();
    let is_true = stored.is_some_and(|stored| stored.id == payout.0 && stored.amount_paise == flow.moved.paise);
    if flow.has_entries() && !(is_true && record.status == 201) {
        let what = format!("the answer stored under key {} is not that payout's", record.key);
        audit.differ(Kind::RecordMismatch, payout, what);
    }
}

/// Gives how many of them tell of fundings.
pub async fn events(
    snapshot: &mut Snapshot,
    place: Place,
    flows: &mut Flows,
    audit: &mut Audit<'_>,
) -> Result<u64, VerifyError> {
    let (mut after, mut last, mut fundings, mut entries) = (i64::MIN, 0, 0, Entries::default());
    loop {
        let page = snapshot.event_facts(place, after, PAGE).await?;
        for event in &page {
            if event.seq - 1 != last {
                let what = format!("event {} comes after event {last}", event.seq);
                audit.differ(Kind::EventGap, MerchantId(place.merchant_id), what);
            }
            if let Some(why) = entries.take(event) {
                let what = format!("event {} ({}) {why}", event.seq, event.kind);
                audit.differ(Kind::EventEntry, MerchantId(place.merchant_id), what);
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

/// The ledger entries that the events of a merchant name, one after the other.
#[derive(Default)]
struct Entries {
    newest: Option<i64>,
}

impl Entries {
    /// What is wrong with the entry that the event names. The first events of an old database name none.
    fn take(&mut self, event: &EventFact) -> Option<&'static str> {
        let kind = kind_of_entry(&event.kind);
        let Some(seq) = event.entry_seq else {
            return (kind.is_some() && self.newest.is_some()).then_some("names no ledger entry");
        };
        match kind {
            None => Some("names a ledger entry, and moves no money"),
            Some(_) if event.entry_kind.as_deref() != kind || !event.is_of_entrys_payout => {
                Some("does not fit the ledger entry that it names")
            }
            Some(_) if self.newest >= Some(seq) => Some("names a ledger entry that another event names already"),
            Some(_) => {
                self.newest = Some(seq);
                None
            }
        }
    }
}

/// Of the entry that an event tells of.
fn kind_of_entry(event: &str) -> Option<&'static str> {
    match event {
        "balance.funded" => Some("fund"),
        "payout.pending" => Some("hold"),
        "payout.completed" => Some("settle"),
        "payout.failed" | "payout.cancelled" => Some("refund"),
        "payout.returned" => Some("return"),
        _ => None,
    }
}

/// The id after this one; `None` at the end of all.
pub fn next(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_add(1).map(Uuid::from_u128)
}
