//! The two fields, value by value. What is refused is refused in the original's words, one member a
//! bad field; what is accepted is stored exactly.

use serde_json::{Value, json};

use super::{PAYOUTS, api_only, ask, get};
use crate::support::{ACME, World, key};

on_all_stores!(refused_amounts, accepted_amounts, refused_accounts, accepted_accounts);

const REQUIRED: &str = "This field is required.";
const NULL: &str = "This field may not be null.";
const NOT_WHOLE: &str = "A valid integer is required.";
const TOO_SMALL: &str = "Ensure this value is greater than or equal to 1.";
const TOO_LARGE: &str = "Ensure this value is less than or equal to 9223372036854775807.";
const BLANK: &str = "This field may not be blank.";
const NOT_TEXT: &str = "Not a valid string.";
const TOO_LONG: &str = "Ensure this field has no more than 255 characters.";
const NUL: &str = "Null characters are not allowed.";

const BAD_AMOUNTS: [(&str, &str); 42] = [
    ("null", NULL),
    ("0", TOO_SMALL),
    ("-1", TOO_SMALL),
    ("-0", TOO_SMALL),
    ("0.0", TOO_SMALL),
    ("-1000.0", TOO_SMALL),
    ("-9223372036854775808", TOO_SMALL),
    ("1.5", NOT_WHOLE),
    ("0.1", NOT_WHOLE),
    ("-1.5", NOT_WHOLE),
    ("1e-1", NOT_WHOLE),
    // A float cannot tell these from a whole number.
    ("0.9999999999999999999", NOT_WHOLE),
    ("1.00000000000000000001", NOT_WHOLE),
    ("1e-400", NOT_WHOLE),
    ("100000000000000.01", NOT_WHOLE),
    ("4503599627370496.5", NOT_WHOLE),
    ("1e30", TOO_LARGE),
    ("1e300", TOO_LARGE),
    ("1180591620717411303424", TOO_LARGE),
    ("99999999999999999999999", TOO_LARGE),
    ("-1e30", TOO_SMALL),
    ("-1180591620717411303424", TOO_SMALL),
    ("-99999999999999999999999", TOO_SMALL),
    ("-9223372036854775809", TOO_SMALL),
    ("9223372036854775808", TOO_LARGE),
    ("18446744073709551615", TOO_LARGE),
    ("\"5\"", NOT_WHOLE),
    ("\"5.0\"", NOT_WHOLE),
    ("\"1_000\"", NOT_WHOLE),
    ("\"1,000\"", NOT_WHOLE),
    ("\" 5 \"", NOT_WHOLE),
    ("\"١٢\"", NOT_WHOLE),
    ("\"0x10\"", NOT_WHOLE),
    ("\"abc\"", NOT_WHOLE),
    ("\"\"", NOT_WHOLE),
    ("true", NOT_WHOLE),
    ("false", NOT_WHOLE),
    ("[]", NOT_WHOLE),
    ("[5]", NOT_WHOLE),
    ("{}", NOT_WHOLE),
    (r#"{"amount_paise":5}"#, NOT_WHOLE),
    (r#"{"$serde_json::private::Number":"5"}"#, NOT_WHOLE),
];

async fn refused_amounts(world: World) {
    let server = api_only(&world);
    for (amount, text) in BAD_AMOUNTS {
        let answer =
            ask(&server, ACME, key(), format!(r#"{{"amount_paise":{amount},"bank_account_id":"demo-bank"}}"#)).await;
        answer.is_field_error(amount, &[("amount_paise", &[text])]);
    }
    let answer = ask(&server, ACME, key(), r#"{"bank_account_id":"demo-bank"}"#).await;
    answer.is_field_error("missing", &[("amount_paise", &[REQUIRED])]);
    let answer = ask(&server, ACME, key(), r#"{"Amount_Paise":5,"amountPaise":5,"bank_account_id":"demo-bank"}"#).await;
    answer.is_field_error("spelled otherwise", &[("amount_paise", &[REQUIRED])]);
    assert_eq!(server.balances(ACME).await, (1_000_000, 0), "nothing was held for any of them");
    assert_eq!(get(&server, ACME, PAYOUTS).await.text, "[]");
}

async fn accepted_amounts(world: World) {
    let server = api_only(&world);
    for (amount, paise) in
        [("1", 1), ("1000", 1_000), ("1000.0", 1_000), ("7.00", 7), ("1e2", 100), ("1E+3", 1_000), ("120e-1", 12)]
    {
        let answer =
            ask(&server, ACME, key(), format!(r#"{{"amount_paise":{amount},"bank_account_id":"demo-bank"}}"#)).await;
        assert_eq!(answer.is(amount, 201)["amount_paise"], json!(paise));
        // A whole number, not a float that looks like one.
        assert!(answer.text.contains(&format!(r#""amount_paise":{paise},"#)), "{amount}: {answer:?}");
    }
    for amount in ["1000000", "9007199254740993.0", "9223372036854775807", "9223372036854775807.0", "1e18"] {
        let answer =
            ask(&server, ACME, key(), format!(r#"{{"amount_paise":{amount},"bank_account_id":"demo-bank"}}"#)).await;
        answer.is_problem(amount, 400, "insufficient_balance");
    }
    assert_eq!(server.balances(ACME).await.1, 3_120);
    world.verify();
}

async fn refused_accounts(world: World) {
    let server = api_only(&world);
    let (x256, e256, emoji256) = ("x".repeat(256), "é".repeat(256), "🏦".repeat(256));
    let nul256 = format!("{}\0", "x".repeat(255));
    let rows: [(Value, &[&str]); 21] = [
        (Value::Null, &[NULL]),
        (json!(""), &[BLANK]),
        (json!(" "), &[BLANK]),
        (json!(" \t\r\n "), &[BLANK]),
        (json!("\u{a0}\u{2003}\u{3000}"), &[BLANK]),
        (json!(" ".repeat(300)), &[BLANK]),
        (json!(true), &[NOT_TEXT]),
        (json!(false), &[NOT_TEXT]),
        (json!(5), &[NOT_TEXT]),
        (json!(0), &[NOT_TEXT]),
        (json!(1.5), &[NOT_TEXT]),
        (json!([]), &[NOT_TEXT]),
        (json!(["demo-bank"]), &[NOT_TEXT]),
        (json!({}), &[NOT_TEXT]),
        (json!({"bank_account_id": "demo-bank"}), &[NOT_TEXT]),
        (json!(x256), &[TOO_LONG]),
        (json!(e256), &[TOO_LONG]),
        (json!(emoji256), &[TOO_LONG]),
        (json!("a\0b"), &[NUL]),
        (json!("\0"), &[NUL]),
        (json!(nul256), &[TOO_LONG, NUL]),
    ];
    for (account, texts) in &rows {
        let answer =
            ask(&server, ACME, key(), json!({ "amount_paise": 5, "bank_account_id": account }).to_string()).await;
        answer.is_field_error(&account.to_string(), &[("bank_account_id", texts)]);
    }
    hidden_characters(&server).await;
    let answer = ask(&server, ACME, key(), r#"{"amount_paise":5}"#).await;
    answer.is_field_error("missing", &[("bank_account_id", &[REQUIRED])]);
    both_fields_at_once(&server).await;
    assert_eq!(server.balances(ACME).await, (1_000_000, 0), "nothing was held for any of them");
    assert_eq!(get(&server, ACME, PAYOUTS).await.text, "[]");
}

/// Two accounts that look the same must not be two accounts.
async fn hidden_characters(server: &crate::support::Process) {
    for hidden in [
        '\u{1}',
        '\n',
        '\t',
        '\u{7f}',
        '\u{85}',
        '\u{ad}',
        '\u{200b}',
        '\u{200d}',
        '\u{200f}',
        '\u{202e}',
        '\u{2066}',
        '\u{2028}',
        '\u{2029}',
        '\u{feff}',
        '\u{fe0f}',
        '\u{e000}',
        '\u{378}',
        '\u{e0041}',
        '\u{3164}',
    ] {
        let code = u32::from(hidden);
        let sentence =
            format!("Control, invisible and bidirectional characters are not allowed: U+{code:04X} is character 5.");
        let answer = super::pay(server, ACME, 5, &format!(" demo{hidden}bank ")).await;
        answer.is_field_error(&format!("U+{code:04X}"), &[("bank_account_id", &[&sentence])]);
    }
    let answer = super::pay(server, ACME, 5, "a\0b\u{200b}").await;
    let sentence = "Control, invisible and bidirectional characters are not allowed: U+200B is character 4.";
    answer.is_field_error("NUL and another", &[("bank_account_id", &[NUL, sentence])]);
}

async fn both_fields_at_once(server: &crate::support::Process) {
    for (body, amount, account) in [
        ("{}", REQUIRED, REQUIRED),
        (r#"{"amount_paise":null,"bank_account_id":null}"#, NULL, NULL),
        (r#"{"amount_paise":"5","bank_account_id":5}"#, NOT_WHOLE, NOT_TEXT),
        (r#"{"bank_account_id":" ","amount_paise":-1}"#, TOO_SMALL, BLANK),
    ] {
        let answer = ask(server, ACME, key(), body).await;
        answer.is_field_error(body, &[("amount_paise", &[amount]), ("bank_account_id", &[account])]);
        let first = format!(r#"{{"amount_paise":["{amount}"],"bank_account_id":["{account}"],"type":"#);
        assert!(answer.text.starts_with(&first), "the original's members come first: {answer:?}");
    }
}

async fn accepted_accounts(world: World) {
    let server = api_only(&world);
    let padded = format!("  {}\n", "p".repeat(255));
    for account in [
        "x",
        "demo-bank-account",
        "  spaced  out\t",
        "0",
        "a\"b\\c/d",
        "'; DROP TABLE payouts; --",
        "<script>alert(1)</script>",
        "हिन्दी बैंक",
        "e\u{301}\u{a0}x",
        &"x".repeat(239),
        &"x".repeat(240),
        &"x".repeat(254),
        &"x".repeat(255),
        &"é".repeat(255),
        &"🏦".repeat(255),
        &padded,
    ] {
        let answer = super::pay(&server, ACME, 1, account).await;
        let payout = answer.is(account, 201);
        assert_eq!(payout["bank_account_id"], account.trim(), "in the answer");
        assert_eq!(get(&server, ACME, "/api/v1/payouts/?limit=1").await.json()[0], payout, "in the list");
        let entry = &get(&server, ACME, "/api/v1/ledger/?limit=1").await.json()[0];
        assert_eq!(entry["description"], format!("Payout hold for {}", account.trim()), "in the ledger");
    }
    world.verify();
}
