//! Exceptions as operators see them: listed, resolved with a reason that the audit log keeps, counted, and on the
//! command line.

use payrail_core::bank_return::{BankReturn, Exception, ExceptionKind};
use payrail_store::Store;
use serde_json::{Value, json};

use super::{ADMIN, Desk, api_only, text, texts};
use crate::support::{ACME, World};

on_both_stores!(an_exception_is_listed_resolved_once_and_kept, a_resolution_needs_its_reason);

async fn plant(store: &Store, number: i64) -> Exception {
    let words = |text: &str| text.to_owned();
    let (reference, utr, reason) = (words("SOMEBODY-ELSES"), words("U1"), words("came back"));
    let line = BankReturn { number, reference, amount_paise: 5, utr, reason };
    let at = jiff::Timestamp::from_second(1_800_000_000 + number).unwrap();
    let detail = format!("The bank returned number {number}.");
    let exception = Exception::from_line(&line, ExceptionKind::ReturnUnknownReference, detail, at);
    store.record_exception(&exception).await.unwrap();
    exception
}

async fn an_exception_is_listed_resolved_once_and_kept(world: World) {
    let server = api_only(&world);
    let store = world.database.store().await;
    let desk = Desk::of(&server, ADMIN).await;
    assert!(desk.walk("/exceptions").await.is_empty());
    for number in 1..=5 {
        plant(&store, number).await;
    }
    let open = desk.walk("/exceptions?limit=2").await;
    let numbers: Vec<_> = open.iter().map(|line| line["return_number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    assert_eq!((&open[0]["kind"], &open[0]["stated_paise"]), (&json!("return_unknown_reference"), &json!(5)));
    assert_eq!((&open[0]["merchant"], &open[0]["resolution"]), (&Value::Null, &Value::Null));
    let figures = server.get(ACME, "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(figures.contains("payrail_exceptions_open 5"), "{figures}");
    assert!(figures.contains("payrail_returns_waiting 0"), "{figures}");
    let oldest = &open[4]["created_at"];
    let counted = |overview: Value| overview["exceptions"].clone();
    let overview = desk.get("/overview").await.is(200);
    assert_eq!(counted(overview), json!({ "count": 5, "is_capped": false, "oldest_since": oldest }));

    let path = format!("/exceptions/{}/resolve", text(&open[0]["id"]));
    let form = json!({ "reason": "The bank took it back, letter 12." });
    let resolved = desk.post(&path, form.clone()).await.is(200);
    assert_eq!(resolved["resolution"]["by"], ADMIN.0);
    desk.post(&path, form).await.is_problem(409, "already_resolved");
    assert_eq!(desk.walk("/exceptions").await.len(), 4);
    assert_eq!(counted(desk.get("/overview").await.is(200))["count"], 4);
    assert_eq!(desk.walk("/exceptions?state=resolved").await, [resolved]);
    assert_eq!(desk.walk("/exceptions?state=all&limit=3").await.len(), 5);
    let done = desk.walk("/actions?action=resolved_exception").await;
    assert_eq!(texts(&done, "reason"), ["The bank took it back, letter 12."]);
    assert_eq!(done[0]["subject"], open[0]["id"]);

    let list = |arguments: &[&str]| {
        let output = world.command(&[&["exceptions"], arguments].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(list(&["--json"]).lines().count(), 4);
    assert_eq!(list(&["--json", "--all"]).lines().count(), 5);
    let first: Value = serde_json::from_str(list(&["--json", "--all"]).lines().next().unwrap()).unwrap();
    assert_eq!((&first["type"], &first["resolved_by"]), (&json!("exception"), &json!(ADMIN.0)));
    assert!(list(&[]).contains("The bank returned number 4."));
}

async fn a_resolution_needs_its_reason(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let id = plant(&world.database.store().await, 1).await.id;
    for body in [json!({}), json!({ "reason": "" }), json!({ "reason": "too short" }), json!({ "reason": 7 })] {
        let problem = desk.post(&format!("/exceptions/{id}/resolve"), body).await.is_problem(400, "invalid");
        assert!(problem["reason"].is_array(), "{problem}");
    }
    let nobody = uuid::Uuid::nil();
    let form = json!({ "reason": "long enough a reason" });
    desk.post(&format!("/exceptions/{nobody}/resolve"), form).await.is_problem(404, "not_found");
    desk.get("/exceptions?state=lost").await.is_problem(400, "invalid_parameter");
    assert_eq!(desk.walk("/exceptions").await.len(), 1);
    assert!(desk.walk("/returns/waiting").await.is_empty());
}
