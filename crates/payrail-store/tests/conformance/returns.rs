//! Returns and exceptions: a line of the bank's list counts once and credits exactly what was paid. A mismatch is
//! recorded for an operator. The tables enforce this without the store too.

use jiff::SignedDuration;
use payrail_core::bank_return::{Exception, ExceptionKind};
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::payout::{BankAnswer, Status};
use payrail_store::{ActionFilter, ExceptionFilter, ExceptionLine, Position, Resolution, WaitingReturn};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::operator::{OperatorAction, OperatorActionKind};

use crate::append_only::refused_without_a_trace;
use crate::world::{World, at, back, fresh_key, line, merchant, paid, report};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    a_mismatched_return_is_an_exception_and_moves_nothing,
    a_line_read_by_eight_at_once_is_one_exception,
    a_waiting_return_is_kept_tried_again_and_ends_once,
    a_waiting_line_never_replaces_an_ended_one,
    a_utr_that_another_merchants_payout_has_is_an_exception,
    an_exception_without_a_merchant_is_recorded_once,
    an_exception_is_resolved_once_with_its_row_of_the_audit_log,
    exceptions_are_listed_in_pages,
    returns_are_never_changed_or_removed,
    exceptions_are_never_changed_or_removed,
    no_credit_is_forged,
    the_utr_is_found_by_its_index,
);

async fn exceptions(world: &World) -> Vec<ExceptionLine> {
    world.store.exceptions(ExceptionFilter::All, Position::newest(at(1_000_000)), 100).await.unwrap()
}

/// Merchant 0 with 10,000 paise, of which 6,000 were paid under UTR1.
async fn paid_payout(world: &World) -> PayoutId {
    world.fund(merchant(0), 10_000).await;
    world.ended(merchant(0), 6_000, paid()).await
}

fn take(payout: PayoutId, number: i64, paise: i64, utr: &str) -> Action {
    Action::Return { payout, line: line(number, payout, paise, utr) }
}

async fn a_mismatched_return_is_an_exception_and_moves_nothing(world: World) {
    let payout = paid_payout(&world).await;
    let before = world.store.tip(merchant(0)).await.unwrap();
    for (number, paise, utr, kind) in
        [(1, 1, "UTR1", ExceptionKind::ReturnOtherAmount), (2, 6_000, "UTR2", ExceptionKind::ReturnOtherUtr)]
    {
        let id = line(number, payout, paise, utr).id();
        let reply = world.one(merchant(0), take(payout, number, paise, utr), at(number)).await;
        assert_eq!(reply, Ok(Reply::Exception(id)));
        let found = exceptions(&world).await.remove(0);
        assert_eq!((found.merchant, found.resolution), (Some(merchant(0)), None));
        let Exception { kind: is, stated, expected, return_number, .. } = found.exception;
        assert_eq!((is, return_number), (kind, Some(number)));
        assert_eq!((stated.amount_paise, stated.utr.as_deref()), (Some(paise), Some(utr)));
        assert_eq!((expected.amount_paise, expected.utr.as_deref()), (Some(6_000), Some("UTR1")));
        assert_eq!(world.store.tip(merchant(0)).await.unwrap(), before);
    }
    // The right one is still credited, and then no other.
    world.one(merchant(0), take(payout, 3, 6_000, "UTR1"), at(3)).await.unwrap();
    assert_eq!(world.balances(merchant(0)).await, (10_000, 0));
    world.one(merchant(0), take(payout, 4, 6_000, "UTR1"), at(4)).await.unwrap();
    assert_eq!(exceptions(&world).await[0].exception.kind, ExceptionKind::ReturnAgain);
    assert_eq!(world.balances(merchant(0)).await, (10_000, 0));
    assert_eq!(world.store.count_exceptions().await.unwrap().count, 3);
}

async fn a_line_read_by_eight_at_once_is_one_exception(world: World) {
    let payout = paid_payout(&world).await;
    let readers = (0..8).map(|_| {
        let store = world.store.clone();
        let rules = world.rules;
        tokio::spawn(async move {
            let command = Command { merchant: merchant(0), action: take(payout, 1, 1, "UTR1") };
            store.execute(&[command], &rules, &|| at(1)).await
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        let replies = reader.await.unwrap().unwrap();
        assert_eq!(replies, [Ok(Reply::Exception(line(1, payout, 1, "UTR1").id()))]);
    }
    let mut raw = world.raw().await;
    assert_eq!((raw.count("exceptions").await, raw.count("bank_returns").await), (1, 1));
}

fn waiting(payout: PayoutId, paise: i64, tries: u32) -> WaitingReturn {
    WaitingReturn {
        merchant: merchant(0),
        payout,
        line: line(1, payout, paise, "UTR1"),
        waits_for: "the payout is processing".to_owned(),
        tries,
        next_try_at: at(10),
        first_seen_at: at(1),
    }
}

async fn a_waiting_return_is_kept_tried_again_and_ends_once(world: World) {
    world.fund(merchant(0), 10_000).await;
    let payout = world.payout(merchant(0), 6_000).await;
    let number = world.claim(merchant(0), payout, at(0)).await.number;
    let refused = world.one(merchant(0), back(payout, 6_000), at(1)).await;
    assert_eq!(refused, Err(Refusal::NotReturnable(Status::Processing)));
    world.store.set_aside(&waiting(payout, 6_000, 0), at(1)).await.unwrap();
    assert!(world.store.returns_due(at(9), 10).await.unwrap().is_empty(), "it waits");
    assert_eq!(world.store.returns_due(at(10), 10).await.unwrap(), [waiting(payout, 6_000, 1)]);
    let later = WaitingReturn { next_try_at: at(20), ..waiting(payout, 6_000, 1) };
    world.store.set_aside(&later, at(10)).await.unwrap();
    assert_eq!(world.store.waiting_returns(10).await.unwrap(), [WaitingReturn { tries: 2, ..later }]);
    assert_eq!(world.store.count_waiting_returns().await.unwrap().count, 1);

    world.report(merchant(0), payout, number, paid(), at(21)).await.unwrap();
    world.one(merchant(0), back(payout, 6_000), at(22)).await.unwrap();
    assert_eq!(world.balances(merchant(0)).await, (10_000, 0));
    assert!(world.store.waiting_returns(10).await.unwrap().is_empty());
    assert_eq!(world.raw().await.texts("SELECT status FROM bank_returns").await, ["credited"]);
}

/// A slow worker sets aside a line that a quicker one has credited.
async fn a_waiting_line_never_replaces_an_ended_one(world: World) {
    let payout = paid_payout(&world).await;
    world.one(merchant(0), back(payout, 6_000), at(1)).await.unwrap();
    world.store.set_aside(&waiting(payout, 6_000, 0), at(2)).await.unwrap();
    assert_eq!(world.raw().await.texts("SELECT status FROM bank_returns").await, ["credited"]);
    assert!(world.store.waiting_returns(10).await.unwrap().is_empty());
}

async fn a_utr_that_another_merchants_payout_has_is_an_exception(world: World) {
    let first = paid_payout(&world).await;
    world.fund(merchant(1), 100).await;
    let second = world.payout(merchant(1), 100).await;
    let third = world.payout(merchant(0), 100).await;
    for (owner, payout) in [(merchant(1), second), (merchant(0), third)] {
        world.claim(owner, payout, at(0)).await;
    }
    // One before the batch, and each other within it.
    let settle = |owner: MerchantId, payout| Command { merchant: owner, action: report(payout, 1, paid()) };
    let replies = world.run(&[settle(merchant(1), second), settle(merchant(0), third)], at(1)).await.unwrap();
    assert!(
        replies.iter().all(|reply| matches!(reply, Ok(Reply::Updated(payout)) if payout.status() == Status::Completed))
    );
    let mut found: Vec<_> = exceptions(&world).await;
    found.sort_by_key(|line| line.merchant != Some(merchant(1)));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].exception, Exception::duplicate_utr(second, first, &Utr::from_stored("UTR1"), at(1)));
    assert_eq!((found[1].merchant, found[1].exception.payout), (Some(merchant(0)), Some(third)));
    assert_eq!(world.balances(merchant(1)).await, (0, 0), "the settlement went through");
}

fn stranger(detail: &str) -> Exception {
    let line = line(5, PayoutId(merchant(0).0), 7, "UTR5");
    Exception::from_line(&line, ExceptionKind::ReturnUnknownReference, detail.to_owned(), at(1))
}

async fn an_exception_without_a_merchant_is_recorded_once(world: World) {
    for detail in ["the first word", "a second"] {
        world.store.record_exception(&stranger(detail)).await.unwrap();
    }
    let found = exceptions(&world).await;
    assert_eq!(found, [ExceptionLine { merchant: None, exception: stranger("the first word"), resolution: None }]);
    let one = world.store.exception(found[0].exception.id).await.unwrap();
    assert_eq!(one.as_ref(), Some(&found[0]));
}

fn done(merchant: Option<MerchantId>, id: uuid::Uuid) -> OperatorAction {
    OperatorAction {
        id: fresh_key().0,
        at: at(9),
        merchant,
        operator: "Ana".to_owned(),
        action: OperatorActionKind::ResolvedException,
        subject: Some(id.to_string()),
        reason: Some("the bank sent the rest".to_owned()),
        detail: None,
    }
}

async fn an_exception_is_resolved_once_with_its_row_of_the_audit_log(world: World) {
    let payout = paid_payout(&world).await;
    world.one(merchant(0), take(payout, 1, 1, "UTR1"), at(1)).await.unwrap();
    world.store.record_exception(&stranger("unknown")).await.unwrap();
    let resolution = Resolution { at: at(9), by: "Ana".to_owned(), reason: "the bank sent the rest".to_owned() };
    for found in exceptions(&world).await {
        let id = found.exception.id;
        let elsewhere = world.store.resolve_exception(id, &resolution, &done(Some(merchant(1)), id)).await.unwrap();
        assert!(!elsewhere, "it is not another merchant's");
        for is_first in [true, false] {
            let resolved = world.store.resolve_exception(id, &resolution, &done(found.merchant, id)).await.unwrap();
            assert_eq!(resolved, is_first);
        }
        let after = world.store.exception(id).await.unwrap().unwrap();
        assert_eq!(after, ExceptionLine { resolution: Some(resolution.clone()), ..found });
    }
    let log = world.store.search_actions(&ActionFilter::default(), None, 10).await.unwrap();
    assert_eq!(log.items.len(), 2);
    assert_eq!(world.store.count_exceptions().await.unwrap().count, 0);
    assert_eq!(world.balances(merchant(0)).await, (4_000, 0), "to resolve moves no money");
    // The line is as known as before.
    let again = world.one(merchant(0), take(payout, 1, 1, "UTR1"), at(10)).await;
    assert!(matches!(again, Ok(Reply::Exception(_))));
    assert_eq!(world.store.count_exceptions().await.unwrap().count, 0);
}

async fn exceptions_are_listed_in_pages(world: World) {
    let payout = paid_payout(&world).await;
    for number in 1..=5 {
        world.one(merchant(0), take(payout, number, 1, "UTR1"), at(number)).await.unwrap();
    }
    let resolution = Resolution { at: at(9), by: "Ana".to_owned(), reason: "known".to_owned() };
    let second = line(2, payout, 1, "UTR1").id();
    assert!(world.store.resolve_exception(second, &resolution, &done(Some(merchant(0)), second)).await.unwrap());
    for (filter, expected) in [
        (ExceptionFilter::All, vec![5, 4, 3, 2, 1]),
        (ExceptionFilter::Open, vec![5, 4, 3, 1]),
        (ExceptionFilter::Resolved, vec![2]),
    ] {
        let (mut seen, mut before) = (Vec::new(), Position::newest(at(1_000)));
        loop {
            let page = world.store.exceptions(filter, before, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            let Exception { created_at, id, .. } = last.exception;
            before = Position { at: created_at, id, ..before };
            seen.extend(page.iter().filter_map(|line| line.exception.return_number));
        }
        assert_eq!(seen, expected, "{filter:?}");
    }
}

async fn returns_are_never_changed_or_removed(world: World) {
    let payout = paid_payout(&world).await;
    world.one(merchant(0), take(payout, 1, 1, "UTR1"), at(1)).await.unwrap();
    world.one(merchant(0), back(payout, 6_000), at(1)).await.unwrap();
    let waits = world.payout(merchant(0), 100).await;
    world.store.set_aside(&waiting(waits, 100, 0), at(1)).await.unwrap();
    let mut statements: Vec<_> = [
        "amount_paise = amount_paise + 1",
        "utr = 'UTR2'",
        "number = number + 1",
        "reference = 'other'",
        "payout_id = NULL",
        "first_seen_at = updated_at WHERE status <> 'waiting'",
        "status = 'waiting' WHERE status = 'credited'",
        "status = 'credited' WHERE status = 'exception'",
        // Of one that waits for a payout that was not returned.
        "status = 'credited', next_try_at = NULL, waits_for = NULL WHERE status = 'waiting'",
        "next_try_at = NULL WHERE status = 'waiting'",
    ]
    .iter()
    .map(|change| format!("UPDATE bank_returns SET {change}"))
    .collect();
    statements.push("DELETE FROM bank_returns".to_owned());
    if world.is_postgres() {
        statements.push("TRUNCATE bank_returns".to_owned());
    } else {
        let columns = "bucket, merchant_id, id, number, reference, payout_id";
        let rest = "utr, reason, status, waits_for, tries, next_try_at, first_seen_at, updated_at";
        for of in ["credited", "exception", "waiting"] {
            statements.push(format!(
                "INSERT OR REPLACE INTO bank_returns SELECT {columns}, amount_paise + 1, {rest} FROM bank_returns \
                 WHERE status = '{of}'"
            ));
        }
    }
    refused_without_a_trace(&world, &statements).await;
}

async fn exceptions_are_never_changed_or_removed(world: World) {
    let payout = paid_payout(&world).await;
    for number in 1..=2 {
        world.one(merchant(0), take(payout, number, 1, "UTR1"), at(1)).await.unwrap();
    }
    let resolution = Resolution { at: at(9), by: "Ana".to_owned(), reason: "known".to_owned() };
    let first = line(1, payout, 1, "UTR1").id();
    assert!(world.store.resolve_exception(first, &resolution, &done(Some(merchant(0)), first)).await.unwrap());
    let mut statements: Vec<_> = [
        "kind = 'other'",
        "detail = 'nothing'",
        "stated_paise = 6000",
        "payout_id = NULL",
        "resolved_at = NULL, resolved_by = NULL, resolution = NULL WHERE resolved_at IS NOT NULL",
        "resolution = 'another' WHERE resolved_at IS NOT NULL",
        // Without saying by whom and why.
        "resolved_at = created_at WHERE resolved_at IS NULL",
        "resolved_at = created_at, resolved_by = 'Ana', resolution = '' WHERE resolved_at IS NULL",
    ]
    .iter()
    .map(|change| format!("UPDATE exceptions SET {change}"))
    .collect();
    statements.push("DELETE FROM exceptions".to_owned());
    statements.push("DELETE FROM exceptions WHERE resolved_at IS NOT NULL".to_owned());
    if world.is_postgres() {
        statements.push("TRUNCATE exceptions".to_owned());
    } else {
        statements.push("INSERT OR REPLACE INTO exceptions SELECT * FROM exceptions".to_owned());
    }
    refused_without_a_trace(&world, &statements).await;
}

/// Without the store: a line that the bank did not return cannot be recorded as credited.
async fn no_credit_is_forged(world: World) {
    let completed = paid_payout(&world).await;
    let returned = world.ended(merchant(0), 1_000, BankAnswer::Paid { utr: Utr::from_stored("UTR7") }).await;
    world.one(merchant(0), take(returned, 1, 1_000, "UTR7"), at(1)).await.unwrap();
    let raw = world.raw().await;
    let row = |raw: &Raw, payout: PayoutId, paise: i64, utr: &str| {
        let (bucket, owner, now) = (merchant(0).bucket().get(), raw.id(merchant(0).0), raw.at(at(2)));
        format!(
            "INSERT INTO bank_returns (bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, \
             reason, status, tries, first_seen_at, updated_at) VALUES ({bucket}, {owner}, {}, 9, 'PR', {}, {paise}, \
             '{utr}', 'r', 'credited', 0, {now}, {now})",
            raw.id(fresh_key().0),
            raw.id(payout.0)
        )
    };
    let statements = [
        row(&raw, completed, 6_000, "UTR1"),
        row(&raw, returned, 999, "UTR7"),
        row(&raw, returned, 1_000, "UTR1"),
        row(&raw, PayoutId(fresh_key().0), 1, "UTR1"),
        // Right in every fact, and a second time.
        row(&raw, returned, 1_000, "UTR7"),
    ];
    drop(raw);
    refused_without_a_trace(&world, &statements).await;
}

async fn the_utr_is_found_by_its_index(world: World) {
    paid_payout(&world).await;
    let mut raw = world.raw().await;
    if world.is_postgres() {
        // Citus explains in a session of its own, and passes on what a transaction sets.
        for set in ["BEGIN", "SET LOCAL citus.propagate_set_commands = 'local'", "SET LOCAL enable_seqscan = off"] {
            raw.exec(set).await;
        }
    }
    let plan = raw.plan("SELECT id FROM payouts p WHERE p.utr = 'UTR1' AND p.amount_paise <> 7 LIMIT 1").await;
    assert!(plan.iter().any(|step| step.contains("payouts_by_utr")), "{plan:?}");
    let waits =
        raw.plan("SELECT id FROM bank_returns WHERE next_try_at <= (SELECT max(created_at) FROM merchants)").await;
    assert!(waits.iter().any(|step| step.contains("bank_returns_waiting")), "{waits:?}");
    assert_eq!(world.store.returns_due(at(0) + SignedDuration::from_hours(1), 1).await.unwrap(), []);
}
