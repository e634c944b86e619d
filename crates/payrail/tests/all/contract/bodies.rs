//! The body as a whole: syntax, shape, content type, size, depth.

use serde_json::json;

use super::{Answer, PAYOUTS, api_only, ask, get, order};
use crate::support::{ACME, Process, World, key};

on_all_stores!(
    what_is_not_json,
    what_is_no_object,
    content_types,
    sizes_and_depths,
    unknown_members_do_no_harm,
    a_repeated_member_is_refused
);

const REQUIRED: &str = "This field is required.";
const LIMIT: usize = 64 * 1024;

async fn what_is_not_json(world: World) {
    let server = api_only(&world);
    let rows: [(&[u8], &str); 17] = [
        (b"oops", "line 1 column 1"),
        (b"{", "line 1 column 1"),
        (b" ", "line 1 column 1"),
        (b"{\"amount_paise\":", "line 1 column 16"),
        (b"{\"amount_paise\":1,}", "line 1 column 19"),
        (b"{'amount_paise':1}", "line 1 column 2"),
        (b"{\n  \"amount_paise\": 1\n  \"bank_account_id\": \"x\"\n}", "line 3 column 3"),
        (b"{\"amount_paise\":NaN}", "line 1 column 17"),
        (b"{\"amount_paise\":Infinity}", "line 1 column 17"),
        (b"{\"amount_paise\":01}", "line 1 column 18"),
        (b"{\"amount_paise\":+1}", "line 1 column 17"),
        (b"{\"amount_paise\":1e400}", "line 1 column 21"),
        (b"{}{}", "line 1 column 3"),
        (b"{} // done", "line 1 column 4"),
        (b"{\"bank_account_id\":\"\\ud800\"}", "line 1 column 27"),
        (b"{\"bank_account_id\":\"\xff\xfe\"}", "line 1 column 21"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
    ];
    for (body, place) in rows {
        let row = String::from_utf8_lossy(body);
        let problem = send(&server, Some("application/json"), body).await.is_problem(&row, 400, "parse_error");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("JSON parse error - "), "{row}: {detail}");
        assert!(detail.ends_with(place), "{row}: {detail}");
    }
    nothing_happened(&server).await;
}

async fn what_is_no_object(world: World) {
    let server = api_only(&world);
    for (body, text) in [
        ("[]", "Invalid data. Expected a dictionary, but got list."),
        (r#"[{"amount_paise":1,"bank_account_id":"x"}]"#, "Invalid data. Expected a dictionary, but got list."),
        (r#""amount_paise""#, "Invalid data. Expected a dictionary, but got str."),
        ("5", "Invalid data. Expected a dictionary, but got int."),
        ("1.5", "Invalid data. Expected a dictionary, but got float."),
        ("true", "Invalid data. Expected a dictionary, but got bool."),
        ("null", "No data provided"),
    ] {
        ask(&server, ACME, key(), body).await.is_field_error(body, &[("non_field_errors", &[text])]);
    }
    nothing_happened(&server).await;
}

async fn content_types(world: World) {
    let server = api_only(&world);
    let body = order(1, "x");
    for other in [
        "text/plain",
        "text/json",
        "application/xml",
        "application/jsonp",
        "application/problem+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "*/*",
        "nonsense",
        "",
    ] {
        let problem =
            send(&server, Some(other), body.as_bytes()).await.is_problem(other, 415, "unsupported_media_type");
        assert_eq!(problem["detail"], format!("Unsupported media type \"{other}\" in request."));
    }
    let problem = send(&server, None, body.as_bytes()).await.is_problem("no type", 415, "unsupported_media_type");
    assert_eq!(problem["detail"], "Unsupported media type \"\" in request.");
    // Nothing is of any type, as in the original.
    for nothing in [Some("application/json"), Some("text/plain"), None] {
        let answer = send(&server, nothing, b"").await;
        answer.is_field_error("empty", &[("amount_paise", &[REQUIRED]), ("bank_account_id", &[REQUIRED])]);
    }
    nothing_happened(&server).await;
    for taken in ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"] {
        send(&server, Some(taken), body.as_bytes()).await.is(taken, 201);
    }
}

async fn sizes_and_depths(world: World) {
    let server = api_only(&world);
    for bytes in [LIMIT + 1, 1_000_000, 10_000_000] {
        let answer = send(&server, Some("application/json"), padded(bytes).as_bytes()).await;
        answer.is_problem(&format!("{bytes} bytes"), 413, "body_too_large");
    }
    for depth in [129, 1_000, 30_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let answer = ask(&server, ACME, key(), open.clone()).await;
        answer.is_problem(&format!("{depth} deep, unfinished"), 400, "parse_error");
        let body = format!(r#"{{"amount_paise":1,"bank_account_id":"x","more":{open}{close}}}"#);
        ask(&server, ACME, key(), body).await.is_problem(&format!("{depth} deep"), 400, "parse_error");
        let body = r#"{"a":"#.repeat(depth.min(10_000));
        ask(&server, ACME, key(), body).await.is_problem(&format!("{depth} objects"), 400, "parse_error");
    }
    nothing_happened(&server).await;
    send(&server, Some("application/json"), padded(LIMIT).as_bytes()).await.is("exactly the limit", 201);
    let body = format!(r#"{{"amount_paise":1,"bank_account_id":"x","more":{}1{}}}"#, "[".repeat(99), "]".repeat(99));
    ask(&server, ACME, key(), body).await.is("99 deep", 201);
}

/// An order for one paisa of just so many bytes.
fn padded(bytes: usize) -> String {
    let (head, tail) = (r#"{"amount_paise":1,"bank_account_id":"x","more":""#, r#""}"#);
    format!("{head}{}{tail}", "x".repeat(bytes - head.len() - tail.len()))
}

async fn unknown_members_do_no_harm(world: World) {
    let server = api_only(&world);
    let body = r#"{"amount_paise":3,"status":"completed","id":7,"merchant":null,"bank_account_id":"x","attempts":9}"#;
    let payout = ask(&server, ACME, key(), body).await.is("unknown members", 201);
    assert_eq!((&payout["status"], &payout["attempts"]), (&json!("pending"), &json!(0)));
    let escaped = r#"{"\u0061mount_paise":5,"bank_account_id":"\u00e9"}"#;
    let payout = ask(&server, ACME, key(), escaped).await.is("escapes are the characters they stand for", 201);
    assert_eq!((&payout["amount_paise"], &payout["bank_account_id"]), (&json!(5), &json!("é")));
}

/// Of two amounts, which one was meant? Another reader of the same body may take the other one.
async fn a_repeated_member_is_refused(world: World) {
    let server = api_only(&world);
    let long = "x".repeat(1_000);
    for (body, name) in [
        (r#"{"amount_paise":1,"bank_account_id":"a","amount_paise":400}"#.to_owned(), "amount_paise"),
        (r#"{"amount_paise":4,"amount_paise":4,"bank_account_id":"a"}"#.to_owned(), "amount_paise"),
        (r#"{"amount_paise":4,"bank_account_id":"a","bank_account_id":"b"}"#.to_owned(), "bank_account_id"),
        (r#"{"amount_paise":4,"bank_account_id":"a","\u0061mount_paise":5}"#.to_owned(), "amount_paise"),
        (r#"{"amount_paise":4,"bank_account_id":"a","note":1,"note":{"a":1}}"#.to_owned(), "note"),
        (format!(r#"{{"{long}":1,"{long}":2}}"#), &long[..64]),
    ] {
        let problem = ask(&server, ACME, key(), body.clone()).await.is_problem(&body, 400, "parse_error");
        let detail = problem["detail"].as_str().unwrap();
        let start = format!("JSON parse error - the member {name:?} is there twice; send each member once at line 1");
        assert!(detail.starts_with(&start), "{body}: {detail}");
    }
    nothing_happened(&server).await;
    let body = r#"{"amount_paise":1,"bank_account_id":"x","more":{"a":1,"a":2}}"#;
    ask(&server, ACME, key(), body).await.is("what is not read may be as it likes", 201);
}

async fn send(server: &Process, content_type: Option<&str>, body: &[u8]) -> Answer {
    let mut request = server.post(ACME, PAYOUTS).header("Idempotency-Key", key().to_string());
    if let Some(content_type) = content_type {
        request = request.header("Content-Type", content_type);
    }
    Answer::to(request.body(body.to_vec())).await
}

async fn nothing_happened(server: &Process) {
    assert_eq!(server.balances(ACME).await, (1_000_000, 0));
    assert_eq!(get(server, ACME, PAYOUTS).await.text, "[]");
}
