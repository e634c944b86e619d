//! Given the same histories, both stores and the core alone give the same answers and hold the same rows.

use std::collections::BTreeMap;

use payrail_core::command::{Refusal, Reply};
use payrail_core::payout::Payout;
use payrail_store::{ExceptionFilter, Position};
use payrail_types::operator::OperatorAction;
use payrail_types::word::Word;

use crate::dump::Dump;
use crate::histories::{Model, Scribe, rules};
use crate::world::{MERCHANTS, World, at, merchant};

const BATCHES: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_histories_make_the_same_books() {
    let mut seen = BTreeMap::new();
    for seed in 0..6 {
        println!("seed {seed}");
        play(seed, &mut seen).await;
    }
    // The histories must reach every interesting case.
    let rare: Vec<_> = PLACES.split(", ").filter(|place| seen.get(*place).is_none_or(|times| *times < 4)).collect();
    assert!(rare.is_empty(), "hardly seen: {rare:?} in {seen:#?}");
}

const PLACES: &str = "201, 201 again, 400, 400 again, claimed to submit, claimed to enquire, claimed to close, \
    Processing, Completed, Failed, Cancelled, Returned, \
    UnknownMerchant, UnknownPayout, KeyReused, NotDue, StaleAttempt, NotCancellable, NotReturnable, BalanceTooLarge, \
    Exception, return_other_amount, return_other_utr, return_of_unpaid, return_again, duplicate_utr, \
    NotInDoubt, Held, funded, asked_bank, decided_paid, decided_not_paid";

async fn play(seed: u64, seen: &mut BTreeMap<String, u32>) {
    let (mut sqlite, mut postgres) = (World::sqlite().await, World::postgres().await);
    (sqlite.rules, postgres.rules) = (rules(seed), rules(seed));
    let mut model = Model::new(rules(seed));
    let mut scribe = Scribe::new(seed);
    for number in 0..BATCHES {
        let batch = scribe.batch(&model);
        let expected = model.run(&batch, scribe.now);
        let (a, b) = tokio::join!(sqlite.run(&batch, scribe.now), postgres.run(&batch, scribe.now));
        assert_eq!(a.unwrap(), expected, "SQLite, seed {seed}, batch {number}: {batch:#?}");
        assert_eq!(b.unwrap(), expected, "PostgreSQL, seed {seed}, batch {number}: {batch:#?}");
        for reply in &expected {
            *seen.entry(name(reply)).or_default() += 1;
        }
    }
    for exception in
        sqlite.store.exceptions(ExceptionFilter::All, Position::newest(at(i32::MAX.into())), 100_000).await.unwrap()
    {
        *seen.entry(exception.exception.kind.as_str().to_owned()).or_default() += 1;
    }
    for action in &model.actions {
        *seen.entry(action.action.as_str().to_owned()).or_default() += 1;
    }
    for world in [&sqlite, &postgres] {
        reads_are_the_models(world, &model).await;
    }
    let (a, b) = (Dump::of(&mut sqlite.raw().await).await, Dump::of(&mut postgres.raw().await).await);
    for (table, rows) in &a.0 {
        assert_eq!(rows, &b.0[table], "{table}, seed {seed}");
    }
    assert_eq!(a.0["idempotency_records"], records(&model));
    assert_eq!(a.0["operator_actions"], actions(&model));
}

async fn reads_are_the_models(world: &World, model: &Model) {
    for owner in (0..MERCHANTS).map(merchant) {
        let mut snapshot = world.store.snapshot_of(owner).await.unwrap();
        let book = model.books[&owner].as_ref().expect("a merchant that exists");
        assert_eq!(world.store.tip(owner).await.unwrap(), book.tip);
        let entries = snapshot.entries_after(owner, 0, 100_000).await.unwrap();
        let entries: Vec<_> = entries.into_iter().map(|line| line.entry).collect();
        assert_eq!(entries, model.entries.get(&owner).cloned().unwrap_or_default());
        let payouts = snapshot.payouts_after(owner, None, 100_000).await.unwrap();
        assert!(payouts.iter().eq(book.payouts.values().flatten()));
        let events = world.store.events(owner, 0, 100_000).await.unwrap();
        let events: Vec<_> = events.iter().map(|e| (e.seq, e.kind.as_str(), e.payout, e.created_at)).collect();
        let expected =
            model.events.get(&owner).into_iter().flatten().map(|e| (e.seq, e.kind.as_str(), e.payout, e.created_at));
        assert!(events.into_iter().eq(expected));
        for Payout { id, .. } in book.payouts.values().flatten() {
            let expected = model.attempts.get(&(owner, *id)).cloned().unwrap_or_default();
            assert_eq!(world.store.attempts(owner, *id).await.unwrap(), expected);
        }
    }
}

/// As the dump writes them.
fn records(model: &Model) -> Vec<String> {
    let line = |(owner, record): (payrail_types::ids::MerchantId, &payrail_core::idempotency::Record)| {
        let hash: String = record.request.0.iter().map(|byte| format!("{byte:02x}")).collect();
        [
            owner.bucket().get().to_string(),
            owner.0.simple().to_string(),
            record.key.0.simple().to_string(),
            hash,
            record.answer.status.to_string(),
            record.answer.body.clone(),
            or_null(record.payout.map(|id| id.0.simple().to_string())),
            record.created_at.as_microsecond().to_string(),
            or_null(record.expires_at.map(|at| at.as_microsecond().to_string())),
        ]
        .join("|")
    };
    let mut lines: Vec<_> = model.records().map(line).collect();
    lines.sort();
    lines
}

fn or_null(text: Option<String>) -> String {
    text.unwrap_or_else(|| "~".to_owned())
}

fn actions(model: &Model) -> Vec<String> {
    let line = |action: &OperatorAction| {
        let owner = action.merchant.expect("what passes the engine is somebody's");
        [
            owner.bucket().get().to_string(),
            owner.0.simple().to_string(),
            action.id.simple().to_string(),
            action.at.as_microsecond().to_string(),
            action.operator.clone(),
            action.action.as_str().to_owned(),
            or_null(action.subject.clone()),
            or_null(action.reason.clone()),
            or_null(action.detail.clone()),
        ]
        .join("|")
    };
    let mut lines: Vec<_> = model.actions.iter().map(line).collect();
    lines.sort();
    lines
}

fn name(reply: &Result<Reply, Refusal>) -> String {
    match reply {
        Ok(Reply::Answered { answer, replayed }) => {
            format!("{}{}", answer.status, if *replayed { " again" } else { "" })
        }
        Ok(Reply::Claimed { attempt, .. }) => format!("claimed to {}", attempt.kind.as_str()),
        Ok(Reply::Exception(_)) => "Exception".to_owned(),
        Ok(Reply::Updated(payout)) => format!("{:?}", payout.status()),
        Err(refusal) => format!("{refusal:?}").split('(').next().unwrap_or_default().to_owned(),
    }
}
