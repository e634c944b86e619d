//! One merchant's book, at one moment: what its ledger, its kept answers, its outbox and its payouts
//! say of each other.

use payrail_store::{Place, Store};
use payrail_types::ids::{MerchantId, PayoutId};

use super::audit::{Audit, VerifyError};
use super::flow::{Flow, Flows};
use super::kind::Kind;
use super::ledger::Replay;
use super::{decisions, kept, ledger, payouts, returns};

pub async fn check(store: &Store, place: Place, audit: &mut Audit<'_>) -> Result<(), VerifyError> {
    let merchant = MerchantId(place.merchant_id);
    if place.bucket != merchant.bucket().column() {
        let what = format!("stored in bucket {}, looked for in {}", place.bucket, merchant.bucket().get());
        audit.differ(Kind::Misplaced, merchant, what);
    }
    let mut snapshot = store.snapshot(place).await?;
    let mut flows = Flows::new();
    let replay = ledger::replay(&mut snapshot, place, &mut flows, audit).await?;
    let answers = kept::answers(&mut snapshot, place, &mut flows, audit).await?;
    let events = kept::events(&mut snapshot, place, &mut flows, audit).await?;
    let mut decisions = decisions::of(&mut snapshot, place, audit).await?;
    let open = payouts::check(&mut snapshot, place, &mut flows, &mut decisions, audit).await?;
    returns::check_kept(&mut snapshot, place, audit).await?;
    totals(merchant, &replay, open, audit);
    fundings(merchant, &replay, answers, events, audit);
    for (id, flow) in &flows {
        without_payout(*id, flow, audit);
    }
    for (id, decision) in &decisions {
        let what = format!("{}, but there is no such payout", decision.in_words());
        audit.differ(Kind::DecisionWithoutPayout, id, what);
    }
    audit.saw(|seen| seen.merchants += 1);
    Ok(())
}

fn totals(merchant: MerchantId, replay: &Replay, open: i128, audit: &mut Audit<'_>) {
    if open != replay.held {
        let what = format!("{} paise are held, but the payouts under way come to {open}", replay.held);
        audit.differ(Kind::HeldMismatch, merchant, what);
    }
    replay.add_to(&mut audit.report.totals);
}

/// Each funding has its kept answer, or a repeated request could fund twice, and its event.
fn fundings(merchant: MerchantId, replay: &Replay, answers: u64, events: u64, audit: &mut Audit<'_>) {
    let fundings = replay.fundings;
    if answers != fundings {
        let what = format!("{fundings} fundings, but {answers} answers that are kept for ever and name no payout");
        audit.differ(Kind::RecordMismatch, merchant, what);
    }
    if events != fundings {
        audit.differ(Kind::EventMismatch, merchant, format!("{fundings} fundings, but {events} events that say so"));
    }
}

/// What names a payout that is not there.
fn without_payout(id: PayoutId, flow: &Flow, audit: &mut Audit<'_>) {
    if flow.has_entries() {
        audit.differ(Kind::EntryWithoutPayout, id, "the ledger moves money for a payout that does not exist");
    }
    if flow.records > 0 {
        audit.differ(Kind::RecordWithoutPayout, id, "a kept answer names a payout that does not exist");
    }
    if flow.events.any() {
        audit.differ(Kind::EventWithoutPayout, id, "the outbox names a payout that does not exist");
    }
}
