//! For a database that was restored to an earlier moment: the banks' lists of what they paid against the payouts that
//! are there now. It names each payment that this ledger does not know or has otherwise, and changes nothing.
//!
//! The bank is read first and the ledger after it: whatever a bank paid was in the ledger before.

use std::collections::HashMap;

use jiff::Timestamp;
use payrail_core::payout::{Payout, Status};
use payrail_store::{PayoutRow, Place, Store};
use payrail_types::ids::{Bucket, MerchantId, PayoutId};
use payrail_types::rail::RailId;
use payrail_types::word::Word;
use uuid::Uuid;

use super::audit::{Known, VerifyError};
use super::bank::{Payments, compare};
use super::banks::meet;
use super::kind::Kind;
use super::payouts::hash;
use crate::rail::{Error, PaidTransfer, Rail, Unreadable};

/// Something to know or to do after the restore.
#[derive(Debug)]
pub struct Finding {
    pub rail: RailId,
    /// What `verify` calls it. None: the bank paid what is under way here, and a worker mends it when it next asks the
    /// bank.
    pub kind: Option<Kind>,
    pub what: String,
    /// What is to be done, by a person or by a worker.
    pub correction: &'static str,
    /// The line of the bank's list, if it can be read.
    pub transfer: Option<PaidTransfer>,
    pub owner: Owner,
}

/// Whose payment it was.
#[derive(Debug, PartialEq, Eq)]
pub enum Owner {
    Known(MerchantId, Box<Payout>),
    /// The reference is one of ours: made at this time for one of the bucket's merchants. All of those that the ledger
    /// has, if they are few.
    Lost {
        payout: PayoutId,
        merchants: Vec<MerchantId>,
    },
    /// No reference of ours.
    Nobody,
}

impl Finding {
    /// Nobody has to do anything.
    pub const fn mends_itself(&self) -> bool {
        self.kind.is_none()
    }

    /// Stable.
    pub fn word(&self) -> &'static str {
        self.kind.map_or("paid_under_way", Word::as_str)
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub transfers: u64,
    pub for_people: u64,
    pub for_workers: u64,
}

/// With more merchants in its bucket, a reference says too little to name them.
const MERCHANTS_NAMED: u32 = 5;

/// Calls `found` with each finding about what was paid at `since` or later.
pub async fn look(
    store: &Store,
    rails: &[Rail],
    since: Timestamp,
    mut found: impl FnMut(&Finding),
) -> Result<Counted, VerifyError> {
    let (mut counted, mut merchants) = (Counted::default(), HashMap::new());
    for rail in rails {
        let met = meet(store, rail).await?.map_err(|another| Error::List(another.what))?;
        let (bank, mut payments) = (hash(&met), Payments::of(rail));
        while let Some(page) = payments.next().await? {
            for row in page {
                if row.as_ref().is_ok_and(|transfer| transfer.paid_at < since) {
                    continue;
                }
                counted.transfers += 1;
                let findings = match row {
                    Ok(transfer) => about(store, rail.name(), bank, transfer, &mut merchants).await?,
                    Err(unreadable) => vec![unreadable_line(rail.name(), &unreadable)],
                };
                for finding in &findings {
                    let by = if finding.mends_itself() { &mut counted.for_workers } else { &mut counted.for_people };
                    *by += 1;
                    found(finding);
                }
            }
        }
    }
    Ok(counted)
}

type Merchants = HashMap<Bucket, Vec<MerchantId>>;

async fn about(
    store: &Store,
    rail: RailId,
    bank: u64,
    transfer: PaidTransfer,
    merchants: &mut Merchants,
) -> Result<Vec<Finding>, VerifyError> {
    let Some(id) = PayoutId::from_reference(&transfer.reference) else {
        let what = "the bank paid under a reference that is none of PayRail's".to_owned();
        let (kind, correction) = (Some(Kind::PaidUnknown), "Ask the bank whose order it was.");
        return Ok(vec![Finding { rail, kind, what, correction, transfer: Some(transfer), owner: Owner::Nobody }]);
    };
    let Some((merchant, payout)) = store.payout_of_transfer(id, &transfer.utr).await? else {
        let merchants = in_bucket(store, id.bucket(), merchants).await?;
        return Ok(vec![lost(rail, transfer, Owner::Lost { payout: id, merchants })]);
    };
    let differences = compare(&transfer, &Known::of(&PayoutRow::from(&payout), false), bank);
    let under_way = matches!(payout.status(), Status::Pending | Status::Processing);
    let finding = |kind, what, correction| Finding {
        rail,
        kind,
        what,
        correction,
        transfer: Some(transfer.clone()),
        owner: Owner::Known(merchant, Box::new(payout.clone())),
    };
    if differences.is_empty() && under_way {
        let what = "the bank paid it, and here it is still under way".to_owned();
        return Ok(vec![finding(None, what, WORKER_MENDS)]);
    }
    Ok(differences.into_iter().map(|(kind, what)| finding(Some(kind), what, correction_of(kind))).collect())
}

const WORKER_MENDS: &str = "Nothing to correct: a worker submits or enquires under the same reference, the bank answers \
    that it has paid, and the payout is completed, neither paid twice nor refunded. Let a worker do that before \
    merchants may cancel it.";

fn lost(rail: RailId, transfer: PaidTransfer, owner: Owner) -> Finding {
    let (what, correction) = match transfer.returned {
        false => (
            "the bank paid it, and no payout here has this reference: it was made after the moment of the restore",
            "Find the merchant who asked for it, by the account and the time. Its balance here still has the amount: \
             settle that with the merchant, and let the merchant send no payout of that time again under its old key.",
        ),
        true => (
            "the bank paid it and got it back, and no payout here has this reference",
            "The money is back: the merchant's balance is right. Resolve the exception return_unknown_reference, \
             which a worker makes of the return.",
        ),
    };
    Finding { rail, kind: Some(Kind::PaidUnknown), what: what.to_owned(), correction, transfer: Some(transfer), owner }
}

fn correction_of(kind: Kind) -> &'static str {
    match kind {
        Kind::PaidOtherAmount | Kind::PaidOtherAccount | Kind::PaidByAnotherBank => {
            "Ask the bank what it was told to pay and by whom. If the payout is in doubt, decide it afterwards."
        }
        Kind::UtrMismatch => "Ask the bank which UTR is right.",
        Kind::PaidAndRefunded => "The payee has the money and the merchant the refund: settle it with the merchant.",
        Kind::ReturnedHereOnly => "Ask the bank whether it got the money back.",
        _ => "Ask the bank.",
    }
}

fn unreadable_line(rail: RailId, line: &Unreadable) -> Finding {
    let (kind, correction) = (Some(Kind::UnreadableTransfer), "Send this line of its list to the bank.");
    Finding { rail, kind, what: line.shown(), correction, transfer: None, owner: Owner::Nobody }
}

/// The bucket's merchants; none if there are too many to name.
async fn in_bucket(store: &Store, bucket: Bucket, known: &mut Merchants) -> Result<Vec<MerchantId>, VerifyError> {
    if let Some(merchants) = known.get(&bucket) {
        return Ok(merchants.clone());
    }
    let before = Place { bucket: bucket.column() - 1, merchant_id: Uuid::max() };
    let places = store.places(before, MERCHANTS_NAMED + 1).await?;
    let there = places.iter().take_while(|place| place.bucket == bucket.column());
    let mut merchants: Vec<_> = there.map(|place| MerchantId(place.merchant_id)).collect();
    if merchants.len() > MERCHANTS_NAMED as usize {
        merchants.clear();
    }
    known.insert(bucket, merchants.clone());
    Ok(merchants)
}
