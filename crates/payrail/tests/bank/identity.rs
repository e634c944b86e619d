//! The bank says who it is, in every answer, and does nothing for who means another.

use payrail::bank::{Settings, accounts, identity};
use payrail_core::payout::BankAnswer;
use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::support::{Bank, Scratch, is_no_answer, transfer};

/// Method, path, body.
const REQUESTS: [(Method, &str, &str); 5] = [
    (Method::GET, "/v1/identity", ""),
    (Method::GET, "/v1/transfers?after=0", ""),
    (Method::GET, "/v1/transfers/R1", ""),
    (Method::POST, "/v1/transfers", "nonsense"),
    (Method::GET, "/no/such/path", ""),
];

async fn stated(bank: &Bank, method: Method, path: &str, body: &'static str) -> String {
    let url = format!("http://{}{path}", bank.running.addr());
    let response = reqwest::Client::new().request(method, url).body(body).send().await.unwrap();
    response.headers()["bank-identity"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_answer_says_whose_it_is_as_long_as_the_book_lasts() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    let who = bank.rail.identity().await.unwrap();
    for (method, path, body) in REQUESTS {
        assert_eq!(stated(&bank, method, path, body).await, who, "{path}");
    }
    assert_eq!(bank.get("/v1/identity").await.1["identity"], *who);
    bank.running.stop().await;
    assert_eq!(Bank::start(scratch.settings()).await.rail.identity().await.unwrap(), who, "after a restart");
    let other = Scratch::new();
    assert_ne!(Bank::start(other.settings()).await.rail.identity().await.unwrap(), who, "another book");
}

#[tokio::test]
async fn what_is_meant_for_another_bank_is_refused_before_anything_is_done() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/v1/transfers", bank.running.addr());
    let send = |meant: String| {
        let body = transfer("R1", 100, accounts::SUCCESS);
        client.post(&url).header("bank-identity", meant).body(body).send()
    };
    let refused = send("00000000-0000-4000-8000-000000000000".to_owned()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(bank.paid().await, 0);
    let close = client.post(format!("{url}/R1/close")).header("bank-identity", "another");
    assert_eq!(close.send().await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(bank.enquire("R1").await, BankAnswer::NeverReceived);
    let done = send(bank.rail.identity().await.unwrap()).await.unwrap();
    assert_eq!((done.status(), bank.paid().await), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_book_of_the_first_version_gets_an_identity_and_keeps_it() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    bank.submit("R1", accounts::SUCCESS).await;
    bank.running.stop().await;
    let mut file = SqliteConnection::connect(&format!("sqlite:{}", scratch.book().display())).await.unwrap();
    sqlx::raw_sql("DROP TABLE identity; PRAGMA user_version = 1").execute(&mut file).await.unwrap();
    file.close().await.unwrap();
    let bank = Bank::start(scratch.settings()).await;
    let who = bank.rail.identity().await.unwrap();
    assert_eq!(bank.paid().await, 1);
    bank.running.stop().await;
    assert_eq!(Bank::start(scratch.settings()).await.rail.identity().await.unwrap(), who);
}

#[tokio::test]
async fn a_reset_empties_the_book_of_the_bank_that_is_named_and_gives_it_another_identity() {
    let scratch = Scratch::new();
    let bank = Bank::start(Settings { can_be_reset: true, ..scratch.settings() }).await;
    for (reference, account) in [("R1", accounts::SUCCESS), ("R2", accounts::RETURN), ("R3", accounts::FAIL)] {
        bank.submit(reference, account).await;
    }
    let before = bank.rail.identity().await.unwrap();
    let (status, _) = bank.post("/v1/reset", json!({ "identity": uuid::Uuid::nil() }).to_string()).await;
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(bank.post("/v1/reset", "{}").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bank.paid().await, 2);
    bank.rail.reset(&before).await.unwrap();
    let after = bank.rail.identity().await.unwrap();
    assert_ne!(after, before);
    assert_eq!(bank.paid().await, 0);
    assert_eq!(bank.rail.returns(0, 10).await.unwrap(), []);
    // It goes on, by the same rules.
    assert!(!is_no_answer(&bank.submit("R1", accounts::SUCCESS).await));
    assert_eq!(bank.paid().await, 1);
    bank.running.stop().await;
    let found = identity::look(&scratch.book()).await.unwrap();
    assert_eq!(found, identity::Found { identity: after, is_empty: false });
}

#[tokio::test]
async fn a_bank_that_is_no_demonstration_is_not_reset() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    bank.submit("R1", accounts::SUCCESS).await;
    let who = bank.rail.identity().await.unwrap();
    assert_eq!(bank.post("/v1/reset", json!({ "identity": who }).to_string()).await.0, StatusCode::FORBIDDEN);
    bank.rail.reset(&who).await.unwrap_err();
    assert_eq!((bank.paid().await, bank.rail.identity().await.unwrap()), (1, who));
}
