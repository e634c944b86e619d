//! The bank's book against the payouts: nothing paid twice, nothing paid and refunded, nothing
//! completed but unpaid, and nothing paid that nobody asked for.

use payrail_core::ids::PayoutId;
use payrail_core::payout::Status;
use payrail_store::Store;

use super::{Known, KnownPayouts, Progress, Report, VerifyError};
use crate::rail::{PaidTransfer, Rail};

const PAGE: u32 = 500;

pub async fn check(
    store: &Store,
    rail: &Rail,
    report: &mut Report,
    known: &mut KnownPayouts,
    progress: &mut impl FnMut(&Progress),
) -> Result<(), VerifyError> {
    let mut after = 0;
    loop {
        let page = rail.paid(after, PAGE).await?;
        for transfer in &page {
            check_transfer(store, transfer, report, known).await?;
        }
        report.checked.bank_transfers += page.len() as u64;
        progress(&report.checked);
        match page.last() {
            Some(last) => after = last.number,
            None => break,
        }
    }
    for (id, payout) in known.iter() {
        if matches!(payout.status, Status::Completed | Status::Returned) && !payout.paid_by_bank {
            let what = format!("{} here, but the bank's book has no such payment", payout.status.as_str());
            report.differ("completed_unpaid", id, what);
        }
    }
    Ok(())
}

async fn check_transfer(
    store: &Store,
    transfer: &PaidTransfer,
    report: &mut Report,
    known: &mut KnownPayouts,
) -> Result<(), VerifyError> {
    let reference = &transfer.reference;
    let id = PayoutId::from_reference(reference);
    let Some(payout) = id.and_then(|id| known.get_mut(&id)) else {
        // It may have been asked for after its merchant's snapshot.
        let later = match id {
            Some(id) => store.merchant_of_payout(id).await?.is_some(),
            None => false,
        };
        if !later {
            let what = format!("the bank paid {} paise that nobody asked for", transfer.amount.get());
            report.differ("paid_unknown", reference, what);
        }
        return Ok(());
    };
    compare(transfer, payout, report);
    payout.paid_by_bank = true;
    Ok(())
}

fn compare(transfer: &PaidTransfer, payout: &Known, report: &mut Report) {
    let reference = &transfer.reference;
    let paid = transfer.amount.get();
    if payout.paid_by_bank {
        report.differ("paid_twice", reference, format!("the bank paid {paid} paise again"));
    }
    if paid != payout.amount {
        let what = format!("the bank paid {paid} paise; the payout is for {}", payout.amount);
        report.differ("paid_other_amount", reference, what);
    }
    match payout.status {
        Status::Failed | Status::Cancelled => {
            let what = format!("the bank paid {paid} paise of a payout that is {}", payout.status.as_str());
            report.differ("paid_and_refunded", reference, what);
        }
        Status::Returned if !transfer.returned => {
            report.differ("returned_here_only", reference, "returned here, but not in the bank's book");
        }
        // Under way in the snapshot, it may have been sent since.
        _ => {}
    }
}
