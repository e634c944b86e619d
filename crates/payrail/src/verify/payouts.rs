//! The payouts, each against what the rest of its merchant's book says of it.

use std::hash::{DefaultHasher, Hash, Hasher};

use payrail_core::payout::Status;
use payrail_store::{PayoutRow, Place, Snapshot};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::normal;
use payrail_types::word::Word;
use uuid::Uuid;

use super::attempts::{Calls, by_payout};
use super::audit::{Audit, Known, VerifyError};
use super::decisions::{Decision, Decisions};
use super::flow::{Events, Flow, Flows, Moved};
use super::kept::next;
use super::kind::Kind;

/// Smaller than elsewhere: the page's attempts are read with it.
const PAGE: u32 = 1_000;

/// Gives the sum of the payouts under way, and takes what it has compared out of `flows` and `decisions`.
pub async fn check(
    snapshot: &mut Snapshot,
    place: Place,
    flows: &mut Flows,
    decisions: &mut Decisions,
    audit: &mut Audit<'_>,
) -> Result<i128, VerifyError> {
    let mut open = 0;
    let mut from = Some(Uuid::nil());
    while let Some(first) = from {
        let page = snapshot.payout_rows(place, first, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        let through = page.last().filter(|_| !is_last).map_or(Uuid::max(), |last| last.id);
        let mut calls = by_payout(snapshot.attempt_facts(place, first, through).await?);
        for payout in &page {
            let id = PayoutId(payout.id);
            let flow = flows.remove(&id).unwrap_or_default();
            let (calls, decision) = (calls.remove(&id).unwrap_or_default(), decisions.remove(&id));
            open += check_payout(place, payout, flow, &calls, decision, audit);
        }
        for id in calls.keys() {
            audit.differ(Kind::AttemptWithoutPayout, id, "a call to the bank for a payout that does not exist");
        }
        audit.saw(|seen| seen.payouts += page.len() as u64);
        from = if is_last { None } else { next(through) };
    }
    Ok(open)
}

/// Gives what of it is under way.
fn check_payout(
    place: Place,
    payout: &PayoutRow<'_>,
    flow: Flow,
    calls: &Calls,
    decision: Option<Decision>,
    audit: &mut Audit<'_>,
) -> i128 {
    let id = PayoutId(payout.id);
    let status = Status::parse(&payout.status);
    audit.known.insert(id, Known::of(payout, decision.is_some()));
    if id.bucket() != MerchantId(place.merchant_id).bucket() {
        audit.differ(Kind::Misplaced, id, format!("its id leads to bucket {}", id.bucket().get()));
    }
    match flow.records {
        0 => audit.differ(Kind::RecordMismatch, id, "no kept answer names it: its request could make another"),
        1 => {}
        _ => audit.differ(Kind::RecordMismatch, id, "several kept answers name it"),
    }
    audit.report.in_doubt += u64::from(payout.doubt_since.is_some());
    let Some(status) = status.filter(|_| payout.amount_paise > 0) else {
        let what = format!("its row makes no sense: {:?}, {} paise", payout.status, payout.amount_paise);
        audit.differ(Kind::Unreadable, id, what);
        return if flow.moved.is_open() { flow.moved.paise.into() } else { 0 };
    };
    if flow.moved != Moved::expected(status, payout.amount_paise) {
        let what =
            format!("{} paise, {}; the ledger has {}", payout.amount_paise, payout.status, flow.moved.in_words());
        audit.differ(Kind::PayoutMismatch, id, what);
    }
    if flow.events != Events::expected(status) {
        let what = format!("{}; the outbox tells of {}", payout.status, flow.events.in_words());
        audit.differ(Kind::EventMismatch, id, what);
    }
    evidence(id, status, payout, audit);
    calls.compare(id, status, payout, decision, audit);
    match status {
        Status::Pending | Status::Processing => {
            audit.report.under_way += 1;
            payout.amount_paise.into()
        }
        _ => 0,
    }
}

/// Each status carries what it needs: under way the next step, at its end the proof.
fn evidence(id: PayoutId, status: Status, payout: &PayoutRow<'_>, audit: &mut Audit<'_>) {
    let (utr, reason) = (payout.utr.is_some(), payout.reason.is_some());
    let is_under_way = matches!(status, Status::Pending | Status::Processing);
    if is_under_way && (payout.due_at.is_none() || (status == Status::Processing && payout.step.is_none())) {
        audit.differ(Kind::Stranded, id, format!("{}, but no worker will ever take it up", payout.status));
    }
    if payout.due_at.is_some_and(|due| due > audit.latest_due) {
        let what = "due far in the future: a clock was wrong (`payrail bring-forward`)".to_owned();
        audit.differ(Kind::DueFarAhead, id, what);
    }
    let lack = match status {
        Status::Completed | Status::Returned if !utr => Some("no UTR"),
        Status::Failed | Status::Returned if !reason => Some("no reason"),
        _ if is_under_way => None,
        _ if payout.due_at.is_some() => Some("a worker that is to take it up"),
        _ if payout.doubt_since.is_some() => Some("a doubt that was never ended"),
        _ => None,
    };
    if let Some(lack) = lack {
        audit.differ(Kind::PayoutState, id, format!("{}, with {lack}", payout.status));
    }
}

impl Known {
    pub fn of(payout: &PayoutRow<'_>, is_decided: bool) -> Self {
        Self {
            status: Status::parse(&payout.status),
            amount: payout.amount_paise,
            account: hash(&normal(&payout.bank_account_id)),
            utr: payout.utr.as_deref().map(hash),
            bank: payout.bank.as_deref().map(hash),
            is_decided,
            paid_by_bank: false,
            has_line: false,
        }
    }
}

/// Of a text that only needs to be compared.
pub fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
