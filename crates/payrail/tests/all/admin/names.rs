//! What names something follows one rule, wherever it comes from: the core's.

use payrail_types::names::{Email, Utr};
use serde_json::json;

use super::{ADMIN, Desk, api_only, text};
use crate::support::{TINY, World, key};
use crate::verify_fixture::stderr;

on_both_stores!(
    an_address_follows_one_rule_for_operators_and_on_the_command_line,
    a_utr_follows_one_rule_for_operators_and_in_the_banks_answers,
);

async fn an_address_follows_one_rule_for_operators_and_on_the_command_line(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    for address in [
        " Chai@Example.com ",
        "Zoe\u{308}@example.com",
        "a@b@c",
        &format!("{}@example.com", "x".repeat(242)),
        &format!("{}@example.com", "y".repeat(243)),
        "",
        "chai",
        "@example.com",
        "chai@",
        "chai @example.com",
        "chai\u{200b}@example.com",
    ] {
        let by_operator = desk.post("/merchants", json!({ "name": "Chai Stall", "email": address })).await;
        let by_command = world.run(&["merchant", "create", "Chai Stall", address]);
        assert_eq!(by_command.status.code(), Some(2), "{address:?}");
        match Email::parse(address) {
            // To the command line it is the same address again, in whichever form it was kept.
            Ok(email) => {
                assert_eq!(by_operator.is(201)["merchant"]["email"], email.as_str());
                let taken = format!("there is a merchant with the address {email} already");
                assert!(stderr(&by_command).contains(&taken), "{address:?}: {}", stderr(&by_command));
                assert!(world.run(&["merchant", "fund", address, "1"]).status.success(), "{address:?}");
            }
            Err(wrong) => {
                assert!(by_operator.is_problem(400, "invalid")["email"][0].is_string(), "{address:?}");
                let why = format!("the e-mail address cannot be used. {}", wrong[0]);
                assert!(stderr(&by_command).contains(&why), "{address:?}: {}", stderr(&by_command));
            }
        }
    }
}

/// What the bank may answer: `rail/http/answer.rs`.
async fn a_utr_follows_one_rule_for_operators_and_in_the_banks_answers(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let (tiny, (_, payout)) = (desk.merchant("tiny").await, server.pay(TINY, key(), 1_000, "demo-success").await);
    let path = format!("/merchants/{tiny}/payouts/{}/decide", text(&payout["id"]));
    for utr in
        ["U1", "AXIS/2026-12:01_a.b", &"U".repeat(64), &"U".repeat(65), "U 1", "Ü1", "１２", "U\u{200b}1", "U\u{0}1"]
    {
        let decision = json!({ "outcome": "paid", "utr": utr, "reason": "the bank's statement has it" });
        let answer = desk.post(&path, decision).await;
        match Utr::parse(utr) {
            // It is a UTR; and the payout is not in doubt.
            Ok(_) => drop(answer.is_problem(409, "not_in_doubt")),
            Err(_) => assert!(answer.is_problem(400, "invalid")["utr"][0].is_string(), "{utr:?}"),
        }
    }
}
