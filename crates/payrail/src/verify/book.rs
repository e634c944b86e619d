//! One merchant's book: the chain of entries, and the payouts against them.

use std::collections::HashMap;

use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger::{Entry, EntryKind};
use payrail_core::money::Paise;
use payrail_core::payout::{Payout, Status};
use payrail_store::{Snapshot, Store};

use super::{Known, KnownPayouts, Progress, Report, VerifyError};

const PAGE: u32 = 5_000;

/// The three accounts, replayed.
#[derive(Default)]
struct Replay {
    seq: i64,
    available: i128,
    held: i128,
    bank: i128,
    funded: i128,
}

/// What the ledger says of one payout: how often and how much in all, by kind.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Flow {
    hold: Sum,
    settle: Sum,
    refund: Sum,
    back: Sum,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    times: u32,
    paise: i128,
}

impl Sum {
    fn add(&mut self, paise: i128) {
        self.times += 1;
        self.paise += paise;
    }
}

type Flows = HashMap<PayoutId, Flow>;

pub async fn check(
    store: &Store,
    merchant: MerchantId,
    report: &mut Report,
    known: &mut KnownPayouts,
    progress: &mut impl FnMut(&Progress),
) -> Result<(), VerifyError> {
    let mut snapshot = store.snapshot().await?;
    let (replay, mut flows) = entries(&mut snapshot, merchant, report, progress).await?;
    let open = payouts(&mut snapshot, merchant, &mut flows, report, known, progress).await?;
    if open != replay.held {
        let what = format!("{} paise are held, but the payouts under way come to {open}", replay.held);
        report.differ("held_mismatch", merchant, what);
    }
    for id in flows.keys() {
        report.differ("entry_without_payout", id, "the ledger moves money for a payout that does not exist");
    }
    report.checked.merchants += 1;
    progress(&report.checked);
    add_totals(report, &replay);
    Ok(())
}

async fn entries(
    snapshot: &mut Snapshot,
    merchant: MerchantId,
    report: &mut Report,
    progress: &mut impl FnMut(&Progress),
) -> Result<(Replay, Flows), VerifyError> {
    let mut replay = Replay::default();
    let mut flows = Flows::new();
    loop {
        let page = snapshot.entries_after(merchant, replay.seq, PAGE).await?;
        for line in &page {
            replay.take(&line.entry, merchant, report);
            if let Some(payout) = line.entry.payout {
                flows.entry(payout).or_default().take(&line.entry);
            }
        }
        report.checked.entries += page.len() as u64;
        progress(&report.checked);
        if page.len() < PAGE as usize {
            return Ok((replay, flows));
        }
    }
}

impl Replay {
    fn take(&mut self, entry: &Entry, merchant: MerchantId, report: &mut Report) {
        let amount = i128::from(entry.amount.get());
        let (available, held) = match entry.kind {
            EntryKind::Fund | EntryKind::Return => (amount, 0),
            EntryKind::Hold => (-amount, amount),
            EntryKind::Settle => (0, -amount),
            EntryKind::Refund => (amount, -amount),
        };
        self.available += available;
        self.held += held;
        self.bank -= available + held;
        if entry.kind == EntryKind::Fund {
            self.funded += amount;
        }
        self.compare(entry, merchant, report);
        self.seq = entry.seq;
    }

    fn compare(&self, entry: &Entry, merchant: MerchantId, report: &mut Report) {
        let seq = entry.seq;
        if seq != self.seq + 1 {
            report.differ("seq_gap", merchant, format!("entry {seq} comes after entry {}", self.seq));
        }
        let (available, held) = (entry.after.available.get(), entry.after.held.get());
        if (i128::from(available), i128::from(held)) != (self.available, self.held) {
            let what = format!(
                "entry {seq} says {available} available and {held} held; its amounts come to {} and {}",
                self.available, self.held
            );
            report.differ("balance_after", merchant, what);
        }
        if self.available < 0 || self.held < 0 {
            let what = format!("after entry {seq}: {} available, {} held", self.available, self.held);
            report.differ("overdraft", merchant, what);
        }
        if self.available + self.held + self.bank != 0 {
            report.differ("not_zero_sum", merchant, format!("after entry {seq} the accounts do not sum to zero"));
        }
    }
}

impl Flow {
    fn take(&mut self, entry: &Entry) {
        let sum = match entry.kind {
            EntryKind::Fund => return,
            EntryKind::Hold => &mut self.hold,
            EntryKind::Settle => &mut self.settle,
            EntryKind::Refund => &mut self.refund,
            EntryKind::Return => &mut self.back,
        };
        sum.add(i128::from(entry.amount.get()));
    }

    /// What the ledger must say of a payout in this status.
    fn expected(status: Status, amount: i128) -> Self {
        let once = Sum { times: 1, paise: amount };
        let held = Self { hold: once, ..Self::default() };
        match status {
            Status::Pending | Status::Processing => held,
            Status::Completed => Self { settle: once, ..held },
            Status::Failed | Status::Cancelled => Self { refund: once, ..held },
            Status::Returned => Self { settle: once, back: once, ..held },
        }
    }

    fn in_words(self) -> String {
        let mut words = Vec::new();
        for (name, Sum { times, paise }) in
            [("hold", self.hold), ("settle", self.settle), ("refund", self.refund), ("return", self.back)]
        {
            if times > 0 {
                words.push(format!("{times} {name} of {paise} paise in all"));
            }
        }
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }
}

/// Gives the sum of the payouts under way.
async fn payouts(
    snapshot: &mut Snapshot,
    merchant: MerchantId,
    flows: &mut Flows,
    report: &mut Report,
    known: &mut KnownPayouts,
    progress: &mut impl FnMut(&Progress),
) -> Result<i128, VerifyError> {
    let mut open = 0;
    let mut after = None;
    loop {
        let page = snapshot.payouts_after(merchant, after, PAGE).await?;
        for payout in &page {
            open += check_payout(payout, flows.remove(&payout.id).unwrap_or_default(), report);
            let Payout { id, amount, .. } = payout;
            known.insert(*id, Known { status: payout.status(), amount: amount.get(), paid_by_bank: false });
        }
        report.checked.payouts += page.len() as u64;
        progress(&report.checked);
        after = page.last().map(|payout| payout.id);
        if page.len() < PAGE as usize {
            return Ok(open);
        }
    }
}

fn check_payout(payout: &Payout, flow: Flow, report: &mut Report) -> i128 {
    let status = payout.status();
    let amount = i128::from(payout.amount.get());
    if flow != Flow::expected(status, amount) {
        let what = format!("{} paise, {}; the ledger has {}", amount, status.as_str(), flow.in_words());
        report.differ("payout_mismatch", payout.id, what);
    }
    if payout.is_in_doubt() {
        report.in_doubt += 1;
    }
    match status {
        Status::Pending | Status::Processing => {
            report.under_way += 1;
            amount
        }
        _ => 0,
    }
}

fn add_totals(report: &mut Report, replay: &Replay) {
    let add = |total: &mut Paise, paise: i128| {
        let sum = i128::from(total.get()) + paise;
        *total = Paise::new(i64::try_from(sum).unwrap_or(i64::MAX));
    };
    add(&mut report.totals.funded, replay.funded);
    add(&mut report.totals.available, replay.available);
    add(&mut report.totals.held, replay.held);
    add(&mut report.totals.paid_out, replay.funded - replay.available - replay.held);
}
