//! Workers meet another bank: operators see both, and one confirms the change, on exactly what was shown.

use payrail_store::testing::until;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{ADMIN, Answer, Desk, VIEWER, texts};
use crate::support::{ACME, Process, TINY, World, key};

on_both_stores!(
    a_change_of_the_bank_is_shown_and_confirmed,
    a_change_that_was_not_shown_is_not_confirmed,
    a_change_on_another_rail_is_shown_and_confirmed,
);

const REASON: &str = "We moved to another bank, contract 12.";
/// Payouts without a definite answer stay under way: the next call is due after ten minutes.
const SLOW_RETRIES: (&str, &str) = ("PAYRAIL_RETRY_BASE_MS", "600000");

fn bank(world: &World, book: &str) -> Process {
    world.start(&["bank"], &[("PAYRAIL_BANK_BOOK", book), ("PAYRAIL_BANK_SILENCE_MS", "10")])
}

fn serve(world: &World, bank: &Process) -> Process {
    world.serve_with(&[("PAYRAIL_POLL_MS", "20"), SLOW_RETRIES, ("PAYRAIL_BANK_URL", &bank.url)])
}

async fn identity(bank: &Process) -> String {
    let answer = bank.client.get(format!("{}/v1/identity", bank.url)).send().await.unwrap();
    super::text(&answer.json::<Value>().await.unwrap()["identity"])
}

/// A payout of 1,000 paise that has come so far.
async fn pay(server: &Process, key_of: &str, account: &str, status: &str, in_doubt: bool) -> String {
    let (answer, payout) = server.pay(key_of, key(), 1_000, account).await;
    assert_eq!(answer, StatusCode::CREATED);
    let id = super::text(&payout["id"]);
    until("the payout is there", || has_come_to(server, key_of, &id, status, in_doubt)).await;
    id
}

async fn has_come_to(server: &Process, key_of: &str, id: &str, status: &str, in_doubt: bool) -> bool {
    let payout = server.json(key_of, &format!("/api/v1/payouts/{id}/")).await;
    payout["status"] == status && payout["in_doubt"].is_null() != in_doubt
}

/// What the page shows, once a worker has met another bank.
async fn met(desk: &Desk<'_>) -> Value {
    until("a worker has met another bank", || async { !desk.get("/bank").await.is(200)["met"].is_null() }).await;
    desk.get("/bank").await.is(200)["met"].clone()
}

async fn a_change_of_the_bank_is_shown_and_confirmed(world: World) {
    let (first, second) = (bank(&world, "first.db"), bank(&world, "second.db"));
    let (earlier, later) = (identity(&first).await, identity(&second).await);
    let server = serve(&world, &first);
    pay(&server, TINY, "demo-success", "completed", false).await;
    let desk = Desk::of(&server, ADMIN).await;
    assert_eq!(desk.get("/bank").await.is(200), json!({ "identity": earlier, "met": null }));
    let form =
        |identity: &str, under_way: i64| json!({ "identity": identity, "under_way": under_way, "reason": REASON });
    desk.post("/bank/confirm", form(&later, 0)).await.is_problem(409, "nothing_to_confirm");
    assert!(server.stop().success());

    let server = serve(&world, &second);
    let desk = Desk::of(&server, ADMIN).await;
    let shown = met(&desk).await;
    assert_eq!((&shown["identity"], &shown["worker"].is_string()), (&json!(later), &true));
    assert_eq!(shown["under_way"], json!({ "count": 0, "is_capped": false, "amount_paise": 0 }));
    assert!(super::text(&shown["since"]) <= super::text(&shown["seen_at"]), "{shown}");
    let overview = desk.get("/overview").await.is(200);
    assert_eq!((&overview["bank"]["identity"], &overview["bank"]["met"]["identity"]), (&json!(earlier), &json!(later)));
    let (_, waiting) = server.pay(TINY, key(), 1_000, "demo-success").await;

    let viewer = Desk::of(&server, VIEWER).await;
    assert_eq!(viewer.get("/bank").await.is(200)["met"]["identity"], later);
    viewer.post("/bank/confirm", form(&later, 0)).await.is_problem(403, "forbidden");
    let confirmed = desk.post("/bank/confirm", form(&later, 0)).await.is(200);
    assert_eq!(confirmed, json!({ "identity": later, "met": null }));
    until("the worker goes on", || has_come_to(&server, TINY, waiting["id"].as_str().unwrap(), "completed", false))
        .await;
    desk.post("/bank/confirm", form(&later, 0)).await.is_problem(409, "nothing_to_confirm");

    let done = desk.walk("/actions?action=bank_confirmed").await;
    assert_eq!((texts(&done, "reason"), texts(&done, "subject")), (vec![REASON.to_owned()], vec![later]));
    assert_eq!(texts(&done, "operator"), [ADMIN.0]);
    assert_eq!(texts(&done, "detail"), [format!("before: {earlier}; under way with it: 0")]);
}

async fn a_change_that_was_not_shown_is_not_confirmed(world: World) {
    let (first, second) = (bank(&world, "first.db"), bank(&world, "second.db"));
    let later = identity(&second).await;
    let server = serve(&world, &first);
    pay(&server, ACME, "demo-timeout-paid", "processing", true).await;
    pay(&server, ACME, "demo-timeout-unpaid", "processing", true).await;
    assert!(server.stop().success());
    let server = serve(&world, &second);
    let desk = Desk::of(&server, ADMIN).await;
    let shown = met(&desk).await;
    assert_eq!(shown["under_way"], json!({ "count": 2, "is_capped": false, "amount_paise": 2_000 }));

    let good = json!({ "identity": later, "under_way": 2, "reason": REASON });
    for (member, value, sentence) in [
        ("identity", json!(7), "Not a valid string."),
        ("identity", json!(" "), "This field may not be blank."),
        ("under_way", json!(-1), "Ensure this value is greater than or equal to 0."),
        ("under_way", json!("2"), "A valid integer is required."),
        ("under_way", Value::Null, "This field may not be null."),
        ("reason", json!("too short"), "Ensure this field has at least 10 characters."),
    ] {
        let mut bad = good.clone();
        bad[member] = value;
        let problem = desk.post("/bank/confirm", bad).await.is_problem(400, "invalid");
        assert_eq!(problem[member], json!([sentence]));
    }
    let with = |member: &str, value: Value| {
        let mut form = good.clone();
        form[member] = value;
        desk.post("/bank/confirm", form)
    };
    with("identity", json!("a bank that nobody met")).await.is_problem(409, "bank_differs");
    let changed = with("under_way", json!(1)).await.is_problem(409, "under_way_changed");
    assert_eq!(changed["under_way"], 2);
    let command = ["bank", "confirm", "--identity", "nobody-met-it", "--under-way", "2", "--reason", REASON];
    assert!(!world.run(&command).status.success(), "the command line is as strict");
    assert_eq!(desk.get("/bank").await.is(200)["met"]["since"], shown["since"]);
    assert!(desk.walk("/actions?action=bank_confirmed").await.is_empty());

    // Two operators at the same moment: one confirms, the other hears that there is nothing left to confirm.
    let both = [desk.post("/bank/confirm", good.clone()), desk.post("/bank/confirm", good.clone())];
    let mut statuses: Vec<_> =
        futures::future::join_all(both).await.iter().map(|Answer { status, .. }| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(desk.walk("/actions?action=bank_confirmed").await.len(), 1);
}

/// The rail `bank` leads to the first bank, and `second` to another; new payouts go by `default`.
fn serve_two(world: &World, first: &Process, other: &Process, default: &str) -> Process {
    let file = world.folder.join("rails.toml");
    std::fs::write(&file, format!("default = '{default}'\n[rails.second]\nurl = '{}'\n", other.url)).unwrap();
    let rails = file.display().to_string();
    world.serve_with(&[("PAYRAIL_POLL_MS", "20"), ("PAYRAIL_BANK_URL", &first.url), ("PAYRAIL_RAILS", &rails)])
}

async fn readiness(server: &Process) -> (u16, Value) {
    let answer = server.client.get(format!("{}/readyz", server.url)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn a_change_on_another_rail_is_shown_and_confirmed(world: World) {
    let [first, second, third] = ["first.db", "second.db", "third.db"].map(|book| bank(&world, book));
    let (earlier, later) = (identity(&second).await, identity(&third).await);
    let server = serve_two(&world, &first, &second, "second");
    pay(&server, TINY, "demo-success", "completed", false).await;
    let desk = Desk::of(&server, ADMIN).await;
    let rail =
        |name: &str, identity: &str| json!({ "rail": name, "identity": identity, "met": null, "returns_read": 0 });
    let both = json!([rail("bank", &identity(&first).await), rail("second", &earlier)]);
    until("both rails have met their banks", || async { desk.get("/banks").await.is(200)["banks"] == both }).await;
    assert_eq!(desk.get("/overview").await.is(200)["banks"], both);
    assert!(server.stop().success());

    // While the rail of new payouts works, the process is ready, and says which rail waits.
    let server = serve_two(&world, &first, &third, "bank");
    let desk = Desk::of(&server, ADMIN).await;
    let shown = async |desk: &Desk<'_>| Desk::get(desk, "/banks").await.is(200)["banks"][1].clone();
    until("a worker has met another bank", || async { !shown(&desk).await["met"].is_null() }).await;
    let second_rail = shown(&desk).await;
    assert_eq!((&second_rail["identity"], &second_rail["met"]["identity"]), (&json!(earlier), &json!(later)));
    assert_eq!(desk.get("/bank").await.is(200)["met"], Value::Null);
    until("the process says so", || async { readiness(&server).await.1["waiting_rails"] == json!(["second"]) }).await;
    assert_eq!(readiness(&server).await.0, 200);
    pay(&server, TINY, "demo-success", "completed", false).await;
    let metrics = server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    for line in ["payrail_bank_is_another{rail=\"bank\"} 0", "payrail_bank_is_another{rail=\"second\"} 1"] {
        assert!(metrics.contains(line), "{metrics}");
    }
    let told = String::from_utf8(world.run(&["bank", "confirm"]).stdout).unwrap();
    for line in ["Rail bank:", "Rail second:", "payrail bank confirm --rail second --identity"] {
        assert!(told.contains(line), "{told}");
    }
    let form = |rail: Value| json!({ "rail": rail, "identity": later, "under_way": 0, "reason": REASON });
    for rail in [json!("bank"), Value::Null, json!("third")] {
        desk.post("/bank/confirm", form(rail)).await.is_problem(409, "nothing_to_confirm");
    }
    desk.post("/bank/confirm", form(json!("No Rail"))).await.is_problem(400, "invalid");
    assert!(server.stop().success());

    let server = serve_two(&world, &first, &third, "second");
    let desk = Desk::of(&server, ADMIN).await;
    until("the rail of new payouts waits", || async { readiness(&server).await.0 == 503 }).await;
    let answer = readiness(&server).await.1;
    assert_eq!(answer["code"], "another_bank");
    assert!(super::text(&answer["detail"]).ends_with("Rails that wait: second."), "{answer}");
    desk.post("/bank/confirm", form(json!("second"))).await.is(200);
    pay(&server, TINY, "demo-success", "completed", false).await;
    let done = desk.walk("/actions?action=bank_confirmed").await;
    assert_eq!(texts(&done, "detail"), [format!("before: {earlier}; under way with it: 0; rail: second")]);
}
