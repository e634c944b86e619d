//! The bank's list of returns, true or not: a return that matches its payment is credited once. One that does not match
//! is an exception that `verify` reports. One that cannot be applied yet is set aside and delays no other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use payrail::worker::returns::RETURNS_CURSOR;
use payrail_core::bank_return::ExceptionKind;
use payrail_core::payout::Status;
use payrail_store::{ExceptionFilter, ExceptionLine, Position, Resolution};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::operator::{OperatorAction, OperatorActionKind};
use payrail_types::word::Word;
use serde_json::Value;

use crate::fake_bank::{FakeBank, page, paid, returned};
use crate::harness::{Harness, seconds};
use crate::support::World;

on_both_stores!(
    a_partial_return_creates_no_money_and_verify_reports_it,
    a_return_under_another_utr_credits_nothing,
    a_second_return_credits_nothing,
    a_return_of_an_unknown_payout_is_an_exception,
    two_workers_that_read_one_list_make_one_exception,
    a_return_of_a_payout_in_doubt_delays_no_other_and_is_not_fetched_again,
    a_return_without_room_waits_for_it,
    two_payouts_under_one_utr_are_reported,
    a_race_under_one_utr_is_found_by_verify,
    an_earlier_versions_credit_without_its_line_is_reported,
);

pub type Rows = Arc<Mutex<Vec<Value>>>;

/// A bank that pays everything, each under its own UTR, and whose list of returns the test writes.
async fn bank(rows: &Rows) -> FakeBank {
    let (rows, transfers): (Rows, Rows) = (rows.clone(), Arc::default());
    FakeBank::open(move |method, path, query| match (method, path) {
        ("GET", "/v1/returns") => page("returns", query, &rows.lock().unwrap()),
        ("GET", "/v1/transfers") => page("transfers", query, &transfers.lock().unwrap()),
        _ => paid("UTR-$reference"),
    })
    .await
}

pub fn utr(payout: PayoutId) -> String {
    format!("UTR-{}", payout.reference())
}

pub struct Fixture<'w> {
    pub harness: Harness<'w>,
    _bank: FakeBank,
    pub rows: Rows,
    pub merchant: MerchantId,
    /// Completed, of 60,000 paise each.
    pub payouts: [PayoutId; 2],
}

impl<'w> Fixture<'w> {
    pub async fn set_up(world: &'w World) -> Self {
        let rows = Rows::default();
        let bank = bank(&rows).await;
        let harness = Harness::start_without_bank(world, bank.url.clone()).await;
        let merchant = harness.merchant(200_000).await;
        let one = harness.pay(merchant, 60_000, "demo-success").await;
        let two = harness.pay(merchant, 60_000, "demo-success").await;
        let fixture = Self { harness, _bank: bank, rows, merchant, payouts: [one, two] };
        fixture.round().await;
        assert_eq!(fixture.harness.balances(merchant).await, (80_000, 0));
        fixture
    }

    pub async fn list(&self, rows: impl IntoIterator<Item = Value>) {
        self.rows.lock().unwrap().extend(rows);
        self.round().await;
    }

    pub async fn round(&self) {
        self.harness.worker("w1").round().await.unwrap();
    }

    pub async fn available(&self) -> i64 {
        self.harness.balances(self.merchant).await.0
    }

    pub async fn exceptions(&self) -> Vec<ExceptionLine> {
        exceptions(&self.harness).await
    }

    pub async fn kinds(&self) -> Vec<ExceptionKind> {
        let mut kinds: Vec<_> = self.exceptions().await.into_iter().map(|line| line.exception.kind).collect();
        kinds.sort();
        kinds
    }

    pub async fn cursor(&self) -> Option<String> {
        self.harness.store.setting(RETURNS_CURSOR).await.unwrap()
    }

    /// The kinds of differences that `verify` finds in the books, without the bank.
    pub async fn verified(&self) -> Vec<&'static str> {
        verified(&self.harness).await
    }
}

pub async fn exceptions(harness: &Harness<'_>) -> Vec<ExceptionLine> {
    let newest = Position::newest(jiff::Timestamp::MAX);
    harness.store.exceptions(ExceptionFilter::All, newest, 1_000).await.unwrap()
}

async fn verified(harness: &Harness<'_>) -> Vec<&'static str> {
    let report = payrail::verify::verify(&harness.store, None, |_| {}).await.unwrap();
    let mut kinds: Vec<_> = report.differences.iter().map(|difference| difference.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds
}

async fn a_partial_return_creates_no_money_and_verify_reports_it(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    fixture.list([returned(1, &one.reference(), 1, "ANOTHER"), returned(2, &two.reference(), 60_000, &utr(two))]).await;
    assert_eq!(fixture.available().await, 140_000, "the second came back, of the first nothing is credited");
    assert_eq!(fixture.harness.status(fixture.merchant, one).await, Status::Completed);
    assert_eq!(fixture.harness.status(fixture.merchant, two).await, Status::Returned);
    let [found] = &fixture.exceptions().await[..] else { panic!("not one exception") };
    assert_eq!((found.merchant, found.exception.payout), (Some(fixture.merchant), Some(one)));
    assert_eq!(found.exception.kind, ExceptionKind::ReturnOtherAmount);
    assert_eq!(found.exception.stated.amount_paise, Some(1));
    assert_eq!(found.exception.expected.utr, Some(utr(one)));
    assert_eq!(fixture.verified().await, ["open_exception"]);
    assert_eq!(fixture.cursor().await.as_deref(), Some("2"));
}

async fn a_return_under_another_utr_credits_nothing(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    // The other payout's.
    fixture.list([returned(1, &one.reference(), 60_000, &utr(two))]).await;
    assert_eq!(fixture.available().await, 80_000);
    assert_eq!(fixture.kinds().await, [ExceptionKind::ReturnOtherUtr]);
}

async fn a_second_return_credits_nothing(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, _] = fixture.payouts;
    let row = |number| returned(number, &one.reference(), 60_000, &utr(one));
    fixture.list([row(1)]).await;
    assert_eq!(fixture.available().await, 140_000);
    fixture.list([row(2)]).await;
    assert_eq!(fixture.available().await, 140_000);
    assert_eq!(fixture.kinds().await, [ExceptionKind::ReturnAgain]);
}

async fn a_return_of_an_unknown_payout_is_an_exception(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let unknown = PayoutId(uuid::Uuid::max()).reference();
    fixture.list([returned(1, "SOMEBODY-ELSES", 5, "U1"), returned(2, &unknown, 6, "U2")]).await;
    assert_eq!(fixture.kinds().await, [ExceptionKind::ReturnUnknownReference; 2]);
    assert!(fixture.exceptions().await.iter().all(|line| line.merchant.is_none()));
    assert_eq!(fixture.verified().await, ["open_exception"; 2]);
    // An operator resolved them: this is recorded, and `verify` finds no difference.
    for line in fixture.exceptions().await {
        resolve(&fixture.harness, &line).await;
    }
    assert_eq!(fixture.verified().await, [""; 0]);
}

pub async fn resolve(harness: &Harness<'_>, line: &ExceptionLine) {
    let (at, id) = (jiff::Timestamp::UNIX_EPOCH, line.exception.id);
    let (by, reason) = ("Ana".to_owned(), "the bank corrected its list".to_owned());
    let done = OperatorAction {
        id: uuid::Uuid::now_v7(),
        at,
        merchant: line.merchant,
        operator: by.clone(),
        action: OperatorActionKind::ResolvedException,
        subject: Some(id.to_string()),
        reason: Some(reason.clone()),
        detail: None,
    };
    assert!(harness.store.resolve_exception(id, &Resolution { at, by, reason }, &done).await.unwrap());
}

async fn two_workers_that_read_one_list_make_one_exception(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    let rows = [returned(1, &one.reference(), 59_999, &utr(one)), returned(2, &two.reference(), 60_000, &utr(two))];
    fixture.rows.lock().unwrap().extend(rows);
    let (a, b) = (fixture.harness.worker("w1"), fixture.harness.worker_elsewhere("w2").await);
    let (a, b) = tokio::join!(a.round(), b.round());
    assert_eq!((a.unwrap(), b.unwrap()), (0, 0));
    assert_eq!((fixture.available().await, fixture.kinds().await.len()), (140_000, 1));
}

async fn a_return_of_a_payout_in_doubt_delays_no_other_and_is_not_fetched_again(world: World) {
    let is_up = Arc::new(AtomicBool::new(false));
    let rows = Rows::default();
    let (up, list) = (is_up.clone(), rows.clone());
    let bank = FakeBank::open(move |method, path, query| match (method, path) {
        ("GET", "/v1/returns") => page("returns", query, &list.lock().unwrap()),
        _ if !up.load(Ordering::SeqCst) => (503, "text/plain", "later".to_owned()),
        _ => paid("UTR-$reference"),
    })
    .await;
    let harness = Harness::start_without_bank(&world, bank.url.clone()).await;
    let merchant = harness.merchant(10_000).await;
    let doubtful = harness.pay(merchant, 1_000, "demo-success").await;
    let worker = harness.worker("w1");
    worker.round().await.unwrap();
    is_up.store(true, Ordering::SeqCst);
    let other = harness.pay(merchant, 2_000, "demo-success").await;
    *rows.lock().unwrap() = vec![
        returned(1, &doubtful.reference(), 1_000, &utr(doubtful)),
        returned(2, &other.reference(), 2_000, &utr(other)),
    ];
    worker.round().await.unwrap();
    assert_eq!(harness.status(merchant, doubtful).await, Status::Processing);
    assert_eq!(harness.status(merchant, other).await, Status::Returned, "what comes after it is not held up");
    assert_eq!(harness.store.setting(RETURNS_CURSOR).await.unwrap().as_deref(), Some("2"), "the cursor has passed it");
    let [waiting] = &harness.store.waiting_returns(10).await.unwrap()[..] else { panic!("not one is set aside") };
    assert_eq!((waiting.payout, waiting.waits_for.as_str(), waiting.tries), (doubtful, "the payout is processing", 1));
    assert_eq!(verified(&harness).await, [""; 0], "it is on its way");
    // It is retried from its stored row, with growing waits; its line is not read again.
    let mut waits = Vec::new();
    while harness.status(merchant, doubtful).await == Status::Processing {
        let waiting = harness.store.waiting_returns(10).await.unwrap().remove(0);
        let now = payrail::clock::Clock::Manual(harness.clock.clone()).now();
        waits.push(waiting.next_try_at.duration_since(now));
        harness.clock.advance(waiting.next_try_at.duration_since(now));
        worker.round().await.unwrap();
    }
    assert!(waits.len() >= 2 && waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    rows.lock().unwrap().clear();
    harness.clock.advance(seconds(700));
    worker.round().await.unwrap();
    assert_eq!(harness.status(merchant, doubtful).await, Status::Returned);
    assert_eq!(harness.balances(merchant).await, (10_000, 0));
    assert!(harness.store.waiting_returns(10).await.unwrap().is_empty());
    assert!(exceptions(&harness).await.is_empty());
}

async fn a_return_without_room_waits_for_it(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    let room = i64::MAX - 80_000;
    let fund = payrail_core::command::Action::Fund {
        key: payrail_core::idempotency::IdempotencyKey(crate::support::key()),
        amount: crate::harness::paise(room),
        description: "all there is".to_owned(),
        by: None,
    };
    fixture.harness.send(fixture.merchant, fund).await.unwrap();
    fixture.list([returned(1, &one.reference(), 60_000, &utr(one)), returned(2, &two.reference(), 1, &utr(two))]).await;
    assert_eq!(fixture.available().await, i64::MAX);
    let waiting = fixture.harness.store.waiting_returns(10).await.unwrap();
    assert_eq!(waiting.iter().map(|waiting| waiting.payout).collect::<Vec<_>>(), [one]);
    assert!(waiting[0].waits_for.contains("64 bits"), "{}", waiting[0].waits_for);
    fixture.harness.pay(fixture.merchant, 100_000, "demo-success").await;
    fixture.harness.clock.advance(seconds(10));
    fixture.round().await;
    fixture.harness.clock.advance(seconds(10));
    fixture.round().await;
    assert_eq!(fixture.harness.status(fixture.merchant, one).await, Status::Returned);
}

/// A bank that pays everything under one UTR.
async fn one_utr(world: &World) -> (FakeBank, Harness<'_>) {
    let bank = FakeBank::open(|method, path, query| match (method, path) {
        ("GET", "/v1/returns") => page("returns", query, &[]),
        _ => paid("U1"),
    })
    .await;
    let harness = Harness::start_without_bank(world, bank.url.clone()).await;
    (bank, harness)
}

async fn two_payouts_under_one_utr_are_reported(world: World) {
    let (_bank, harness) = one_utr(&world).await;
    let [one, two] = [harness.merchant(1_000).await, harness.merchant(1_000).await];
    let first = harness.pay(one, 600, "demo-success").await;
    harness.worker("w1").round().await.unwrap();
    let second = harness.pay(two, 700, "demo-success").await;
    harness.worker("w1").round().await.unwrap();
    assert_eq!(harness.status(two, second).await, Status::Completed, "the bank's answer about it is definite");
    assert_eq!(harness.balances(two).await, (300, 0));
    let [found] = &exceptions(&harness).await[..] else { panic!("not one exception") };
    assert_eq!((found.exception.kind, found.merchant), (ExceptionKind::DuplicateUtr, Some(two)));
    assert_eq!((found.exception.payout, found.exception.other_payout), (Some(second), Some(first)));
    assert_eq!(verified(&harness).await, ["open_exception"]);
}

/// Like two lanes that do not see each other's transaction.
async fn a_race_under_one_utr_is_found_by_verify(world: World) {
    let fixture = Fixture::set_up(&world).await;
    assert_eq!(fixture.verified().await, [""; 0]);
    let mut sql = crate::sabotage::unprotected(&world).await;
    crate::sabotage::alter_payout(&mut sql, fixture.payouts[1], &format!("utr = '{}'", utr(fixture.payouts[0]))).await;
    assert_eq!(fixture.verified().await, ["duplicate_utr"]);
}

/// The books of a version that credited every line of the list.
async fn an_earlier_versions_credit_without_its_line_is_reported(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    fixture
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
        let rail = fixture.harness.rail(crate::harness::PATIENCE);
        let report = payrail::verify::verify(&fixture.harness.store, Some(&rail), |_| {}).await.unwrap();
        let about_returns = ["credited_otherwise", "returned_again", "return_unaccounted", "returned_there_only"];
        let differences = report.differences.iter().map(|difference| difference.kind.as_str());
        differences.filter(|kind| about_returns.contains(kind)).collect::<Vec<_>>()
    };
    assert_eq!(against_the_list().await, [""; 0], "old books whose list agrees are clean");
    fixture.harness.store.put_setting(RETURNS_CURSOR, "3").await.unwrap();
    *fixture.rows.lock().unwrap() = list(1, 3);
    assert_eq!(against_the_list().await, ["credited_otherwise", "returned_again"]);
    *fixture.rows.lock().unwrap() = vec![returned(1, "SOMEBODY-ELSES", 5, "U1")];
    assert_eq!(against_the_list().await, ["return_unaccounted"]);
}
