//! Operators' decisions are recorded in the append-only audit log, and end a doubt once.

use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::payout::{State, Status, Verdict};
use payrail_store::{OperatorAction, StoreError};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::operator::OperatorActionKind;
use uuid::Uuid;

use crate::append_only::refused_without_a_trace;
use crate::world::{
    World, ask, at, claim, decide, decided_paid, fresh_key, merchant, no_answer, paid, refused, report, slow_clock,
};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    a_decision_settles_or_refunds_and_is_read_back,
    a_requested_enquiry_is_due_at_once,
    only_a_doubt_that_no_worker_holds_is_decided,
    of_two_actions_on_one_doubt_at_once_one_counts,
    no_row_of_the_audit_log_is_changed_or_removed,
    no_second_decision_enters_the_audit_log,
    a_decision_is_about_a_payout_and_says_why,
    rows_without_a_merchant_have_the_nil_id,
);
on_sqlite_only!(no_row_of_the_audit_log_is_replaced);

async fn doubtful(world: &World) -> PayoutId {
    world.fund(merchant(0), 1_000).await;
    world.ended(merchant(0), 1_000, no_answer()).await
}

async fn deeds(raw: &mut Raw, payout: PayoutId) -> Vec<String> {
    raw.texts(&format!(
        "SELECT operator || ' ' || action || ' ' || coalesce(reason, '-') || ' ' || coalesce(detail, '-') \
         FROM operator_actions WHERE subject = '{payout}' ORDER BY at"
    ))
    .await
}

async fn a_decision_settles_or_refunds_and_is_read_back(world: World) {
    let mut raw = world.raw().await;
    for (verdict, status, more, row) in [
        (decided_paid(), Status::Completed, 0, "Ana decided_paid letter of the bank UTR UTR7"),
        (Verdict::NotPaid, Status::Failed, 1_000, "Ana decided_not_paid letter of the bank -"),
    ] {
        let payout = doubtful(&world).await;
        let (available, held) = world.balances(merchant(0)).await;
        let decided = world.stored(world.one(merchant(0), decide(payout, verdict), at(2)).await).await;
        assert_eq!((decided.status(), decided.due_at(), decided.is_in_doubt()), (status, None, false));
        assert_eq!(world.balances(merchant(0)).await, (available + more, held - 1_000));
        assert_eq!(deeds(&mut raw, payout).await, [row]);
        assert_eq!(world.store.attempts(merchant(0), payout).await.unwrap().len(), 1, "no call is made up");
        assert!(!world.store.due(at(1_000_000), 100).await.unwrap().contains(&(merchant(0), payout)));
        assert!(world.store.doubtful(100).await.unwrap().is_empty());
    }
}

async fn a_requested_enquiry_is_due_at_once(world: World) {
    let payout = doubtful(&world).await;
    assert_eq!(world.store.due(at(1), 10).await.unwrap(), []);
    let asked = world.stored(world.one(merchant(0), ask(payout), at(1)).await).await;
    assert_eq!(asked.due_at(), Some(at(1)));
    assert_eq!(world.store.due(at(1), 10).await.unwrap(), [(merchant(0), payout)]);
    assert_eq!(deeds(&mut world.raw().await, payout).await, ["Ana asked_bank - next step: enquire"]);
}

async fn only_a_doubt_that_no_worker_holds_is_decided(world: World) {
    let payout = doubtful(&world).await;
    world.claim(merchant(0), payout, at(60)).await;
    world.fund(merchant(0), 1).await;
    let ended = world.ended(merchant(0), 1, paid()).await;
    for (of, refusal) in [(payout, Refusal::Held), (ended, Refusal::NotInDoubt(Status::Completed))] {
        for action in [ask(of), decide(of, decided_paid()), decide(of, Verdict::NotPaid)] {
            assert_eq!(world.one(merchant(0), action, at(61)).await, Err(refusal.clone()));
        }
    }
    assert_eq!(world.raw().await.count("operator_actions").await, 0);
    world.report(merchant(0), payout, 2, no_answer(), at(62)).await.unwrap();
    world.one(merchant(0), decide(payout, Verdict::NotPaid), at(63)).await.unwrap();
}

/// Two operators, and a worker that claims, each in a process of its own.
async fn of_two_actions_on_one_doubt_at_once_one_counts(world: World) {
    for _ in 0..10 {
        let payout = doubtful(&world).await;
        let mut racing = Vec::new();
        for action in [decide(payout, decided_paid()), decide(payout, Verdict::NotPaid), claim(payout, "worker-2")] {
            let (store, rules) = (world.second_store().await, world.rules);
            racing.push(tokio::spawn(async move {
                let batch = [Command { merchant: merchant(0), action }];
                // Late enough for the claim to be due.
                let now = || slow_clock() + jiff::SignedDuration::from_hours(1);
                store.execute(&batch, &rules, &now).await.unwrap().remove(0)
            }));
        }
        let mut won = Vec::new();
        for task in racing {
            won.extend(task.await.unwrap().ok());
        }
        let [reply] = &won[..] else { panic!("not one of three: {won:#?}") };
        let stored = world.store.payout(merchant(0), payout).await.unwrap().unwrap();
        let (Reply::Updated(told) | Reply::Claimed { payout: told, .. }) = reply else { panic!("{reply:?}") };
        assert_eq!(&stored, told);
        let rows = deeds(&mut world.raw().await, payout).await.len();
        assert_eq!(rows, usize::from(!matches!(stored.state, State::Processing(_))));
        if let Reply::Claimed { attempt, .. } = reply {
            let end = report(payout, attempt.number, refused());
            world.one(merchant(0), end, at(7_200)).await.unwrap();
        }
        assert_eq!(world.balances(merchant(0)).await.1, 0);
    }
}

/// One of each kind, and one without an operator.
async fn log(world: &World) -> PayoutId {
    let payout = doubtful(world).await;
    world.one(merchant(0), ask(payout), at(1)).await.unwrap();
    world.one(merchant(0), decide(payout, decided_paid()), at(2)).await.unwrap();
    world.store.add_action(&signed_in(fresh_key().0)).await.unwrap();
    payout
}

fn signed_in(id: Uuid) -> OperatorAction {
    let (operator, action) = ("Ana".to_owned(), OperatorActionKind::SignedIn);
    OperatorAction { id, at: at(3), merchant: None, operator, action, subject: None, reason: None, detail: None }
}

async fn no_row_of_the_audit_log_is_changed_or_removed(world: World) {
    log(&world).await;
    let mut statements: Vec<_> = [
        "bucket = bucket + 1",
        "at = at",
        "operator = 'Bela'",
        "action = 'decided_not_paid'",
        "subject = NULL",
        "reason = 'another'",
        "detail = 'UTR 8'",
    ]
    .iter()
    .map(|change| format!("UPDATE operator_actions SET {change}"))
    .collect();
    let upsert = "INSERT INTO operator_actions SELECT * FROM operator_actions WHERE action = 'asked_bank'";
    statements.push(format!("{upsert} ON CONFLICT (bucket, merchant_id, id) DO UPDATE SET operator = 'Bela'"));
    statements.push("DELETE FROM operator_actions".to_owned());
    statements.push("DELETE FROM operator_actions WHERE action = 'asked_bank'".to_owned());
    if world.is_postgres() {
        statements.push("TRUNCATE operator_actions".to_owned());
        statements.push("TRUNCATE settings, operator_actions CASCADE".to_owned());
        let merge = "MERGE INTO operator_actions a USING merchants m ON m.id = a.merchant_id WHEN MATCHED THEN";
        statements.push(format!("{merge} DELETE"));
        statements.push(format!("{merge} UPDATE SET operator = 'Bela'"));
    }
    refused_without_a_trace(&world, &statements).await;
}

async fn no_row_of_the_audit_log_is_replaced(world: World) {
    let payout = log(&world).await;
    let raw = world.raw().await;
    let mut statements = vec!["UPDATE OR REPLACE operator_actions SET at = 0".to_owned()];
    for verb in ["REPLACE", "INSERT OR REPLACE"] {
        statements.push(format!("{verb} INTO operator_actions SELECT * FROM operator_actions"));
        statements
            .push(format!("{verb} INTO operator_actions {}", decision(&raw, payout, "'decided_not_paid'", "'why'")));
    }
    drop(raw);
    refused_without_a_trace(&world, &statements).await;
}

/// The values of a row that tells of a decision.
fn decision(raw: &Raw, payout: PayoutId, action: &str, reason: &str) -> String {
    let (who, id, now) = (raw.id(merchant(0).0), raw.id(fresh_key().0), raw.at(at(9)));
    let bucket = merchant(0).bucket().get();
    format!("VALUES ({bucket}, {who}, {id}, {now}, 'Bela', {action}, '{payout}', {reason}, NULL)")
}

async fn no_second_decision_enters_the_audit_log(world: World) {
    let payout = log(&world).await;
    let mut raw = world.raw().await;
    for action in ["'decided_paid'", "'decided_not_paid'"] {
        let insert = format!("INSERT INTO operator_actions {}", decision(&raw, payout, action, "'why'"));
        raw.refuses(&insert).await;
        if let Raw::Sqlite(_) = raw {
            raw.refuses(&insert.replacen("INSERT", "INSERT OR REPLACE", 1)).await;
        }
    }
    // Actions other than decisions may be repeated.
    let again = decision(&raw, payout, "'asked_bank'", "NULL");
    assert_eq!(raw.exec(&format!("INSERT INTO operator_actions {again}")).await, 1);
}

async fn a_decision_is_about_a_payout_and_says_why(world: World) {
    let payout = doubtful(&world).await;
    let mut raw = world.raw().await;
    for reason in ["NULL", "''"] {
        for action in ["'decided_paid'", "'decided_not_paid'"] {
            let row = decision(&raw, payout, action, reason);
            raw.refuses(&format!("INSERT INTO operator_actions {row}")).await;
        }
    }
    let of_nothing = decision(&raw, payout, "'decided_paid'", "'why'").replace(&format!("'{payout}'"), "NULL");
    raw.refuses(&format!("INSERT INTO operator_actions {of_nothing}")).await;
    // The engine cannot either: the decision and its row are one transaction.
    let mut wordless = decide(payout, Verdict::NotPaid);
    if let Action::Decide { reason, .. } = &mut wordless {
        reason.clear();
    }
    let batch = [Command { merchant: merchant(0), action: wordless }];
    assert!(matches!(world.run(&batch, at(1)).await, Err(StoreError::Refused(_))));
    let stored = world.store.payout(merchant(0), payout).await.unwrap().unwrap();
    assert!(stored.is_in_doubt());
}

async fn rows_without_a_merchant_have_the_nil_id(world: World) {
    let mut raw = Raw::connect(&world.database.url).await;
    let id = fresh_key().0;
    world.store.add_action(&signed_in(id)).await.unwrap();
    let nobody = MerchantId(Uuid::nil());
    let found = format!(
        "SELECT operator || ' ' || action FROM operator_actions WHERE {} AND id = {}",
        raw.of(nobody),
        raw.id(id)
    );
    assert_eq!(raw.texts(&found).await, ["Ana signed_in"]);
    // The same row again is a forgery or a mistake.
    assert!(matches!(world.store.add_action(&signed_in(id)).await, Err(StoreError::Refused(_))));
    let of_somebody = OperatorAction { merchant: Some(merchant(1)), ..signed_in(id) };
    world.store.add_action(&of_somebody).await.unwrap();
    let mut raw = world.raw().await;
    assert_eq!(raw.texts(&found.replace(&raw.of(nobody), &raw.of(merchant(1)))).await, ["Ana signed_in"]);
}
