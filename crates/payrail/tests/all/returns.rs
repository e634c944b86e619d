//! What the bank says that it sent back, true or not: exactly what was paid is credited, once; what does not fit is
//! an exception that `verify` reports; what cannot be applied yet is set aside and holds up no other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use payrail::worker::RETURNS_CURSOR;
use payrail_core::bank_return::ExceptionKind;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::operator::OperatorAction;
use payrail_core::payout::Status;
use payrail_store::{ExceptionFilter, ExceptionLine, Position, Resolution};
use serde_json::{Value, json};

use crate::engine::{Engine, seconds};
use crate::fake_bank::{FakeBank, page, paid, returned, says};
use crate::support::World;

on_both_stores!(
    a_partial_return_creates_no_money_and_verify_reports_it,
    a_return_under_another_utr_credits_nothing,
    a_second_return_credits_nothing,
    a_return_of_nothing_of_ours_is_an_exception,
    lines_that_make_no_sense_hold_up_no_other,
    a_lost_cursor_changes_nothing,
    two_workers_that_read_one_list_make_one_exception,
    a_return_of_a_payout_in_doubt_holds_up_no_other_and_is_not_fetched_again,
    a_return_without_room_waits_for_it,
    numbers_that_are_left_out_are_reported,
    a_number_out_of_all_order_does_not_move_the_cursor,
    two_payouts_under_one_utr_are_reported,
    a_race_under_one_utr_is_found_by_verify,
    a_credit_of_before_that_the_list_does_not_bear_out_is_reported,
);

type Rows = Arc<Mutex<Vec<Value>>>;

/// A bank that pays all that it is told to, each under a UTR of its own, and whose list of returns the test writes.
async fn bank(rows: &Rows) -> FakeBank {
    let (rows, transfers): (Rows, Rows) = (rows.clone(), Arc::default());
    FakeBank::open(move |method, path, query| match (method, path) {
        ("GET", "/v1/returns") => page("returns", query, &rows.lock().unwrap()),
        ("GET", "/v1/transfers") => page("transfers", query, &transfers.lock().unwrap()),
        _ => paid("UTR-$reference"),
    })
    .await
}

fn utr(payout: PayoutId) -> String {
    format!("UTR-{}", payout.reference())
}

struct Scene<'w> {
    engine: Engine<'w>,
    _bank: FakeBank,
    rows: Rows,
    merchant: MerchantId,
    /// Completed, of 60,000 paise each.
    payouts: [PayoutId; 2],
}

impl<'w> Scene<'w> {
    async fn set(world: &'w World) -> Self {
        let rows = Rows::default();
        let bank = bank(&rows).await;
        let engine = Engine::start_without_bank(world, bank.url.clone()).await;
        let merchant = engine.merchant(200_000).await;
        let one = engine.pay(merchant, 60_000, "demo-success").await;
        let two = engine.pay(merchant, 60_000, "demo-success").await;
        let scene = Self { engine, _bank: bank, rows, merchant, payouts: [one, two] };
        scene.round().await;
        assert_eq!(scene.engine.balances(merchant).await, (80_000, 0));
        scene
    }

    async fn list(&self, rows: impl IntoIterator<Item = Value>) {
        self.rows.lock().unwrap().extend(rows);
        self.round().await;
    }

    async fn round(&self) {
        self.engine.worker("w1").round().await.unwrap();
    }

    async fn available(&self) -> i64 {
        self.engine.balances(self.merchant).await.0
    }

    async fn exceptions(&self) -> Vec<ExceptionLine> {
        exceptions(&self.engine).await
    }

    async fn kinds(&self) -> Vec<ExceptionKind> {
        let mut kinds: Vec<_> = self.exceptions().await.into_iter().map(|line| line.exception.kind).collect();
        kinds.sort();
        kinds
    }

    async fn cursor(&self) -> Option<String> {
        self.engine.store.setting(RETURNS_CURSOR).await.unwrap()
    }

    /// The kinds of difference that `verify` finds in the books, without the bank.
    async fn verified(&self) -> Vec<&'static str> {
        verified(&self.engine).await
    }
}

async fn exceptions(engine: &Engine<'_>) -> Vec<ExceptionLine> {
    let newest = Position::newest(jiff::Timestamp::MAX);
    engine.store.exceptions(ExceptionFilter::All, newest, 1_000).await.unwrap()
}

async fn verified(engine: &Engine<'_>) -> Vec<&'static str> {
    let report = payrail::verify::verify(&engine.store, None, |_| {}).await.unwrap();
    let mut kinds: Vec<_> = report.differences.iter().map(|difference| difference.kind).collect();
    kinds.sort_unstable();
    kinds
}

async fn a_partial_return_creates_no_money_and_verify_reports_it(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    scene.list([returned(1, &one.reference(), 1, "ANOTHER"), returned(2, &two.reference(), 60_000, &utr(two))]).await;
    assert_eq!(scene.available().await, 140_000, "the second came back, of the first nothing is credited");
    assert_eq!(scene.engine.status(scene.merchant, one).await, Status::Completed);
    assert_eq!(scene.engine.status(scene.merchant, two).await, Status::Returned);
    let [found] = &scene.exceptions().await[..] else { panic!("not one exception") };
    assert_eq!((found.merchant, found.exception.payout), (Some(scene.merchant), Some(one)));
    assert_eq!(found.exception.kind, ExceptionKind::ReturnOtherAmount);
    assert_eq!(found.exception.stated.amount_paise, Some(1));
    assert_eq!(found.exception.expected.utr, Some(utr(one)));
    assert_eq!(scene.verified().await, ["open_exception"]);
    assert_eq!(scene.cursor().await.as_deref(), Some("2"));
}

async fn a_return_under_another_utr_credits_nothing(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    // The other payout's.
    scene.list([returned(1, &one.reference(), 60_000, &utr(two))]).await;
    assert_eq!(scene.available().await, 80_000);
    assert_eq!(scene.kinds().await, [ExceptionKind::ReturnOtherUtr]);
}

async fn a_second_return_credits_nothing(world: World) {
    let scene = Scene::set(&world).await;
    let [one, _] = scene.payouts;
    let row = |number| returned(number, &one.reference(), 60_000, &utr(one));
    scene.list([row(1)]).await;
    assert_eq!(scene.available().await, 140_000);
    scene.list([row(2)]).await;
    assert_eq!(scene.available().await, 140_000);
    assert_eq!(scene.kinds().await, [ExceptionKind::ReturnAgain]);
}

async fn a_return_of_nothing_of_ours_is_an_exception(world: World) {
    let scene = Scene::set(&world).await;
    let unknown = PayoutId(uuid::Uuid::max()).reference();
    scene.list([returned(1, "SOMEBODY-ELSES", 5, "U1"), returned(2, &unknown, 6, "U2")]).await;
    assert_eq!(scene.kinds().await, [ExceptionKind::ReturnUnknownReference; 2]);
    assert!(scene.exceptions().await.iter().all(|line| line.merchant.is_none()));
    assert_eq!(scene.verified().await, ["open_exception"; 2]);
    // A person looked into them: that is kept, and `verify` is content.
    for line in scene.exceptions().await {
        resolve(&scene.engine, &line).await;
    }
    assert_eq!(scene.verified().await, [""; 0]);
}

async fn resolve(engine: &Engine<'_>, line: &ExceptionLine) {
    let (at, id) = (jiff::Timestamp::UNIX_EPOCH, line.exception.id);
    let (by, reason) = ("Ana".to_owned(), "the bank corrected its list".to_owned());
    let done = OperatorAction {
        id: uuid::Uuid::now_v7(),
        at,
        merchant: line.merchant,
        operator: by.clone(),
        action: "resolved_exception".to_owned(),
        subject: Some(id.to_string()),
        reason: Some(reason.clone()),
        detail: None,
    };
    assert!(engine.store.resolve_exception(id, &Resolution { at, by, reason }, &done).await.unwrap());
}

async fn lines_that_make_no_sense_hold_up_no_other(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    let bad = |number: Value, amount: Value| {
        json!({ "number": number, "reference": one.reference(), "amount_paise": amount, "utr": utr(one),
                "reason": "bad\u{0}", "returned_at": "2026-01-01T00:00:00Z" })
    };
    let mut without_utr = bad(json!(5), json!(60_000));
    without_utr.as_object_mut().unwrap().remove("utr");
    let rows = vec![
        bad(json!(1), json!(0)),
        bad(json!(2), json!(-60_000)),
        bad(json!(3), json!(i64::MIN)),
        bad(json!(4), json!(u64::MAX)),
        without_utr,
        bad(json!(6), json!("60000")),
        json!({ "number": 7 }),
        returned(8, &two.reference(), 60_000, &utr(two)),
    ];
    let mut text = json!({ "returns": rows }).to_string();
    // What no parser makes a number of, the same member twice, and what is no object at all.
    let twice = format!(r#"{{"amount_paise":1,{}"#, &bad(json!(9), json!(60_000)).to_string()[1..]);
    let huge = bad(json!(10), json!("HUGE")).to_string().replace("\"HUGE\"", "1e999");
    text.truncate(text.len() - 2);
    text.push_str(&format!(r#",{twice},{huge},[],null,"x"]}}"#));
    let list = Arc::new(Mutex::new(text));
    let shown = list.clone();
    let bank = FakeBank::open(move |_, _, query| match query.contains("after=0") {
        true => (200, "application/json", shown.lock().unwrap().clone()),
        false => says(&json!({ "returns": [] })),
    })
    .await;
    // It is the bank, as far as anybody knows.
    let name = bank.url.replace("http://", "address ");
    scene.engine.store.put_setting(payrail::rail::IDENTITY, &name).await.unwrap();
    let liar = Engine::start_without_bank(&world, bank.url.clone()).await;
    liar.worker("w2").round().await.unwrap();
    assert_eq!(scene.engine.status(scene.merchant, two).await, Status::Returned, "the good line is credited");
    assert_eq!(scene.available().await, 140_000);
    let kinds = scene.kinds().await;
    let unreadable = kinds.iter().filter(|kind| **kind == ExceptionKind::ReturnUnreadable).count();
    let other_amount = kinds.iter().filter(|kind| **kind == ExceptionKind::ReturnOtherAmount).count();
    assert_eq!((kinds.len(), unreadable, other_amount), (12, 9, 3), "{kinds:?}");
    assert_eq!(scene.cursor().await.as_deref(), Some("10"));
    assert!(scene.exceptions().await.iter().all(|line| line.exception.detail.chars().count() < 1_000));
    // Read once more, it is nothing new.
    scene.engine.store.put_setting(RETURNS_CURSOR, "0").await.unwrap();
    liar.worker("w3").round().await.unwrap();
    assert_eq!((scene.kinds().await.len(), scene.available().await), (12, 140_000));
}

async fn a_lost_cursor_changes_nothing(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    scene.list([returned(1, &one.reference(), 60_000, &utr(one)), returned(2, &two.reference(), 1, &utr(two))]).await;
    for lost in ["0", "", "x", "-7", "1"] {
        scene.engine.store.put_setting(RETURNS_CURSOR, lost).await.unwrap();
        scene.round().await;
        assert_eq!((scene.available().await, scene.kinds().await.len()), (140_000, 1));
        assert_eq!(scene.cursor().await.as_deref(), Some("2"));
    }
}

async fn two_workers_that_read_one_list_make_one_exception(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    let rows = [returned(1, &one.reference(), 59_999, &utr(one)), returned(2, &two.reference(), 60_000, &utr(two))];
    scene.rows.lock().unwrap().extend(rows);
    let (a, b) = (scene.engine.worker("w1"), scene.engine.worker_elsewhere("w2").await);
    let (a, b) = tokio::join!(a.round(), b.round());
    assert_eq!((a.unwrap(), b.unwrap()), (0, 0));
    assert_eq!((scene.available().await, scene.kinds().await.len()), (140_000, 1));
}

async fn a_return_of_a_payout_in_doubt_holds_up_no_other_and_is_not_fetched_again(world: World) {
    let is_up = Arc::new(AtomicBool::new(false));
    let rows = Rows::default();
    let (up, list) = (is_up.clone(), rows.clone());
    let bank = FakeBank::open(move |method, path, query| match (method, path) {
        ("GET", "/v1/returns") => page("returns", query, &list.lock().unwrap()),
        _ if !up.load(Ordering::SeqCst) => (503, "text/plain", "later".to_owned()),
        _ => paid("UTR-$reference"),
    })
    .await;
    let engine = Engine::start_without_bank(&world, bank.url.clone()).await;
    let merchant = engine.merchant(10_000).await;
    let doubtful = engine.pay(merchant, 1_000, "demo-success").await;
    let worker = engine.worker("w1");
    worker.round().await.unwrap();
    is_up.store(true, Ordering::SeqCst);
    let other = engine.pay(merchant, 2_000, "demo-success").await;
    *rows.lock().unwrap() = vec![
        returned(1, &doubtful.reference(), 1_000, &utr(doubtful)),
        returned(2, &other.reference(), 2_000, &utr(other)),
    ];
    worker.round().await.unwrap();
    assert_eq!(engine.status(merchant, doubtful).await, Status::Processing);
    assert_eq!(engine.status(merchant, other).await, Status::Returned, "what comes after it is not held up");
    assert_eq!(engine.store.setting(RETURNS_CURSOR).await.unwrap().as_deref(), Some("2"), "the cursor has passed it");
    let [waiting] = &engine.store.waiting_returns(10).await.unwrap()[..] else { panic!("not one is set aside") };
    assert_eq!((waiting.payout, waiting.waits_for.as_str(), waiting.tries), (doubtful, "the payout is processing", 1));
    assert_eq!(verified(&engine).await, [""; 0], "it is on its way");
    // It is tried again by what is kept of it, with growing waits; its line is not asked for again.
    let mut waits = Vec::new();
    while engine.status(merchant, doubtful).await == Status::Processing {
        let waiting = engine.store.waiting_returns(10).await.unwrap().remove(0);
        let now = payrail::clock::Clock::Manual(engine.clock.clone()).now();
        waits.push(waiting.next_try_at.duration_since(now));
        engine.clock.advance(waiting.next_try_at.duration_since(now));
        worker.round().await.unwrap();
    }
    assert!(waits.len() >= 2 && waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    rows.lock().unwrap().clear();
    engine.clock.advance(seconds(700));
    worker.round().await.unwrap();
    assert_eq!(engine.status(merchant, doubtful).await, Status::Returned);
    assert_eq!(engine.balances(merchant).await, (10_000, 0));
    assert!(engine.store.waiting_returns(10).await.unwrap().is_empty());
    assert!(exceptions(&engine).await.is_empty());
}

async fn a_return_without_room_waits_for_it(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    let room = i64::MAX - 80_000;
    let fund = payrail_core::command::Action::Fund {
        key: payrail_core::idempotency::IdempotencyKey(crate::support::key()),
        amount: crate::engine::paise(room),
        description: "all there is".to_owned(),
        by: None,
    };
    scene.engine.send(scene.merchant, fund).await.unwrap();
    scene.list([returned(1, &one.reference(), 60_000, &utr(one)), returned(2, &two.reference(), 1, &utr(two))]).await;
    assert_eq!(scene.available().await, i64::MAX);
    let waiting = scene.engine.store.waiting_returns(10).await.unwrap();
    assert_eq!(waiting.iter().map(|waiting| waiting.payout).collect::<Vec<_>>(), [one]);
    assert!(waiting[0].waits_for.contains("64 bits"), "{}", waiting[0].waits_for);
    scene.engine.pay(scene.merchant, 100_000, "demo-success").await;
    scene.engine.clock.advance(seconds(10));
    scene.round().await;
    scene.engine.clock.advance(seconds(10));
    scene.round().await;
    assert_eq!(scene.engine.status(scene.merchant, one).await, Status::Returned);
}

async fn numbers_that_are_left_out_are_reported(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    scene
        .list([returned(1, &one.reference(), 60_000, &utr(one)), returned(5, &two.reference(), 60_000, &utr(two))])
        .await;
    assert_eq!(scene.available().await, 200_000);
    assert_eq!(scene.kinds().await, [ExceptionKind::ReturnsMissing]);
    let detail = scene.exceptions().await.remove(0).exception.detail;
    assert!(detail.contains("number 5 follows number 1"), "{detail}");
    assert_eq!(scene.cursor().await.as_deref(), Some("5"));
}

/// Else one absurd number would hide all returns that are to come.
async fn a_number_out_of_all_order_does_not_move_the_cursor(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    scene.list([returned(i64::MAX, &one.reference(), 60_000, &utr(one))]).await;
    assert_eq!((scene.available().await, scene.cursor().await), (140_000, None));
    scene.list([returned(1, &two.reference(), 60_000, &utr(two))]).await;
    assert_eq!((scene.available().await, scene.cursor().await.as_deref()), (200_000, Some("1")));
    assert_eq!(scene.kinds().await, [ExceptionKind::ReturnsMissing]);
}

/// A bank whose every payment goes under one UTR.
async fn one_utr(world: &World) -> (FakeBank, Engine<'_>) {
    let bank = FakeBank::open(|method, path, query| match (method, path) {
        ("GET", "/v1/returns") => page("returns", query, &[]),
        _ => paid("U1"),
    })
    .await;
    let engine = Engine::start_without_bank(world, bank.url.clone()).await;
    (bank, engine)
}

async fn two_payouts_under_one_utr_are_reported(world: World) {
    let (_bank, engine) = one_utr(&world).await;
    let [one, two] = [engine.merchant(1_000).await, engine.merchant(1_000).await];
    let first = engine.pay(one, 600, "demo-success").await;
    engine.worker("w1").round().await.unwrap();
    let second = engine.pay(two, 700, "demo-success").await;
    engine.worker("w1").round().await.unwrap();
    assert_eq!(engine.status(two, second).await, Status::Completed, "the bank's answer about it is definite");
    assert_eq!(engine.balances(two).await, (300, 0));
    let [found] = &exceptions(&engine).await[..] else { panic!("not one exception") };
    assert_eq!((found.exception.kind, found.merchant), (ExceptionKind::DuplicateUtr, Some(two)));
    assert_eq!((found.exception.payout, found.exception.other_payout), (Some(second), Some(first)));
    assert_eq!(verified(&engine).await, ["open_exception"]);
}

/// As two lanes make it that do not see each other's transaction.
async fn a_race_under_one_utr_is_found_by_verify(world: World) {
    let scene = Scene::set(&world).await;
    assert_eq!(scene.verified().await, [""; 0]);
    let mut sql = crate::sabotage::unprotected(&world).await;
    crate::sabotage::alter_payout(&mut sql, scene.payouts[1], &format!("utr = '{}'", utr(scene.payouts[0]))).await;
    assert_eq!(scene.verified().await, ["duplicate_utr"]);
}

/// The books of a version that credited whatever the list said.
async fn a_credit_of_before_that_the_list_does_not_bear_out_is_reported(world: World) {
    let scene = Scene::set(&world).await;
    let [one, two] = scene.payouts;
    scene
        .list([returned(1, &one.reference(), 60_000, &utr(one)), returned(2, &two.reference(), 60_000, &utr(two))])
        .await;
    let mut sql = crate::sabotage::unprotected(&world).await;
    sql.exec("DELETE FROM bank_returns").await;
    let list = |amount: i64, number: i64| {
        vec![
            returned(1, &one.reference(), amount, &utr(one)),
            returned(2, &two.reference(), 60_000, &utr(two)),
            returned(number, &two.reference(), 60_000, &utr(two)),
        ]
    };
    let against_the_list = async || {
        let rail = scene.engine.rail(crate::engine::PATIENCE);
        let report = payrail::verify::verify(&scene.engine.store, Some(&rail), |_| {}).await.unwrap();
        let about_returns = ["credited_otherwise", "returned_again", "return_unaccounted", "returned_there_only"];
        let differences = report.differences.iter().map(|difference| difference.kind);
        differences.filter(|kind| about_returns.contains(kind)).collect::<Vec<_>>()
    };
    assert_eq!(against_the_list().await, [""; 0], "old books whose list agrees are clean");
    scene.engine.store.put_setting(RETURNS_CURSOR, "3").await.unwrap();
    *scene.rows.lock().unwrap() = list(1, 3);
    assert_eq!(against_the_list().await, ["credited_otherwise", "returned_again"]);
    *scene.rows.lock().unwrap() = vec![returned(1, "SOMEBODY-ELSES", 5, "U1")];
    assert_eq!(against_the_list().await, ["return_unaccounted"]);
}
