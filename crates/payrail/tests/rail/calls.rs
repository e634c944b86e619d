//! The rail before banks that misbehave: whatever is not a definite answer is none.

use std::net::SocketAddr;
use std::time::Duration;

use payrail::rail::{Exchange, Rail};
use payrail_core::payout::BankAnswer;
use payrail_store::testing::DEADLINE;
use payrail_types::names::Utr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::simulated::{is_no_answer, of};

/// For a bank that never answers.
const SHORT: Duration = Duration::from_millis(500);

/// A bank that reads a request, writes `says`, and then hangs up or hangs. Only who hangs is given up soon.
async fn bank_at(says: Vec<u8>, hangs: bool) -> (SocketAddr, Rail) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let says = says.clone();
            tokio::spawn(async move {
                let mut request = [0; 8192];
                drop(caller.read(&mut request).await);
                drop(caller.write_all(&says).await);
                if hangs {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (addr, Rail::http(&format!("http://{addr}"), if hangs { SHORT } else { DEADLINE }).unwrap())
}

async fn bank_that(says: Vec<u8>, hangs: bool) -> Rail {
    bank_at(says, hangs).await.1
}

async fn submitted_to(says: &[u8], hangs: bool) -> Exchange {
    bank_that(says.to_vec(), hangs).await.submit(of("PR1", 100, "demo")).await
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

const JSON: &str = "content-type: application/json\r\n";
const PAID: &str = r#"{"status":"paid","utr":"U1","reference":"PR1","amount_paise":100}"#;

#[tokio::test]
async fn a_good_answer_gets_through() {
    let exchange = submitted_to(&http("200 OK", JSON, PAID), false).await;
    assert_eq!(exchange.answer, BankAnswer::Paid { utr: Utr::from_stored("U1") });
    assert_eq!(exchange.received, format!("200 OK {PAID}"));
    let body = exchange.sent.strip_prefix("POST /v1/transfers ").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body, serde_json::json!({"reference": "PR1", "amount_paise": 100, "bank_account_id": "demo"}));
}

#[tokio::test]
async fn misbehaviour_is_no_answer() {
    let truncated = http("200 OK", JSON, PAID);
    let truncated = &truncated[..truncated.len() - 5];
    let huge = PAID.replace('}', &format!(r#","x":"{}"}}"#, "x".repeat(70_000)));
    let endless = format!("HTTP/1.1 200 OK\r\n{JSON}transfer-encoding: chunked\r\n\r\n{:x}\r\n{PAID}\r\n", PAID.len());
    for (manner, says, hangs) in [
        ("garbage", b"\x00\x01what?\r\n\r\n".to_vec(), false),
        ("garbage in HTTP", http("200 OK", JSON, "paid, I think"), false),
        ("no JSON", http("200 OK", "content-type: text/html\r\n", PAID), false),
        ("no content type", http("200 OK", "", PAID), false),
        ("truncated", truncated.to_vec(), false),
        ("truncated and hanging", truncated.to_vec(), true),
        ("half a status line", b"HTTP/1.1 20".to_vec(), false),
        ("an endless answer", endless.clone().into_bytes(), true),
        ("a chunk too few", endless.into_bytes(), false),
        ("500", http("500 Internal Server Error", JSON, PAID), false),
        ("503", http("503 Service Unavailable", JSON, PAID), false),
        ("409", http("409 Conflict", JSON, r#"{"error":"other amount"}"#), false),
        ("202", http("202 Accepted", JSON, PAID), false),
        ("huge", http("200 OK", JSON, &huge), false),
        ("closed without a word", Vec::new(), false),
        ("silent", Vec::new(), true),
        (
            "paid without a UTR",
            http("200 OK", JSON, r#"{"status":"paid","reference":"PR1","amount_paise":100}"#),
            false,
        ),
        ("paid with an empty UTR", http("200 OK", JSON, &PAID.replace("U1", "")), false),
        ("another reference", http("200 OK", JSON, &PAID.replace("PR1", "PR2")), false),
        ("no reference", http("200 OK", JSON, r#"{"status":"paid","utr":"U1","amount_paise":100}"#), false),
        ("another amount", http("200 OK", JSON, &PAID.replace("100", "1")), false),
        ("no amount", http("200 OK", JSON, r#"{"status":"paid","utr":"U1","reference":"PR1"}"#), false),
    ] {
        let submitting = tokio::time::timeout(DEADLINE, submitted_to(&says, hangs));
        let exchange = submitting.await.unwrap_or_else(|_| panic!("{manner}: it is never given up"));
        let BankAnswer::NoAnswer { why } = exchange.answer else { panic!("{manner}: {exchange:?}") };
        assert!((10..200).contains(&why.len()) && !why.contains('\n'), "{manner}: {why}");
        assert!(exchange.received.chars().count() <= 2_000, "{manner}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (other, _) = bank_at(http("200 OK", JSON, PAID), false).await;
    for status in ["301 Moved Permanently", "303 See Other", "307 Temporary Redirect"] {
        let says = http(status, &format!("location: http://{other}/\r\n"), "");
        let exchange = submitted_to(&says, false).await;
        assert!(is_no_answer(&exchange.answer), "{exchange:?}");
    }
}

#[tokio::test]
async fn drops_of_an_answer_do_not_stretch_the_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await.unwrap();
        let answer = http("200 OK", JSON, PAID);
        for byte in answer {
            drop(caller.write_all(&[byte]).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let rail = Rail::http(&format!("http://{addr}"), SHORT).unwrap();
    let answer = rail.enquire(of("PR1", 100, "demo")).await.answer;
    assert!(is_no_answer(&answer), "it heard the answer out, which takes seconds");
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    // Port 1 is nobody's.
    let rail = Rail::http("http://127.0.0.1:1", DEADLINE).unwrap();
    let it = of("PR1", 1, "demo");
    for exchange in [rail.submit(it).await, rail.enquire(it).await, rail.close(it).await] {
        assert!(matches!(&exchange.answer, BankAnswer::Unreachable { why } if !why.is_empty()), "{exchange:?}");
        assert_eq!(exchange.received, "");
    }
    assert!(rail.paid(0, 1).await.is_err());
    assert!(rail.returns(0, 1).await.is_err());
}

#[tokio::test]
async fn the_stored_exchange_is_short_and_clean() {
    let exchange = submitted_to(&http("500 Oh", JSON, &"é\0\n".repeat(10_000)), false).await;
    assert!(exchange.received.chars().count() == 2_000 && !exchange.received.contains(['\0', '\n']));

    let rail = bank_that(http("200 OK", JSON, PAID), false).await;
    let exchange = rail.submit(of("PR1", 1, &"é".repeat(3_000))).await;
    assert_eq!(exchange.sent.chars().count(), 2_000);
    let exchange = rail.enquire(of("../up?a=b#c", 1, "demo")).await;
    assert_eq!(exchange.sent, "GET /v1/transfers/..%2Fup%3Fa=b%23c");
}

#[tokio::test]
async fn lists_are_read_whole_or_not_at_all() {
    for says in [
        http("200 OK", JSON, "{}"),
        http("500 Oh", JSON, r#"{"transfers":[],"returns":[]}"#),
        http("200 OK", JSON, r#"{"transfers":[],"#),
    ] {
        let rail = bank_that(says.clone(), false).await;
        assert!(rail.paid(0, 10).await.is_err() && rail.returns(0, 10).await.is_err(), "{says:?}");
    }
}

#[tokio::test]
async fn an_unreadable_row_hides_no_other() {
    let rows = r#"[{"number":1},{"number":2,"reference":"PR2","utr":"U2","amount_paise":5,"reason":"closed",
        "returned_at":"2026-11-25T00:00:00Z"}]"#;
    let rail = bank_that(http("200 OK", JSON, &format!(r#"{{"returns":{rows}}}"#)), false).await;
    let [unreadable, returned] = &rail.returns(0, 10).await.unwrap()[..] else { panic!("not two rows") };
    assert_eq!(unreadable.as_ref().unwrap_err().number, Some(1));
    assert_eq!(returned.as_ref().unwrap().amount_paise, 5);
}

#[test]
fn an_address_that_cannot_work_is_refused() {
    for address in ["", "bank", "https://bank.example", "mailto:bank@example.com", "127.0.0.1:8001"] {
        let why = Rail::http(address, SHORT).expect_err(address).to_string();
        assert!(why.contains(address), "{why}");
    }
    assert!(Rail::http("http://127.0.0.1:8001/", SHORT).is_ok());
}
