//! All or nothing: payout, hold, record and event are one transaction, and so are transition, movement, attempt and
//! event. A failure anywhere leaves no trace.

use jiff::Timestamp;
use payrail_core::command::{Action, Command};
use payrail_core::payout::Verdict;
use payrail_store::StoreError;
use payrail_types::ids::PayoutId;

use crate::dump::Dump;
use crate::world::{
    World, ask, at, claim, create, decide, decided_paid, fresh_id, fresh_key, fund, merchant, no_answer, paid, refused,
    report,
};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    a_create_that_fails_anywhere_leaves_no_trace,
    a_claim_that_fails_anywhere_leaves_no_trace,
    a_report_that_fails_anywhere_leaves_no_trace,
    a_decision_that_fails_anywhere_leaves_no_trace,
    one_broken_command_fails_the_batch,
    a_row_that_does_not_arrive_rolls_the_batch_back,
    a_refused_commit_is_known_to_have_written_nothing,
);

fn command(action: Action) -> Command {
    Command { merchant: merchant(0), action }
}

/// From now on the table refuses every row.
async fn plant(raw: &mut Raw, table: &str) {
    match raw {
        Raw::Postgres(_) => {
            raw.exec(&format!(
                "CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse('planted')"
            ))
            .await;
        }
        Raw::Sqlite(_) => {
            for (name, moment) in [("planted", "INSERT"), ("planted_too", "UPDATE")] {
                let body = "BEGIN SELECT RAISE(ABORT, 'planted'); END";
                raw.exec(&format!("CREATE TRIGGER {name} BEFORE {moment} ON {table} {body}")).await;
            }
        }
    }
}

async fn weed(raw: &mut Raw, table: &str) {
    match raw {
        Raw::Postgres(_) => raw.exec(&format!("DROP TRIGGER planted ON {table}")).await,
        Raw::Sqlite(_) => raw.exec("DROP TRIGGER planted; DROP TRIGGER planted_too").await,
    };
}

/// The batch fails in each of the tables in turn, and succeeds once none refuses it.
async fn fails_without_a_trace(world: &World, tables: &[&str], batch: &[Command], now: Timestamp) {
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    for table in tables {
        plant(&mut raw, table).await;
        let error = world.run(batch, now).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused(why) if why.contains("planted")), "{table}: {error:?}");
        weed(&mut raw, table).await;
        assert_eq!(Dump::of(&mut raw).await, before, "{table}");
    }
    let replies = world.run(batch, now).await.unwrap();
    assert!(replies.iter().all(Result::is_ok), "{replies:?}");
    let after = Dump::of(&mut raw).await;
    for table in tables {
        assert_ne!(after.0[table], before.0[table], "{table} is not written, so nothing was tried above");
    }
}

async fn a_create_that_fails_anywhere_leaves_no_trace(world: World) {
    world.fund(merchant(0), 10_000).await;
    let batch: Vec<_> = (0..3).map(|_| command(create(fresh_id(merchant(0)), fresh_key(), 1_000))).collect();
    let tables = ["ledger_entries", "payouts", "idempotency_records", "outbox"];
    fails_without_a_trace(&world, &tables, &batch, at(1)).await;
}

async fn a_claim_that_fails_anywhere_leaves_no_trace(world: World) {
    world.fund(merchant(0), 10_000).await;
    let payout = world.payout(merchant(0), 1_000).await;
    fails_without_a_trace(&world, &["payouts", "attempts", "outbox"], &[command(claim(payout, "w"))], at(1)).await;
}

async fn a_report_that_fails_anywhere_leaves_no_trace(world: World) {
    world.fund(merchant(0), 10_000).await;
    for answer in [paid(), refused()] {
        let payout = world.payout(merchant(0), 1_000).await;
        let number = world.claim(merchant(0), payout, at(1)).await.number;
        let tables = ["ledger_entries", "payouts", "attempts", "outbox"];
        fails_without_a_trace(&world, &tables, &[command(report(payout, number, answer))], at(2)).await;
    }
}

async fn a_decision_that_fails_anywhere_leaves_no_trace(world: World) {
    world.fund(merchant(0), 10_000).await;
    for verdict in [decided_paid(), Verdict::NotPaid] {
        let payout = world.ended(merchant(0), 1_000, no_answer()).await;
        fails_without_a_trace(&world, &["payouts", "operator_actions"], &[command(ask(payout))], at(2)).await;
        let tables = ["ledger_entries", "payouts", "outbox", "operator_actions"];
        fails_without_a_trace(&world, &tables, &[command(decide(payout, verdict))], at(3)).await;
    }
}

/// A payout id that already exists is a conflict that the core cannot see.
async fn one_broken_command_fails_the_batch(world: World) {
    world.fund(merchant(0), 10_000).await;
    let taken: PayoutId = world.payout(merchant(0), 1_000).await;
    let other = Command { merchant: merchant(1), action: fund(fresh_key(), 100) };
    let good = command(create(fresh_id(merchant(0)), fresh_key(), 1_000));
    let broken = command(create(taken, fresh_key(), 1_000));
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    for batch in [vec![other.clone(), good.clone(), broken.clone()], vec![broken, other.clone(), good.clone()]] {
        let error = world.run(&batch, at(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        assert_eq!(Dump::of(&mut raw).await, before);
    }
    // Cut in two, the batch succeeds.
    assert!(world.run(&[other, good], at(1)).await.unwrap().iter().all(Result::is_ok));
}

/// The database skips the row without an error: only the row count shows it.
async fn a_row_that_does_not_arrive_rolls_the_batch_back(world: World) {
    world.fund(merchant(0), 10_000).await;
    let payout = world.payout(merchant(0), 1_000).await;
    let mut raw = world.raw().await;
    // A schema rule would refuse the attempt of a payout without its transition, before rows are counted.
    raw.exec(if world.is_postgres() { "DROP TRIGGER attempts_tied ON attempts" } else { "DROP TRIGGER attempts_tied" })
        .await;
    let before = Dump::of(&mut raw).await;
    for (table, moment) in [("payouts", "UPDATE"), ("attempts", "INSERT"), ("outbox", "INSERT")] {
        let skip = match raw {
            Raw::Postgres(_) => format!("FOR EACH ROW EXECUTE FUNCTION {}", skip_function(&mut raw).await),
            Raw::Sqlite(_) => "BEGIN SELECT RAISE(IGNORE); END".to_owned(),
        };
        raw.exec(&format!("CREATE TRIGGER skips BEFORE {moment} ON {table} {skip}")).await;
        let error = world.run(&[command(claim(payout, "w"))], at(1)).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused(why) if why.contains("0 of 1 rows")), "{table}: {error:?}");
        assert_eq!(Dump::of(&mut raw).await, before);
        let on = if world.is_postgres() { format!(" ON {table}") } else { String::new() };
        raw.exec(&format!("DROP TRIGGER skips{on}")).await;
    }
    world.claim(merchant(0), payout, at(1)).await;
}

async fn skip_function(raw: &mut Raw) -> &'static str {
    let body = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'";
    raw.exec(&format!("CREATE OR REPLACE FUNCTION skip() {body}")).await;
    "skip()"
}

/// The server refuses COMMIT itself. That is a rollback with a known outcome.
async fn a_refused_commit_is_known_to_have_written_nothing(world: World) {
    world.fund(merchant(0), 10_000).await;
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    raw.exec(match raw {
        Raw::Postgres(_) => {
            "CREATE CONSTRAINT TRIGGER planted AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION refuse('planted')"
        }
        Raw::Sqlite(_) => {
            "CREATE TABLE nobody (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES nobody DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER planted AFTER INSERT ON outbox BEGIN INSERT INTO nobody VALUES (1, 2); END"
        }
    })
    .await;
    let wish = command(create(fresh_id(merchant(0)), fresh_key(), 1_000));
    let error = world.run(std::slice::from_ref(&wish), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    assert_eq!(Dump::of(&mut raw).await, before);
    raw.exec(if world.is_postgres() { "DROP TRIGGER planted ON outbox" } else { "DROP TRIGGER planted" }).await;
    // The connection can be used again.
    assert_eq!(world.ask(wish.merchant, wish.action, at(1)).await.status, 201);
}
