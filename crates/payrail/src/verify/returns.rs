//! What the bank sent back: the lines that are kept of its list against the payouts, the list itself against the
//! lines, and the exceptions that nobody has resolved. A line that is credited must say what its payout says; every
//! line up to the worker's place must be credited, set aside or an exception.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use jiff::Timestamp;
use payrail_core::payout::Status;
use payrail_store::{ExceptionRow, Place, ReturnRow, SharedUtr, Snapshot, Store};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::rail::RailId;
use payrail_types::word::Word;
use uuid::Uuid;

use super::audit::{Audit, Known, VerifyError};
use super::banks::{Book, bucket, onward};
use super::kept::next;
use super::kind::Kind;
use super::payouts::hash;
use crate::rail::ReturnedTransfer;
use crate::rail::lists::{Row, list_of};

const PAGE: u32 = 1_000;
const UTRS_AT_ONCE: u32 = 10_000;

/// One merchant's lines and exceptions, once its payouts are known.
pub async fn check_kept(snapshot: &mut Snapshot, place: Place, audit: &mut Audit<'_>) -> Result<(), VerifyError> {
    let mut excepted = HashSet::new();
    let mut from = Some(Uuid::nil());
    while let Some(first) = from {
        let page = snapshot.return_rows(place, first, PAGE).await?;
        for line in &page {
            check_line(line, &mut excepted, audit);
        }
        from = following(page.last().map(|line| line.id), page.len());
    }
    let mut from = Some(Uuid::nil());
    while let Some(first) = from {
        let page = snapshot.exception_rows(place, first, PAGE).await?;
        for exception in &page {
            excepted.remove(&exception.id);
            audit.lines.insert(exception.id);
            check_exception(exception, audit);
        }
        from = following(page.last().map(|exception| exception.id), page.len());
    }
    for id in excepted {
        audit.differ(Kind::ExceptionLost, id, "a return was not credited, and no exception says why");
    }
    Ok(())
}

/// Exceptions that concern no merchant. They stay known in every part.
pub async fn check_without_merchant(store: &Store, audit: &mut Audit<'_>) -> Result<(), VerifyError> {
    let nobody = MerchantId(Uuid::nil());
    let place = Place { bucket: nobody.bucket().column(), merchant_id: nobody.0 };
    check_kept(&mut store.snapshot(place).await?, place, audit).await?;
    audit.without_merchant = std::mem::take(&mut audit.lines);
    Ok(())
}

fn following(last: Option<Uuid>, count: usize) -> Option<Uuid> {
    if count < PAGE as usize { None } else { last.and_then(next) }
}

fn check_line(line: &ReturnRow<'_>, excepted: &mut HashSet<Uuid>, audit: &mut Audit<'_>) {
    audit.lines.insert(line.id);
    match &*line.status {
        "waiting" => audit.report.returns_waiting += 1,
        "exception" => drop(excepted.insert(line.id)),
        "credited" => {
            let id = PayoutId(line.payout_id.unwrap_or_default());
            let known = audit.known.get_mut(&id);
            let wrong = match &known {
                None => Some("there is no such payout".to_owned()),
                Some(payout) if payout.has_line => Some("another line is credited as well".to_owned()),
                Some(payout) => unlike(payout, line.amount_paise, &line.utr),
            };
            if let Some(payout) = known {
                payout.has_line = true;
            }
            if let Some(wrong) = wrong {
                audit.differ(
                    Kind::CreditedOtherwise,
                    id,
                    format!("return number {} is credited: {wrong}", line.number),
                );
            }
        }
        other => audit.differ(Kind::Unreadable, line.id, format!("a return whose status is {other:?}")),
    }
}

/// What of the bank's line is not as the payout that it is credited to.
fn unlike(payout: &Known, amount: i64, utr: &str) -> Option<String> {
    match payout.status {
        Some(Status::Returned) if amount != payout.amount => {
            Some(format!("the bank's line is about {amount} paise; {} were credited", payout.amount))
        }
        Some(Status::Returned) if payout.utr != Some(hash(utr)) => {
            Some(format!("the bank's line is about UTR {utr:?}; another is kept here"))
        }
        Some(Status::Returned) => None,
        status => Some(format!("the payout is {}", status.map_or("nothing", Status::as_str))),
    }
}

fn check_exception(exception: &ExceptionRow<'_>, audit: &mut Audit<'_>) {
    if exception.resolved_at.is_some() {
        return;
    }
    audit.report.exceptions_open += 1;
    let ExceptionRow { id, kind, payout_id, reference, detail, .. } = exception;
    let subject = payout_id.map(|payout| payout.to_string()).or_else(|| reference.as_deref().map(str::to_owned));
    let subject = subject.unwrap_or_else(|| id.to_string());
    audit.differ(Kind::OpenException, subject, format!("{kind}: {detail}"));
}

/// The bank's list, as far as the worker had read it, against the lines that are kept of the payouts in
/// `audit.known`.
pub async fn check_list(
    book: &Book<'_>,
    buckets: &RangeInclusive<i16>,
    audit: &mut Audit<'_>,
) -> Result<(), VerifyError> {
    let (taken, mut after) = (book.returns_taken, 0);
    while after < taken {
        let page = book.rail.returns(after, PAGE).await?;
        let number = |row: &Row<ReturnedTransfer>| match row {
            Ok(returned) => Some(returned.number),
            Err(unreadable) => unreadable.number,
        };
        // A number beyond the worker's place says nothing of where the list goes on.
        let Some(last) = page.iter().filter_map(number).filter(|number| *number <= taken).max() else { break };
        for row in page.iter().filter(|row| number(row).is_none_or(|number| number <= taken)) {
            check_row(row, book.rail.name(), buckets, audit);
        }
        after = onward(after, last)?;
    }
    Ok(())
}

fn check_row(row: &Row<ReturnedTransfer>, rail: RailId, buckets: &RangeInclusive<i16>, audit: &mut Audit<'_>) {
    let returned = match row {
        Ok(returned) => returned,
        Err(unreadable) => {
            let is_kept = audit.without_merchant.contains(&unreadable.exception(rail, Timestamp::UNIX_EPOCH).id);
            if buckets.contains(&i16::MAX) && !is_kept {
                audit.differ(Kind::ReturnUnaccounted, format!("a line of {}", list_of(rail)), unreadable.shown());
            }
            return;
        }
    };
    let (reference, line) = (&returned.reference, returned.line());
    if !buckets.contains(&bucket(reference))
        || audit.lines.contains(&line.id())
        || audit.without_merchant.contains(&line.id())
    {
        return;
    }
    let number = line.number;
    let payout = PayoutId::from_reference(reference).and_then(|id| audit.known.get_mut(&id));
    let found = match payout {
        None => Some((Kind::ReturnUnaccounted, "neither credited nor set aside nor an exception".to_owned())),
        Some(payout) if payout.status != Some(Status::Returned) => {
            Some((Kind::ReturnedThereOnly, format!("{} here", payout.status.map_or("unreadable", Status::as_str))))
        }
        Some(payout) if payout.has_line => Some((Kind::ReturnedAgain, "the payout was returned before".to_owned())),
        // Returned before lines were kept: the first that fits is its own.
        Some(payout) => {
            let wrong = unlike(payout, line.amount_paise, &line.utr);
            payout.has_line = wrong.is_none();
            wrong.map(|wrong| (Kind::CreditedOtherwise, wrong))
        }
    };
    if let Some((kind, why)) = found {
        let what = format!("the bank returned {} paise (number {number}): {why}", line.amount_paise);
        audit.differ(kind, reference, what);
    }
}

/// Over all merchants: two that settle at the same moment under one UTR do not see each other.
pub async fn check_utrs(store: &Store, audit: &mut Audit<'_>) -> Result<(), VerifyError> {
    let mut after = String::new();
    loop {
        let Some(through) = store.utr_page(&after, UTRS_AT_ONCE).await? else { return Ok(()) };
        let shared = store.shared_utrs(&after, &through, PAGE).await?;
        for group in shared.chunk_by(|one, two| (&one.bank, &one.utr) == (&two.bank, &two.utr)) {
            check_shared(group, audit);
        }
        after = through;
    }
}

/// Of so many payouts under one UTR of one bank, all but the first must be exceptions.
fn check_shared(group: &[SharedUtr], audit: &mut Audit<'_>) {
    let missing = group.iter().filter(|payout| !payout.is_recorded).count();
    if missing > 1 {
        let ids: Vec<_> = group.iter().take(10).map(|payout| payout.id.to_string()).collect();
        let what = format!("{} payouts were paid under it by one bank: {}", group.len(), ids.join(", "));
        audit.differ(Kind::DuplicateUtr, &group[0].utr, what);
    }
}
