//! The ledger's chain: numbers without a gap, and balances that follow from the amounts.

use payrail_store::{EntryRow, Place, Snapshot};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::money::Paise;

use super::audit::{Audit, Totals, VerifyError};
use super::flow::Flows;
use super::kind::Kind;

const PAGE: u32 = 5_000;

/// Two of the three accounts, replayed. The third, `bank`, is by definition what makes the sum zero:
/// there is nothing stored that could contradict it.
#[derive(Default)]
pub struct Replay {
    seq: i64,
    available: i128,
    pub held: i128,
    funded: i128,
    settled: i128,
    returned: i128,
    pub fundings: u64,
    /// By how much the last entry's own balances differ from the replayed ones, so that one wrong
    /// amount is named once and not in every entry after it.
    off: (i128, i128),
    is_overdrawn: bool,
}

pub async fn replay(
    snapshot: &mut Snapshot,
    place: Place,
    flows: &mut Flows,
    audit: &mut Audit<'_>,
) -> Result<Replay, VerifyError> {
    let merchant = MerchantId(place.merchant_id);
    let mut replay = Replay::default();
    let mut after = i64::MIN;
    loop {
        let page = snapshot.entry_rows(place, after, PAGE).await?;
        for entry in &page {
            replay.take(entry, merchant, audit);
            take_flow(entry, merchant, flows, audit);
            after = entry.seq;
        }
        audit.saw(|seen| seen.entries += page.len() as u64);
        if page.len() < PAGE as usize {
            return Ok(replay);
        }
    }
}

/// Every kind but `fund` belongs to a payout.
fn take_flow(entry: &EntryRow<'_>, merchant: MerchantId, flows: &mut Flows, audit: &mut Audit<'_>) {
    let fits = match entry.payout_id {
        Some(payout) => {
            flows.entry(PayoutId(payout)).or_default().moved.take(&entry.kind, entry.amount_paise)
                && entry.amount_paise > 0
        }
        None => entry.kind == "fund" && entry.amount_paise > 0,
    };
    if !fits {
        let payout = if entry.payout_id.is_some() { "a" } else { "no" };
        let what = format!(
            "entry {} makes no sense: {:?} of {} paise, with {payout} payout",
            entry.seq, entry.kind, entry.amount_paise
        );
        audit.differ(Kind::Unreadable, merchant, what);
    }
}

impl Replay {
    fn take(&mut self, entry: &EntryRow<'_>, merchant: MerchantId, audit: &mut Audit<'_>) {
        let amount = i128::from(entry.amount_paise);
        let (available, held) = match &*entry.kind {
            "fund" => {
                self.funded += amount;
                self.fundings += 1;
                (amount, 0)
            }
            "hold" => (-amount, amount),
            "settle" => {
                self.settled += amount;
                (0, -amount)
            }
            "refund" => (amount, -amount),
            "return" => {
                self.returned += amount;
                (amount, 0)
            }
            // Named elsewhere; what it moved, nobody can tell.
            _ => (0, 0),
        };
        self.available += available;
        self.held += held;
        self.compare(entry, merchant, audit);
        self.seq = entry.seq;
    }

    fn compare(&mut self, entry: &EntryRow<'_>, merchant: MerchantId, audit: &mut Audit<'_>) {
        let &EntryRow { seq, available_after, held_after, .. } = entry;
        if self.seq.checked_add(1) != Some(seq) {
            audit.differ(Kind::SeqGap, merchant, format!("entry {seq} comes after entry {}", self.seq));
        }
        let off = (i128::from(available_after) - self.available, i128::from(held_after) - self.held);
        if off != self.off && off != (0, 0) {
            let what = format!(
                "entry {seq} says {available_after} available and {held_after} held; its amounts come to {} and {}",
                self.available, self.held
            );
            audit.differ(Kind::BalanceAfter, merchant, what);
        }
        self.off = off;
        let is_overdrawn = self.available < 0 || self.held < 0;
        if is_overdrawn && !self.is_overdrawn {
            let what = format!("after entry {seq}: {} available, {} held", self.available, self.held);
            audit.differ(Kind::Overdraft, merchant, what);
        }
        self.is_overdrawn = is_overdrawn;
    }

    pub fn add_to(&self, totals: &mut Totals) {
        let add = |total: &mut Paise, paise: i128| {
            let sum = i128::from(total.get()) + paise;
            *total = Paise::new(i64::try_from(sum).unwrap_or(i64::MAX));
        };
        add(&mut totals.funded, self.funded);
        add(&mut totals.available, self.available);
        add(&mut totals.held, self.held);
        add(&mut totals.paid_out, self.settled - self.returned);
    }
}
