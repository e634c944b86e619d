//! What the bank answers, and that it pays once.

use std::time::{Duration, Instant};

use futures::future::join_all;
use payrail_bank::{Odds, Settings, accounts};
use reqwest::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Answer, Bank, Scratch, is_refused, is_silence, paid, transfer, until};

#[tokio::test]
async fn accounts_force_their_outcome() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;

    assert_eq!(bank.submit("SUCCESS", accounts::SUCCESS).await, paid(1));
    assert_eq!(bank.enquire("SUCCESS").await, paid(1));

    let refused = bank.submit("FAIL", accounts::FAIL).await;
    assert_eq!(refused, Answer::Refused { reason: "Beneficiary account is closed".to_owned() });
    assert_eq!(bank.submit("FAIL", accounts::FAIL).await, refused);
    assert_eq!(bank.enquire("FAIL").await, refused);

    for _ in 0..2 {
        assert!(is_silence(&bank.submit("DARK-PAID", accounts::TIMEOUT_PAID).await));
        assert_eq!(bank.enquire("DARK-PAID").await, paid(2));
    }

    for _ in 0..2 {
        assert!(is_silence(&bank.submit("DARK-LOST", accounts::TIMEOUT_UNPAID).await));
        assert_eq!(bank.enquire("DARK-LOST").await, Answer::NeverReceived);
    }
    assert_eq!(bank.close("DARK-LOST").await, Answer::Closed);

    assert!(is_silence(&bank.submit("SILENT", accounts::SILENT).await));
    assert!(is_silence(&bank.enquire("SILENT").await));
    assert!(is_silence(&bank.close("SILENT").await));
    assert_eq!(bank.paid().await, 2);
    bank.running.stop().await;
}

#[tokio::test]
async fn a_slow_transfer_is_unknown_until_it_arrives() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    for round in 1.. {
        let (kept, shut) = (format!("KEPT-{round}"), format!("SHUT-{round}"));
        let begun = Instant::now();
        let early = async {
            let asked = (bank.enquire(&kept).await, bank.close(&shut).await);
            (asked, begun.elapsed() < accounts::SLOWNESS)
        };
        let (late, closed, (asked, was_early)) =
            tokio::join!(bank.submit(&kept, accounts::SLOW), bank.submit(&shut, accounts::SLOW), early);
        assert!(matches!(late, Answer::Paid { .. }), "{late:?}");
        // On a busy machine the enquiry may have come too late to prove anything.
        if was_early {
            assert_eq!(asked, (Answer::NeverReceived, Answer::Closed));
            assert!(is_refused(&closed), "closed while it was on its way: {closed:?}");
            break;
        }
    }
}

#[tokio::test]
async fn a_slow_transfer_is_paid_though_nobody_waits() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    let body = transfer("LATE", 100, accounts::SLOW);
    let request = format!("POST /v1/transfers HTTP/1.1\r\nhost: bank\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut caller = TcpStream::connect(bank.running.addr()).await.unwrap();
    caller.write_all(request.as_bytes()).await.unwrap();
    drop(caller);
    until("it is paid", async || bank.enquire("LATE").await == paid(1)).await;
}

#[tokio::test]
async fn fifty_submissions_at_once_pay_once() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    let answers = join_all((0..50).map(|_| bank.submit("ONE", "any"))).await;
    assert!(answers.iter().all(|answer| *answer == paid(1)), "{answers:?}");
    assert_eq!(bank.paid().await, 1);
}

#[tokio::test]
async fn one_reference_names_one_transfer() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    assert_eq!(bank.submit("ONE", "any").await, paid(1));
    for other in [transfer("ONE", 101, "any"), transfer("ONE", 100, "another")] {
        let (status, body) = bank.post("/v1/transfers", other).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(body["error"].is_string());
    }
    assert_eq!(bank.submit("ONE", "any").await, paid(1));
}

#[tokio::test]
async fn a_closed_reference_is_refused_from_then_on() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    for _ in 0..2 {
        assert_eq!(bank.close("GONE").await, Answer::Closed);
    }
    assert!(is_refused(&bank.submit("GONE", accounts::SUCCESS).await));
    assert!(is_refused(&bank.submit("GONE", "any").await));
    assert_eq!(bank.enquire("GONE").await, Answer::Closed);

    assert_eq!(bank.submit("KEPT", "any").await, paid(1));
    assert_eq!(bank.close("KEPT").await, paid(1));
    bank.submit("FAIL", accounts::FAIL).await;
    assert!(is_refused(&bank.close("FAIL").await));
    assert_eq!(bank.paid().await, 1);
}

#[tokio::test]
async fn closing_and_submitting_at_once_agree() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    for n in 0..40 {
        let reference = format!("RACE-{n}");
        match tokio::join!(bank.submit(&reference, "any"), bank.close(&reference)) {
            (Answer::Paid { utr }, closed) => assert_eq!(closed, Answer::Paid { utr }),
            (submitted, closed) => {
                assert!(is_refused(&submitted), "{submitted:?}");
                assert_eq!(closed, Answer::Closed);
            }
        }
    }
}

#[tokio::test]
async fn unreadable_requests_are_refused() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    for body in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        r#"{"reference":"A","amount_paise":"1","bank_account_id":"b"}"#.to_owned(),
        r#"{"reference":"A","amount_paise":1.5,"bank_account_id":"b"}"#.to_owned(),
        r#"{"reference":"A","amount_paise":9223372036854775808,"bank_account_id":"b"}"#.to_owned(),
        transfer("A", 0, "b"),
        transfer("A", -1, "b"),
        transfer("", 1, "b"),
        transfer("a b", 1, "b"),
        transfer(&"A".repeat(65), 1, "b"),
        transfer("A", 1, ""),
        transfer("A", 1, "\0"),
        transfer("A", 1, &"é".repeat(256)),
    ] {
        let (status, answer) = bank.post("/v1/transfers", body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer["error"].is_string(), "{body}: {answer}");
    }
    assert_eq!(bank.post("/v1/transfers", vec![b' '; 20_000]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(bank.post("/v1/transfers/%20/close", "").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bank.get("/v1/transfers/%FF").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bank.get("/v1/statement?day=tomorrow").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bank.get("/v1/statement?day=9999-12-31").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bank.get("/v1/transfers?after=x").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bank.get("/v2").await.0, StatusCode::NOT_FOUND);
    assert_eq!(bank.post("/v1/returns", "").await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(bank.get("/healthz").await.0, StatusCode::OK);
    assert_eq!(bank.paid().await, 0);
}

#[tokio::test]
async fn amounts_and_accounts_are_kept_to_the_letter() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    let accounts = ["\"quoted\\\"\n\t\u{1}", "दुकान 🏦", &"é".repeat(255), "null"];
    for (n, account) in accounts.iter().enumerate() {
        let (status, said) = bank.post("/v1/transfers", transfer(&format!("A{n}"), i64::MAX, account)).await;
        assert_eq!((status, said["bank_account_id"].as_str()), (StatusCode::OK, Some(*account)), "{said}");
    }
    let list = bank.paid_after(0, 100).await;
    assert!(list.iter().all(|paid| paid.amount_paise == i64::MAX));
    assert!(list.iter().map(|paid| paid.bank_account_id.as_str()).eq(accounts));
}

#[tokio::test]
async fn a_seed_repeats_a_run_in_any_order() {
    let odds = Odds { paid_percent: 40, refused_percent: 40 };
    let references: Vec<_> = (0..60).map(|n| format!("R{n}")).collect();
    let mut runs = Vec::new();
    for backwards in [false, true] {
        let scratch = Scratch::new();
        let bank = Bank::start(bank_settings(&scratch, odds)).await;
        let mut order: Vec<_> = references.iter().collect();
        if backwards {
            order.reverse();
        }
        join_all(order.iter().map(|reference| bank.submit(reference, "demo-bank-account"))).await;
        let fates = join_all(references.iter().map(|reference| bank.enquire(reference))).await;
        runs.push(fates.iter().map(Answer::name).collect::<Vec<_>>());
        bank.running.stop().await;
    }
    assert_eq!(runs[0], runs[1]);
    for kind in ["paid", "refused", "never_received"] {
        assert!(runs[0].contains(&kind), "{kind}");
    }
}

fn bank_settings(scratch: &Scratch, odds: Odds) -> Settings {
    Settings { odds, silence: Duration::ZERO, ..scratch.settings() }
}

/// A refusal within milliseconds would give the funds back before a request that was sent at the same moment arrives.
#[tokio::test]
async fn a_random_outcome_takes_its_time_and_no_other() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let odds = Odds { paid_percent: 50, refused_percent: 50 };
    assert_eq!(Settings::default().random_delay, Duration::from_secs(1));
    let settings = |scratch: &Scratch, odds, random_delay| Settings { odds, random_delay, ..scratch.settings() };

    // Whoever waited here would wait for an hour.
    let scratch = Scratch::new();
    let bank = Bank::start(settings(&scratch, odds, HOUR)).await;
    assert_eq!(bank.submit("SUCCESS", accounts::SUCCESS).await, paid(1));
    assert!(is_refused(&bank.submit("FAIL", accounts::FAIL).await));
    let scratch = Scratch::new();
    let bank = Bank::start(settings(&scratch, Odds { paid_percent: 100, refused_percent: 0 }, HOUR)).await;
    assert_eq!(bank.submit("CERTAIN", "demo-bank-account").await, paid(1));

    let scratch = Scratch::new();
    let bank = Bank::start(settings(&scratch, odds, Duration::from_millis(400))).await;
    for reference in ["R1", "R1", "R2"] {
        let begun = std::time::Instant::now();
        let answer = bank.submit(reference, "demo-bank-account").await;
        assert!(begun.elapsed() >= Duration::from_millis(400), "{reference}: {:?}", begun.elapsed());
        assert_eq!(bank.enquire(reference).await, answer);
    }
}

#[tokio::test]
async fn a_lost_payout_is_drawn_again_until_decided() {
    let scratch = Scratch::new();
    let bank = Bank::start(bank_settings(&scratch, Odds { paid_percent: 0, refused_percent: 0 })).await;
    for n in 0..20 {
        let reference = format!("R{n}");
        let mut arrivals = 0;
        while bank.enquire(&reference).await == Answer::NeverReceived {
            assert!(is_silence(&bank.submit(&reference, "any").await));
            arrivals += 1;
            assert!(arrivals < 40, "half of the unanswered are paid");
        }
        let told = bank.enquire(&reference).await;
        assert!(matches!(told, Answer::Paid { .. }));
        assert_eq!(bank.submit(&reference, "any").await, told, "what is decided is answered");
    }
    assert_eq!(bank.paid().await, 20);
}
