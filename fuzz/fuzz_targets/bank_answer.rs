#![no_main]
//! The bank's answer: money hangs on it. Only what says so in so many words is one, by a second reading of its own.

use libfuzzer_sys::fuzz_target;
use payrail::rail::{Instruction, Reply, answer};
use payrail_types::word::Word;
use payrail_types::money::Amount;
use payrail_core::payout::{AttemptKind, BankAnswer};
use reqwest::StatusCode;
use serde_json::Value;

fn about(reference: &str) -> Instruction<'_> {
    Instruction { reference, amount: Amount::new(5).expect("an amount"), bank_account_id: "x" }
}

fuzz_target!(|bytes: &[u8]| {
    for step in AttemptKind::all() {
        let reply = |status, is_json| Reply { status, is_json, body: bytes.to_vec(), broken: None };
        let read = answer::read(step, about("PR1"), &reply(StatusCode::OK, true));
        for unsure in
            [reply(StatusCode::ACCEPTED, true), reply(StatusCode::OK, false), reply(StatusCode::BAD_GATEWAY, true)]
        {
            assert!(matches!(answer::read(step, about("PR1"), &unsure), BankAnswer::NoAnswer { .. }));
        }
        if matches!(read, BankAnswer::NoAnswer { .. }) {
            continue;
        }
        let Ok(Value::Object(said)) = serde_json::from_slice::<Value>(bytes) else { panic!("no object: {read:?}") };
        assert!(said["reference"] == "PR1");
        let is_of_transfer = matches!(read, BankAnswer::Paid { .. } | BankAnswer::Refused { .. });
        assert!(said.get("amount_paise").is_some_and(|amount| *amount == 5) == is_of_transfer);
        assert!(said.get("bank_account_id").is_none_or(|other| other.is_null() || other == "x"));
        let has = |name: &str| said.get(name).is_some_and(|value| !value.is_null());
        match &read {
            BankAnswer::Paid { utr } => {
                assert!(said["status"] == "paid" && said["utr"] == utr.as_str());
                assert!((1..=64).contains(&utr.as_str().len()) && utr.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
            }
            BankAnswer::Refused { reason } => {
                assert!(said["status"] == "refused" && has("reason") && !has("utr"));
                assert!((1..=500).contains(&reason.chars().count()) && !reason.contains(char::is_control));
            }
            BankAnswer::Closed => assert!(said["status"] == "closed" && step != AttemptKind::Submit && !has("utr")),
            BankAnswer::NeverReceived => {
                assert!(said["status"] == "never_received" && step != AttemptKind::Submit && !has("utr"))
            }
            other => panic!("{other:?}"),
        }
        // About another reference it says nothing.
        let elsewhere = answer::read(step, about("PR2"), &reply(StatusCode::OK, true));
        assert!(matches!(elsewhere, BankAnswer::NoAnswer { .. }));
    }
});
