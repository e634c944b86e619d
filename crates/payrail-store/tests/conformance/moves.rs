//! Only legal moves: the database refuses every transition that the core's table does not have.

use payrail_core::payout::Status;
use payrail_types::ids::PayoutId;
use payrail_types::word::Word;

use crate::world::{World, at, fresh_id, merchant, no_answer, paid};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    of_36_transitions_only_the_legal_ones_are_accepted,
    a_payout_begins_as_pending,
    what_a_payout_is_for_never_changes,
    no_status_comes_without_its_evidence,
    no_payout_is_removed,
    an_attempt_ends_once_and_stays,
);
on_sqlite_only!(nothing_is_replaced);

/// The columns that go with the status, so that legality alone decides. No call was ever made: that
/// is the one evidence of `cancelled` that cannot be put back.
fn columns(raw: &Raw, status: Status) -> String {
    let (step, due, utr, reason) = match status {
        Status::Pending => ("NULL", true, "NULL", "NULL"),
        Status::Processing => ("'submit'", true, "NULL", "NULL"),
        Status::Completed => ("NULL", false, "'UTR1'", "NULL"),
        Status::Failed => ("NULL", false, "NULL", "'why'"),
        Status::Cancelled => ("NULL", false, "NULL", "NULL"),
        Status::Returned => ("NULL", false, "'UTR1'", "'why'"),
    };
    let due = if due { raw.at(at(0)) } else { "NULL".to_owned() };
    format!("status = '{}', step = {step}, due_at = {due}, utr = {utr}, reason = {reason}", status.as_str())
}

/// The legal transitions that lead to a status.
fn way(status: Status) -> &'static [Status] {
    match status {
        Status::Pending => &[],
        Status::Processing => &[Status::Processing],
        Status::Completed => &[Status::Processing, Status::Completed],
        Status::Failed => &[Status::Processing, Status::Failed],
        Status::Cancelled => &[Status::Cancelled],
        Status::Returned => &[Status::Processing, Status::Completed, Status::Returned],
    }
}

fn step(raw: &Raw, payout: PayoutId, to: Status) -> String {
    format!("UPDATE payouts SET {} WHERE {}", columns(raw, to), raw.payout(merchant(0), payout))
}

async fn payout_in(world: &World, raw: &mut Raw, status: Status) -> PayoutId {
    let payout = world.payout(merchant(0), 1).await;
    for next in way(status) {
        assert_eq!(raw.exec(&step(raw, payout, *next)).await, 1);
    }
    payout
}

/// Without the rules that tie a status to the ledger and to the payout's history (`rules.rs` attacks those).
async fn legality_alone(world: &World) -> Raw {
    let mut raw = world.raw().await;
    let rules: &[&str] = match raw {
        Raw::Postgres(_) => &[
            "DROP TRIGGER payouts_held ON payouts",
            "DROP TRIGGER payouts_ended ON payouts",
            "ALTER TABLE payouts DROP CONSTRAINT payouts_possible",
        ],
        Raw::Sqlite(_) => &[
            "DROP TRIGGER payouts_held",
            "DROP TRIGGER payouts_ended",
            "DROP TRIGGER payouts_possible",
            "DROP TRIGGER payouts_possible_still",
        ],
    };
    for rule in rules {
        raw.exec(rule).await;
    }
    raw
}

async fn of_36_transitions_only_the_legal_ones_are_accepted(world: World) {
    world.fund(merchant(0), 1_000).await;
    let mut raw = legality_alone(&world).await;
    let mut illegal = Vec::new();
    for from in Status::all() {
        for to in Status::all() {
            let payout = payout_in(&world, &mut raw, from).await;
            let statement = step(&raw, payout, to);
            if from.transition(to).is_some() {
                assert_eq!(raw.exec(&statement).await, 1, "{from:?} to {to:?}");
            } else {
                println!("{from:?} to {to:?}");
                raw.refuses(&statement).await;
                illegal.push(statement);
            }
        }
    }
    assert_eq!(illegal.len(), 29);
    // The table of transitions refused them: without it all are accepted.
    let on = if world.is_postgres() { " ON payouts" } else { "" };
    raw.exec(&format!("DROP TRIGGER payouts_legal_steps{on}")).await;
    for statement in illegal {
        assert_eq!(raw.exec(&statement).await, 1);
    }
}

async fn a_payout_begins_as_pending(world: World) {
    let mut raw = legality_alone(&world).await;
    for status in Status::all() {
        let id = fresh_id(merchant(0));
        let columns = columns(&raw, status).replace("status = ", "").replace("step = ", "");
        let values = columns.replace("due_at = ", "").replace("utr = ", "").replace("reason = ", "");
        let (bucket, owner, now) = (merchant(0).bucket().get(), raw.id(merchant(0).0), raw.at(at(1)));
        let insert = format!(
            "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, submissions, attempts, unanswered, \
             created_at, updated_at, status, step, due_at, utr, reason) \
             VALUES ({bucket}, {owner}, {}, 1, 'a', 0, 0, 0, {now}, {now}, {values})",
            raw.id(id.0)
        );
        match status {
            Status::Pending => assert_eq!(raw.exec(&insert).await, 1),
            _ => raw.refuses(&insert).await,
        }
    }
}

async fn what_a_payout_is_for_never_changes(world: World) {
    world.fund(merchant(0), 1_000).await;
    let payout = world.payout(merchant(0), 1).await;
    world.claim(merchant(0), payout, at(0)).await;
    let mut raw = world.raw().await;
    let row = raw.payout(merchant(0), payout);
    let (id, later) = (raw.id(fresh_id(merchant(0)).0), raw.at(at(9)));
    for change in [
        "amount_paise = 2",
        "bank_account_id = 'mine'",
        &format!("id = {id}"),
        &format!("merchant_id = {}", raw.id(merchant(1).0)),
        "bucket = 255 - bucket",
        &format!("created_at = {later}"),
        "attempts = attempts - 1",
    ] {
        raw.refuses(&format!("UPDATE payouts SET {change} WHERE {row}")).await;
    }
    // Processing may step to processing, so it was the change that was refused.
    assert_eq!(raw.exec(&format!("UPDATE payouts SET updated_at = {later} WHERE {row}")).await, 1);
}

async fn no_status_comes_without_its_evidence(world: World) {
    world.fund(merchant(0), 1_000).await;
    let payout = world.payout(merchant(0), 1).await;
    world.claim(merchant(0), payout, at(0)).await;
    let mut raw = world.raw().await;
    let row = raw.payout(merchant(0), payout);
    let since = raw.at(at(0));
    for change in [
        "status = 'completed', due_at = NULL, utr = NULL",
        "status = 'completed', utr = 'UTR1'", // still due
        "status = 'failed', due_at = NULL, reason = NULL",
        "status = 'failed', reason = 'why'",
        "due_at = NULL",
        "step = NULL",
        "step = 'pray'",
        "submissions = -1",
        &format!("doubt_since = {since}"),
        "doubt_reason = 'why'",
    ] {
        raw.refuses(&format!("UPDATE payouts SET {change} WHERE {row}")).await;
    }
    raw.exec(&format!("UPDATE payouts SET doubt_since = {since}, doubt_reason = 'why' WHERE {row}")).await;
}

async fn no_payout_is_removed(world: World) {
    world.fund(merchant(0), 1_000).await;
    let payout = world.ended(merchant(0), 1, paid()).await;
    let mut raw = world.raw().await;
    raw.refuses(&format!("DELETE FROM payouts WHERE {}", raw.payout(merchant(0), payout))).await;
    if world.is_postgres() {
        raw.refuses("TRUNCATE payouts").await;
        raw.refuses("TRUNCATE payouts CASCADE").await;
    }
    assert_eq!(raw.count("payouts").await, 1);
}

/// Attempt 1 has ended, attempt 2 is open.
async fn attempts(world: &World) -> Raw {
    world.fund(merchant(0), 1_000).await;
    let payout = world.ended(merchant(0), 1, no_answer()).await;
    assert_eq!(world.claim(merchant(0), payout, at(60)).await.number, 2);
    world.raw().await
}

async fn an_attempt_ends_once_and_stays(world: World) {
    let mut raw = attempts(&world).await;
    for change in ["outcome = 'paid'", "outcome = NULL", "received = 'lies'", "number = 3", "worker = 'me'"] {
        raw.refuses(&format!("UPDATE attempts SET {change} WHERE number = 1")).await;
    }
    // The open one may end, and that is all.
    let payout = raw.id(fresh_id(merchant(0)).0);
    for change in ["number = 3", "step = 'submit'", "worker = 'me'", &format!("payout_id = {payout}")] {
        raw.refuses(&format!("UPDATE attempts SET {change} WHERE number = 2")).await;
    }
    raw.refuses("DELETE FROM attempts WHERE number = 1").await;
    raw.refuses("DELETE FROM attempts WHERE number = 2").await;
    if world.is_postgres() {
        raw.refuses("TRUNCATE attempts").await;
    }
    let end = "outcome = 'paid', ended_at = started_at, sent = 'sent', received = 'received'";
    assert_eq!(raw.exec(&format!("UPDATE attempts SET {end} WHERE number = 2")).await, 1);
    raw.refuses("UPDATE attempts SET outcome = 'refused' WHERE number = 2").await;
}

/// REPLACE fires no DELETE trigger unless configured to.
async fn nothing_is_replaced(world: World) {
    let mut raw = attempts(&world).await;
    for recursive in ["OFF", "ON"] {
        raw.exec(&format!("PRAGMA recursive_triggers = {recursive}")).await;
        raw.refuses("INSERT OR REPLACE INTO payouts SELECT * FROM payouts").await;
        raw.refuses("INSERT OR REPLACE INTO attempts SELECT * FROM attempts WHERE number = 1").await;
        raw.refuses("UPDATE OR REPLACE attempts SET number = 1 WHERE number = 2").await;
        assert_eq!(raw.count("attempts").await, 2);
    }
}
