//! The bank's book against the payouts: nothing paid twice, nothing paid and refunded, nothing
//! completed but unpaid, and nothing paid that nobody asked for.

use std::ops::RangeInclusive;

use payrail_core::ids::PayoutId;
use payrail_core::payout::Status;
use payrail_store::Store;

use super::payouts::hash;
use super::{Audit, Known, VerifyError, returns};
use crate::rail::{Error, IDENTITY, PaidTransfer, Rail};
use crate::worker::RETURNS_CURSOR;

const PAGE: u32 = 500;

/// Up to which of the bank's returns the worker has read. To be asked before the books are: what it
/// had taken in then must be in them.
pub async fn returns_taken(store: &Store) -> Result<i64, VerifyError> {
    let cursor = store.setting(RETURNS_CURSOR).await?;
    Ok(cursor.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Whether the payouts went to another bank than the one that answers: then nothing in its book can be compared, and
/// that is said instead of a difference for each payout.
pub async fn another(store: &Store, rail: Option<&Rail>, audit: &mut Audit<'_>) -> Result<bool, VerifyError> {
    let (Some(rail), Some(known)) = (rail, store.setting(IDENTITY).await?) else { return Ok(false) };
    let met = rail.identity().await.map_err(Error::List)?;
    if met == known {
        rail.expect(&known);
        return Ok(false);
    }
    let what = format!(
        "the payouts were sent to the bank {known}, and here is the bank {met}: its book was not compared. Name the right \
         one in PAYRAIL_BANK_URL or PAYRAIL_BANK_BOOK; if the change is meant, `payrail bank confirm`"
    );
    audit.differ("another_bank", met, what);
    Ok(true)
}

/// Compares the payouts in `audit.known` with the part of the bank's book that is about `buckets`.
pub async fn check(
    store: &Store,
    rail: Option<&Rail>,
    buckets: RangeInclusive<i16>,
    taken: i64,
    audit: &mut Audit<'_>,
) -> Result<(), VerifyError> {
    let Some(rail) = rail else { return Ok(()) };
    let mut after = 0;
    loop {
        let page = rail.paid(after, PAGE).await?;
        if page.is_empty() {
            break;
        }
        let before = after;
        for row in &page {
            let number = match row {
                Ok(transfer) => Some(transfer.number),
                Err(unreadable) => unreadable.number,
            };
            after = number.map_or(Ok(after), |number| onward(after, number))?;
            match row {
                Ok(transfer) if buckets.contains(&bucket(&transfer.reference)) => {
                    audit.saw(|seen| seen.bank_transfers += 1);
                    check_transfer(store, transfer, audit).await?;
                }
                // It may be anybody's: it is named once, with the last part.
                Err(unreadable) if buckets.contains(&i16::MAX) => {
                    audit.differ("unreadable_transfer", "a line of the bank's list of payments", unreadable.shown());
                }
                _ => {}
            }
        }
        if after == before {
            return Err(Error::List(format!("no row after row {before} has a number")).into());
        }
    }
    returns::check_list(rail, &buckets, taken, audit).await?;
    unpaid(audit);
    Ok(())
}

/// A list that does not go on would be read for ever.
pub fn onward(after: i64, number: i64) -> Result<i64, Error> {
    match number > after {
        true => Ok(number),
        false => Err(Error::List(format!("after row {after} comes row {number}"))),
    }
}

/// What is no reference of ours belongs to the last part.
pub fn bucket(reference: &str) -> i16 {
    PayoutId::from_reference(reference).map_or(i16::MAX, |id| id.bucket().column())
}

fn unpaid(audit: &mut Audit<'_>) {
    let completed = |payout: &Known| matches!(payout.status, Some(Status::Completed | Status::Returned));
    let unpaid = audit.known.iter().filter(|(_, payout)| completed(payout) && !payout.paid_by_bank);
    let mut unpaid: Vec<_> = unpaid.map(|(id, payout)| (*id, payout.status, payout.is_decided)).collect();
    unpaid.sort_unstable();
    for (id, status, is_decided) in unpaid {
        let status = status.map_or("", Status::as_str);
        if is_decided {
            let what = "an operator decided that it was paid, but the bank's book has no such payment";
            audit.differ("decided_paid_but_unpaid", id, what);
        } else {
            audit.differ("completed_unpaid", id, format!("{status} here, but the bank's book has no such payment"));
        }
    }
}

async fn check_transfer(store: &Store, transfer: &PaidTransfer, audit: &mut Audit<'_>) -> Result<(), VerifyError> {
    let reference = &transfer.reference;
    let id = PayoutId::from_reference(reference);
    if let Some(payout) = id.and_then(|id| audit.known.get_mut(&id)) {
        let differences = compare(transfer, payout);
        payout.paid_by_bank = true;
        for (kind, what) in differences {
            audit.differ(kind, reference, what);
        }
        return Ok(());
    }
    // It may have been asked for after its merchant's snapshot.
    let later = match id {
        Some(id) => store.merchant_of_payout(id).await?.is_some(),
        None => false,
    };
    if !later {
        let what = format!("the bank paid {} paise that nobody asked for", transfer.amount.get());
        audit.differ("paid_unknown", reference, what);
    }
    Ok(())
}

fn compare(transfer: &PaidTransfer, payout: &Known) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let paid = transfer.amount.get();
    if payout.paid_by_bank {
        found.push(("paid_twice", format!("the bank paid {paid} paise again")));
    }
    if paid != payout.amount {
        found.push((
            "paid_other_amount",
            format!("the bank paid {paid} paise; the payout is for {} paise", payout.amount),
        ));
    }
    if hash(&transfer.bank_account_id) != payout.account {
        let what = format!("the bank paid to {:?}, which is not the payout's account", transfer.bank_account_id);
        found.push(("paid_other_account", what));
    }
    if payout.utr.is_some_and(|utr| utr != hash(&transfer.utr)) {
        let kept = if payout.is_decided { "an operator wrote down another" } else { "another is kept here" };
        found.push(("utr_mismatch", format!("the bank paid under the UTR {:?}; {kept}", transfer.utr)));
    }
    match payout.status {
        Some(Status::Failed) if payout.is_decided => {
            let what = format!("an operator decided that it was not paid, but the bank paid {paid} paise");
            found.push(("decided_not_paid_but_paid", what));
        }
        Some(status @ (Status::Failed | Status::Cancelled)) => {
            let what = format!("the bank paid {paid} paise of a payout that is {}", status.as_str());
            found.push(("paid_and_refunded", what));
        }
        Some(Status::Returned) if !transfer.returned => {
            found.push(("returned_here_only", "returned here, but not in the bank's book".to_owned()));
        }
        // Under way in the snapshot, it may have been sent since.
        _ => {}
    }
    found
}
