#![no_main]
//! An order's body: what is taken is in bounds and is taken again as we would write it; what is not is refused with a
//! 4xx.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::order;
use serde_json::json;

fuzz_target!(|bytes: &[u8]| {
    match order(b"application/json", bytes) {
        Some(Ok(taken)) => {
            let (paise, account) = (taken.amount.get(), taken.bank_account_id.to_string());
            assert!(paise >= 1);
            assert!((1..=255).contains(&account.chars().count()));
            assert!(account.trim() == account && !account.contains(|c: char| c.is_control() || c == '\u{200b}'));
            let canonical = json!({ "amount_paise": paise, "bank_account_id": account }).to_string();
            let again = order(b"application/json; charset=utf-8", canonical.as_bytes());
            assert_eq!(
                again.map(|again| again.map(|again| (again.amount.get(), again.bank_account_id.to_string()))),
                Some(Ok((paise, account)))
            );
            // A member of the amount's value in the text: no number was made up.
            assert!(
                serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|value| value["amount_paise"].is_number())
            );
        }
        Some(Err(status)) => assert!(status == 400, "{status}"),
        None => {}
    }
    // As the type of it, too.
    if let Some(Err(status)) = order(bytes, b"{}") {
        assert!(status == 400 || status == 415, "{status}");
    }
});
