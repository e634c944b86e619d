//! The book: lists, returns, and that it survives.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use payrail_bank::{self as bank, Error, Odds, Settings, accounts};
use reqwest::StatusCode;
use rusqlite::{Connection, ErrorCode};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::support::{Answer, Bank, Client, DEADLINE, ReturnedLine, Scratch, is_silence, paid, until};

#[tokio::test]
async fn the_list_of_the_paid_has_every_payment_once_in_pages() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    let references: Vec<_> = (0..25).map(|n| format!("R{n:02}")).collect();
    join_all(references.iter().map(|reference| bank.submit(reference, "any"))).await;
    bank.submit("FAIL", accounts::FAIL).await;

    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = bank.paid_after(after, 10).await;
        let Some(last) = page.last() else { break };
        after = last.number;
        seen.extend(page);
    }
    assert!(seen.iter().map(|paid| paid.number).eq(1..=25), "no gaps");
    assert!(seen.iter().all(|line| paid(line.number) == Answer::Paid { utr: line.utr.clone() } && !line.returned));
    let mut listed: Vec<_> = seen.into_iter().map(|paid| paid.reference).collect();
    listed.sort();
    assert_eq!(listed, references);
}

async fn returns(bank: &Bank, count: usize) -> Vec<ReturnedLine> {
    until("the returns are listed", async || bank.returns_after(0).await.len() >= count).await;
    bank.returns_after(0).await
}

#[tokio::test]
async fn a_return_comes_back_once_and_the_payment_stays() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    assert_eq!(bank.submit("BACK-1", accounts::RETURN).await, paid(1));
    assert_eq!(bank.submit("STAYS", accounts::SUCCESS).await, paid(2));
    assert_eq!(returns(&bank, 1).await.len(), 1);
    assert_eq!(bank.submit("BACK-2", accounts::RETURN).await, paid(3));

    let returns = returns(&bank, 2).await;
    assert!(returns.iter().map(|r| (r.number, r.reference.as_str())).eq([(1, "BACK-1"), (2, "BACK-2")]));
    assert_eq!((returns[1].utr.as_str(), returns[1].amount_paise), ("SIMB000000000003", 100));
    assert!(!returns[0].reason.is_empty());
    assert_eq!(bank.returns_after(1).await, returns[1..]);

    let listed = bank.paid_after(0, 100).await;
    assert!(listed.iter().map(|paid| paid.returned).eq([true, false, true]));
    assert_eq!(bank.submit("BACK-1", accounts::RETURN).await, paid(1), "it was paid, whatever came later");
    assert_eq!(bank.enquire("BACK-1").await, paid(1));
}

#[tokio::test]
async fn the_statement_has_the_days_debits_and_credits() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    bank.submit("FAIL", accounts::FAIL).await;
    bank.submit("BACK", accounts::RETURN).await;
    bank.submit("PAID", accounts::SUCCESS).await;
    let day = returns(&bank, 1).await[0].returned_at[..10].to_owned();

    let (status, statement) = bank.get(&format!("/v1/statement?day={day}")).await;
    assert_eq!((status, statement["day"].as_str()), (StatusCode::OK, Some(day.as_str())));
    let lines = statement["lines"].as_array().unwrap();
    let seen = lines.iter().map(|line| (line["kind"].as_str().unwrap(), line["reference"].as_str().unwrap()));
    assert!(seen.eq([("debit", "BACK"), ("debit", "PAID"), ("credit", "BACK")]), "{lines:?}");
    assert!(lines.iter().all(|line| line["amount_paise"] == 100 && line["at"].as_str().unwrap().len() == 27));

    let (_, rest) = bank.get(&format!("/v1/statement?day={day}&after=1&limit=1")).await;
    assert_eq!(rest["lines"][0], lines[1]);
    let (_, empty) = bank.get("/v1/statement?day=2001-01-01").await;
    assert_eq!(empty["lines"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let scratch = Scratch::new();
    let patient = Settings { returns_after: Duration::from_secs(1), ..scratch.settings() };
    let bank = Bank::start(patient).await;
    assert_eq!(bank.submit("PAID", "any").await, paid(1));
    bank.submit("FAIL", accounts::FAIL).await;
    assert!(is_silence(&bank.submit("DARK", accounts::TIMEOUT_PAID).await));
    assert_eq!(bank.submit("BACK", accounts::RETURN).await, paid(3));
    bank.close("GONE").await;
    bank.running.stop().await;

    let all_fail = Odds { paid_percent: 0, refused_percent: 100 };
    let bank = Bank::start(Settings { odds: all_fail, seed: 99, ..scratch.settings() }).await;
    assert_eq!(bank.submit("PAID", "any").await, paid(1));
    assert_eq!(bank.enquire("FAIL").await.name(), "refused");
    assert_eq!(bank.enquire("DARK").await, paid(2));
    assert_eq!(bank.enquire("GONE").await, Answer::Closed);
    assert_eq!(returns(&bank, 1).await[0].reference, "BACK", "what was due comes back after the restart");
    assert_eq!(bank.submit("NEXT", accounts::SUCCESS).await, paid(4));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_silent_calls() {
    let scratch = Scratch::new();
    let bank = Bank::start(Settings { silence: Duration::from_secs(3_600), ..scratch.settings() }).await;
    let client = bank.clone();
    let hanging = tokio::spawn(async move { client.submit("R1", accounts::TIMEOUT_PAID).await });
    until("the call has arrived", async || bank.enquire("R1").await == paid(1)).await;
    assert!(!hanging.is_finished());
    tokio::time::timeout(DEADLINE, bank.running.stop()).await.expect("the stop hangs");
    assert!(is_silence(&hanging.await.unwrap()));
}

/// Not a test: the process that the next one kills.
#[tokio::test]
#[ignore = "runs only as a child process"]
async fn a_bank_of_its_own() {
    let Some(book) = std::env::var_os("PAYRAIL_TEST_BOOK") else { return };
    let running = bank::start(Settings { book: book.into(), ..Scratch::new().settings() }).await.unwrap();
    println!("\naddr={}", running.addr());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_bank_has_all_it_answered_and_pays_nothing_twice() {
    let scratch = Scratch::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "book::a_bank_of_its_own", "--ignored", "--nocapture"])
        .env("PAYRAIL_TEST_BOOK", scratch.book())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let addr = loop {
        let line = lines.next_line().await.unwrap().expect("the bank of its own says its address");
        if let Some(addr) = line.strip_prefix("addr=") {
            break addr.to_owned();
        }
    };
    let bank = Client::to(addr);

    let paid_so_far = Arc::new(AtomicUsize::new(0));
    let clients = (0..16).map(|client| {
        let (bank, paid_so_far) = (bank.clone(), paid_so_far.clone());
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for n in 0.. {
                let reference = format!("C{client}-{n}");
                let answer = bank.try_submit(&reference, "any").await;
                let is_paid = matches!(answer, Some(Answer::Paid { .. }));
                answers.push((reference, answer));
                if !is_paid {
                    break;
                }
                paid_so_far.fetch_add(1, Ordering::Relaxed);
            }
            answers
        })
    });
    let clients: Vec<_> = clients.collect();
    until("the bank is in the middle of many calls", async || paid_so_far.load(Ordering::Relaxed) > 100).await;
    child.kill().await.unwrap();
    let answers: Vec<_> = join_all(clients).await.into_iter().flat_map(Result::unwrap).collect();

    let bank = Bank::start(scratch.settings()).await;
    let book = all_paid(&bank).await;
    for (reference, answer) in &answers {
        if let Some(Answer::Paid { utr }) = answer {
            assert_eq!(book.get(reference), Some(utr), "answered as paid, so it is in the book");
        }
    }
    for (reference, _) in &answers {
        let Answer::Paid { utr } = bank.submit(reference, "any").await else { panic!("{reference} is not paid") };
        assert!(book.get(reference).is_none_or(|before| *before == utr), "{reference} was paid twice");
    }
    assert_eq!(all_paid(&bank).await.len(), answers.len(), "each is paid exactly once");
}

/// UTRs by reference; no reference may be there twice.
async fn all_paid(bank: &Bank) -> BTreeMap<String, String> {
    let mut book = BTreeMap::new();
    loop {
        let page = bank.paid_after(book.len() as i64, 1_000).await;
        if page.is_empty() {
            return book;
        }
        for paid in page {
            assert_eq!(book.insert(paid.reference, paid.utr), None, "paid twice");
        }
    }
}

#[tokio::test]
async fn the_book_itself_refuses_to_unpay() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    bank.submit("PAID", accounts::RETURN).await;
    bank.submit("FAIL", accounts::FAIL).await;
    returns(&bank, 1).await;
    bank.running.stop().await;

    let book = Connection::open(scratch.book()).unwrap();
    for forbidden in [
        "UPDATE transfers SET status = 'lost', number = NULL WHERE reference = 'PAID'",
        "UPDATE transfers SET status = 'refused', reason = 'x', number = NULL WHERE reference = 'PAID'",
        "UPDATE transfers SET amount_paise = 1 WHERE reference = 'PAID'",
        "UPDATE transfers SET number = 2 WHERE reference = 'PAID'",
        "UPDATE transfers SET status = 'paid', reason = NULL, number = 2 WHERE reference = 'FAIL'",
        "DELETE FROM transfers WHERE reference = 'PAID'",
        "INSERT INTO transfers SELECT * FROM transfers WHERE reference = 'PAID'",
        "INSERT INTO transfers SELECT 'X', 1, 'any', 'paid', NULL, 1, 1, 1, 1, NULL",
        "INSERT INTO transfers SELECT 'X', 1, 'any', 'paid', NULL, 1, 1, 1, NULL, NULL",
        "UPDATE returns SET reason = 'x'",
        "DELETE FROM returns",
        "INSERT INTO returns SELECT 2, 'PAID', 'again', 1",
    ] {
        let refused = book.execute(forbidden, []).unwrap_err();
        assert_eq!(refused.sqlite_error_code(), Some(ErrorCode::ConstraintViolation), "{forbidden}: {refused}");
    }
}

#[tokio::test]
async fn a_bank_that_cannot_work_does_not_start() {
    let scratch = Scratch::new();
    let refused = |settings| async { bank::start(settings).await.err().expect("it started").to_string() };

    let odds = Odds { paid_percent: 70, refused_percent: 31 };
    let why = refused(Settings { odds, ..scratch.settings() }).await;
    assert!(why.contains("PAYRAIL_BANK_PAID_PERCENT") && why.contains("PAYRAIL_BANK_REFUSED_PERCENT"), "{why}");

    let why = refused(Settings { book: "/nowhere/at/all.db".into(), ..scratch.settings() }).await;
    assert!(why.contains("/nowhere/at/all.db"), "{why}");

    let bank = Bank::start(scratch.settings()).await;
    let other = Scratch::new();
    let taken = bank::start(Settings { addr: bank.running.addr(), ..other.settings() }).await;
    assert!(matches!(taken, Err(Error::Listen { .. })));

    for (name, content) in [("text", "CREATE TABLE merchants (id)"), ("newer", "PRAGMA user_version = 99")] {
        let scratch = Scratch::new();
        if name == "newer" {
            Bank::start(scratch.settings()).await.running.stop().await;
        }
        Connection::open(scratch.book()).unwrap().execute_batch(content).unwrap();
        assert!(matches!(bank::start(scratch.settings()).await, Err(Error::NotABook(_))), "{name}");
    }
}
