//! The ids of returned lines and exceptions, and which of two payouts keeps a shared UTR.

use jiff::Timestamp;
use payrail_core::bank_return::{BankReturn, Exception};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use uuid::Uuid;

fn line() -> BankReturn {
    let text = |text: &str| text.to_owned();
    BankReturn { number: 7, reference: text("PR1"), amount_paise: 60_000, utr: text("U1"), reason: text("frozen") }
}

#[test]
fn a_line_has_one_id_and_other_facts_have_another() {
    assert_eq!(line().id().to_string(), "1ed121d0-e73a-5ac6-bdd6-6988db75d681");
    assert_eq!(BankReturn { reason: "closed".to_owned(), ..line() }.id(), line().id());
    let others = [
        BankReturn { number: 8, ..line() },
        BankReturn { reference: "PR2".to_owned(), ..line() },
        BankReturn { amount_paise: 1, ..line() },
        BankReturn { utr: "U2".to_owned(), ..line() },
    ];
    assert!(others.iter().all(|other| other.id() != line().id()));
}

#[test]
fn facts_do_not_run_together() {
    let one = BankReturn { number: 7, reference: "0PR1".to_owned(), ..line() };
    let other = BankReturn { number: 70, reference: "PR1".to_owned(), ..line() };
    assert_ne!(one.id(), other.id());
}

#[test]
fn of_payouts_under_one_utr_the_same_one_always_keeps_it() {
    let payouts = [3, 1, 2].map(|n| (MerchantId(Uuid::from_u128(n + 10)), PayoutId(Uuid::from_u128(n))));
    let from = |payouts: &[_]| Exception::from_shared_utr(&Utr::from_stored("U1"), payouts, Timestamp::UNIX_EPOCH);
    let mut found = from(&payouts);
    found.sort_by_key(|(merchant, _)| *merchant);
    let named: Vec<_> = found.iter().map(|(merchant, it)| (*merchant, it.payout, it.other_payout)).collect();
    let keeps = Some(payouts[1].1);
    assert_eq!(named, [2, 0].map(|n| (payouts[n].0, Some(payouts[n].1), keeps)));
    let mut backwards = from(&[payouts[2], payouts[1], payouts[0]]);
    backwards.sort_by_key(|(merchant, _)| *merchant);
    assert_eq!(backwards, found);
    assert!(from(&payouts[..1]).is_empty() && from(&[]).is_empty());
}

#[test]
fn a_duplicate_utr_names_both_payouts_and_is_one_per_payout() {
    let [one, two] = [1, 2].map(|n| PayoutId(Uuid::from_u128(n)));
    let exception = Exception::duplicate_utr(one, two, &Utr::from_stored("U1"), Timestamp::UNIX_EPOCH);
    assert_eq!((exception.payout, exception.other_payout), (Some(one), Some(two)));
    assert_eq!(
        exception.id,
        Exception::duplicate_utr(one, PayoutId(Uuid::nil()), &Utr::from_stored("U2"), Timestamp::MAX).id
    );
    assert_ne!(exception.id, Exception::duplicate_utr(two, one, &Utr::from_stored("U1"), Timestamp::UNIX_EPOCH).id);
}
