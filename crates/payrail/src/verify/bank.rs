//! The bank's book against the payouts: nothing paid twice, nothing paid and refunded, nothing
//! completed but unpaid, and nothing paid that nobody asked for.

use std::ops::RangeInclusive;

use payrail_core::payout::Status;
use payrail_store::Store;
use payrail_types::ids::PayoutId;
use payrail_types::names::normal;
use payrail_types::word::Word;

use super::audit::{Audit, Known, VerifyError};
use super::banks::{Book, bucket, onward};
use super::kind::Kind;
use super::payouts::hash;
use super::returns;
use crate::rail::lists::Row;
use crate::rail::{Error, PaidTransfer, Rail};

const PAGE: u32 = 500;

/// Compares the payouts in `audit.known` with the parts of the banks' books that are about `buckets`.
pub async fn check(
    store: &Store,
    books: &[Book<'_>],
    buckets: RangeInclusive<i16>,
    audit: &mut Audit<'_>,
) -> Result<(), VerifyError> {
    for book in books {
        check_book(store, book, &buckets, audit).await?;
        returns::check_list(book, &buckets, audit).await?;
    }
    if !books.is_empty() {
        unpaid(books, audit);
    }
    Ok(())
}

async fn check_book(
    store: &Store,
    book: &Book<'_>,
    buckets: &RangeInclusive<i16>,
    audit: &mut Audit<'_>,
) -> Result<(), VerifyError> {
    let mut payments = Payments::of(book.rail);
    while let Some(page) = payments.next().await? {
        for row in &page {
            match row {
                Ok(transfer) if buckets.contains(&bucket(&transfer.reference)) => {
                    audit.saw(|seen| seen.bank_transfers += 1);
                    check_transfer(store, book, transfer, audit).await?;
                }
                // It may be anybody's: it is named once, with the last part.
                Err(unreadable) if buckets.contains(&i16::MAX) => {
                    audit.differ(Kind::UnreadableTransfer, "a line of the bank's list of payments", unreadable.shown());
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// A bank's list of what it paid, page by page, in its own order.
pub struct Payments<'r> {
    rail: &'r Rail,
    after: i64,
}

impl<'r> Payments<'r> {
    pub const fn of(rail: &'r Rail) -> Self {
        Self { rail, after: 0 }
    }

    /// None at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Row<PaidTransfer>>>, Error> {
        let page = self.rail.paid(self.after, PAGE).await?;
        if page.is_empty() {
            return Ok(None);
        }
        let before = self.after;
        for row in &page {
            let number = match row {
                Ok(transfer) => Some(transfer.number),
                Err(unreadable) => unreadable.number,
            };
            self.after = number.map_or(Ok(self.after), |number| onward(self.after, number))?;
        }
        match self.after == before {
            true => Err(Error::List(format!("no row after row {before} has a number"))),
            false => Ok(Some(page)),
        }
    }
}

/// Payouts of a bank that was not asked are left out, and counted.
fn unpaid(books: &[Book<'_>], audit: &mut Audit<'_>) {
    let completed = |payout: &Known| matches!(payout.status, Some(Status::Completed | Status::Returned));
    let old_bank = audit.old_bank;
    let is_compared =
        |payout: &Known| payout.bank.or(old_bank).is_none_or(|bank| books.iter().any(|book| book.bank == bank));
    let left_out = audit.known.values().filter(|payout| completed(payout) && !is_compared(payout)).count();
    audit.report.left_out += left_out as u64;
    let unpaid = audit.known.iter();
    let unpaid = unpaid.filter(|(_, payout)| completed(payout) && !payout.paid_by_bank && is_compared(payout));
    let mut unpaid: Vec<_> = unpaid.map(|(id, payout)| (*id, payout.status, payout.is_decided)).collect();
    unpaid.sort_unstable();
    for (id, status, is_decided) in unpaid {
        let status = status.map_or("", Status::as_str);
        if is_decided {
            let what = "an operator decided that it was paid, but the bank's book has no such payment";
            audit.differ(Kind::DecidedPaidButUnpaid, id, what);
        } else {
            audit.differ(Kind::CompletedUnpaid, id, format!("{status} here, but the bank's book has no such payment"));
        }
    }
}

async fn check_transfer(
    store: &Store,
    book: &Book<'_>,
    transfer: &PaidTransfer,
    audit: &mut Audit<'_>,
) -> Result<(), VerifyError> {
    let reference = &transfer.reference;
    let id = PayoutId::from_reference(reference);
    if let Some(payout) = id.and_then(|id| audit.known.get_mut(&id)) {
        let differences = compare(transfer, payout, book.bank);
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
        audit.differ(Kind::PaidUnknown, reference, what);
    }
    Ok(())
}

/// What a payment of the bank, known by the hash of its identity, is not as the payout says.
pub fn compare(transfer: &PaidTransfer, payout: &Known, bank: u64) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    if payout.bank.is_some_and(|sent_to| sent_to != bank) {
        let what = "it was submitted to another bank than the one that paid it".to_owned();
        found.push((Kind::PaidByAnotherBank, what));
    }
    let paid = transfer.amount.get();
    if payout.paid_by_bank {
        found.push((Kind::PaidTwice, format!("the bank paid {paid} paise again")));
    }
    if paid != payout.amount {
        found.push((
            Kind::PaidOtherAmount,
            format!("the bank paid {paid} paise; the payout is for {} paise", payout.amount),
        ));
    }
    if hash(&normal(&transfer.bank_account_id)) != payout.account {
        let what = format!("the bank paid to {:?}, which is not the payout's account", transfer.bank_account_id);
        found.push((Kind::PaidOtherAccount, what));
    }
    if payout.utr.is_some_and(|utr| utr != hash(&transfer.utr)) {
        let kept = if payout.is_decided { "an operator wrote down another" } else { "another is kept here" };
        found.push((Kind::UtrMismatch, format!("the bank paid under the UTR {:?}; {kept}", transfer.utr)));
    }
    match payout.status {
        Some(Status::Failed) if payout.is_decided => {
            let what = format!("an operator decided that it was not paid, but the bank paid {paid} paise");
            found.push((Kind::DecidedNotPaidButPaid, what));
        }
        Some(status @ (Status::Failed | Status::Cancelled)) => {
            let what = format!("the bank paid {paid} paise of a payout that is {}", status.as_str());
            found.push((Kind::PaidAndRefunded, what));
        }
        Some(Status::Returned) if !transfer.returned => {
            found.push((Kind::ReturnedHereOnly, "returned here, but not in the bank's book".to_owned()));
        }
        // Under way in the snapshot, it may have been sent since.
        _ => {}
    }
    found
}
