//! The bank says who it is, in every answer, and does nothing for who means another.

use payrail_bank::{Settings, accounts, file};
use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::json;

use crate::support::{Answer, Bank, Scratch, paid, transfer};

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
    let who = bank.identity().await;
    for (method, path, body) in REQUESTS {
        assert_eq!(stated(&bank, method, path, body).await, who, "{path}");
    }
    assert_eq!(bank.get("/v1/identity").await.1["identity"], *who);
    bank.running.stop().await;
    assert_eq!(Bank::start(scratch.settings()).await.identity().await, who, "after a restart");
    let other = Scratch::new();
    assert_ne!(Bank::start(other.settings()).await.identity().await, who, "another book");
}

#[tokio::test]
async fn a_call_for_another_bank_is_refused_without_effect() {
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
    assert_eq!(bank.enquire("R1").await, Answer::NeverReceived);
    let done = send(bank.identity().await).await.unwrap();
    assert_eq!((done.status(), bank.paid().await), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_book_of_the_first_version_gets_an_identity_and_keeps_it() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    bank.submit("R1", accounts::SUCCESS).await;
    bank.running.stop().await;
    let file = Connection::open(scratch.book()).unwrap();
    file.execute_batch("DROP TABLE identity; PRAGMA user_version = 1").unwrap();
    file.close().unwrap();
    let bank = Bank::start(scratch.settings()).await;
    let who = bank.identity().await;
    assert_eq!(bank.paid().await, 1);
    bank.running.stop().await;
    assert_eq!(Bank::start(scratch.settings()).await.identity().await, who);
}

#[tokio::test]
async fn a_reset_empties_the_book_of_the_bank_that_is_named_and_gives_it_another_identity() {
    let scratch = Scratch::new();
    let bank = Bank::start(Settings { can_be_reset: true, ..scratch.settings() }).await;
    for (reference, account) in [("R1", accounts::SUCCESS), ("R2", accounts::RETURN), ("R3", accounts::FAIL)] {
        bank.submit(reference, account).await;
    }
    let before = bank.identity().await;
    let (status, _) = bank.post("/v1/reset", json!({ "identity": uuid::Uuid::nil() }).to_string()).await;
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(bank.post("/v1/reset", "{}").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(bank.paid().await, 2);
    let (status, done) = bank.post("/v1/reset", json!({ "identity": before }).to_string()).await;
    let after = bank.identity().await;
    assert_eq!((status, done["identity"].as_str()), (StatusCode::OK, Some(after.as_str())));
    assert_ne!(after, before);
    assert_eq!(bank.paid().await, 0);
    assert_eq!(bank.returns_after(0).await, []);
    // It goes on, by the same rules.
    assert_eq!(bank.submit("R1", accounts::SUCCESS).await, paid(1));
    assert_eq!(bank.paid().await, 1);
    bank.running.stop().await;
    let found = file::inspect(&scratch.book()).await.unwrap();
    assert_eq!(found, file::Found { identity: after, is_empty: false });
}

#[tokio::test]
async fn a_bank_that_is_no_demonstration_is_not_reset() {
    let scratch = Scratch::new();
    let bank = Bank::start(scratch.settings()).await;
    bank.submit("R1", accounts::SUCCESS).await;
    let who = bank.identity().await;
    assert_eq!(bank.post("/v1/reset", json!({ "identity": who }).to_string()).await.0, StatusCode::FORBIDDEN);
    assert_eq!((bank.paid().await, bank.identity().await), (1, who));
}
