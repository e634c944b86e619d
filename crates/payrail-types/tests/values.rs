//! Amounts, ids and the names of rails, and what follows from them.

#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

use jiff::Timestamp;
use payrail_types::ids::{Bucket, MerchantId, PayoutId, RequestId};
use payrail_types::money::{Amount, NotAnAmount, Paise};
use payrail_types::rail::RailId;
use uuid::Uuid;

#[test]
fn arithmetic_refuses_to_wrap() {
    assert_eq!(Paise::new(i64::MAX).plus(Paise::new(1)), None);
    assert_eq!(Paise::new(i64::MIN).plus(Paise::new(-1)), None);
    assert_eq!(Paise::new(2).plus(Paise::new(-3)), Some(Paise::new(-1)));
}

#[test]
fn an_amount_is_positive() {
    assert_eq!(Amount::new(0), Err(NotAnAmount(0)));
    assert_eq!(Amount::new(-1), Err(NotAnAmount(-1)));
    assert_eq!(Amount::new(1).map(Amount::get), Ok(1));
}

#[test]
fn buckets_never_change() {
    let id = |text: &str| MerchantId(Uuid::parse_str(text).unwrap());
    assert_eq!(MerchantId(Uuid::nil()).bucket(), Bucket::new(0x37));
    assert_eq!(id("2edc2490-a9d6-4bdb-805b-670867013dca").bucket(), Bucket::new(0x57));
}

#[test]
fn a_bucket_is_its_number_in_every_type() {
    for number in [0, 1, 0x57, 255] {
        assert_eq!((Bucket::new(number).get(), Bucket::new(number).column()), (number, i16::from(number)));
    }
}

#[test]
fn an_entrys_id_never_changes_and_is_its_alone() {
    let (one, two) = (MerchantId(Uuid::nil()), MerchantId(Uuid::max()));
    assert_eq!(one.entry_id(1).to_string(), "a4fa647d-efa2-51e1-b720-c856fd893973");
    assert_eq!([one.entry_id(1), one.entry_id(2), two.entry_id(1)].map(|id| id.get_version_num()), [5, 5, 5]);
    assert!(one.entry_id(1) != one.entry_id(2) && one.entry_id(1) != two.entry_id(1));
}

#[test]
fn ids_are_shown_as_uuids() {
    let text = "2edc2490-a9d6-4bdb-805b-670867013dca";
    let id = Uuid::parse_str(text).unwrap();
    assert_eq!((MerchantId(id).to_string(), PayoutId(id).to_string()), (text.to_owned(), text.to_owned()));
}

#[test]
fn a_payout_id_is_a_uuid_v7_that_carries_time_and_bucket() {
    let at = Timestamp::from_millisecond(1_795_000_000_123).unwrap();
    for bucket in [0, 1, 0x5a, 255].map(Bucket::new) {
        for random in [0, u128::MAX] {
            let id = PayoutId::new(at, bucket, random);
            assert_eq!(id.bucket(), bucket);
            assert_eq!(id.0.get_version_num(), 7);
            assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
            assert_eq!(id.0.as_u128() >> 80, 1_795_000_000_123);
            assert_eq!(id.made_at(), at);
        }
    }
}

#[test]
fn a_reference_leads_back_to_its_payout() {
    let id = PayoutId::new(Timestamp::UNIX_EPOCH, Bucket::new(7), 42);
    assert_eq!(id.reference().len(), 34);
    assert_eq!(PayoutId::from_reference(&id.reference()), Some(id));
    assert_eq!(PayoutId::from_reference(&id.reference().to_lowercase()), None);
    assert_eq!(PayoutId::from_reference("PR"), None);
}

#[test]
fn a_request_id_is_short_and_printable() {
    let longest = "x".repeat(RequestId::MAX_CHARACTERS);
    for text in ["a", "the client's own", "2edc2490-a9d6-4bdb-805b-670867013dca", longest.as_str()] {
        assert_eq!(RequestId::parse(text).as_ref().map(RequestId::as_str), Some(text));
    }
    let longer = format!("{longest}x");
    for text in ["", longer.as_str(), "a\nb", "a\u{1b}[2J", "\0", "é", "\u{202e}"] {
        assert_eq!(RequestId::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_rails_name_is_short_and_plain() {
    assert_eq!(RailId::parse("bank"), Some(RailId::DEFAULT));
    for name in ["a", "imps-2", "abcdefghij0123456789"] {
        assert_eq!(RailId::parse(name).unwrap().to_string(), name);
    }
    for name in ["", "Bank", "a_b", "a b", "é", "abcdefghij0123456789x", "a\0"] {
        assert_eq!(RailId::parse(name), None, "{name:?}");
    }
}
