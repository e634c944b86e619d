//! The worker's work list: what looking for due payouts costs, when few wait and when very many do, beside a
//! long history, and in the middle of a drain, where the head of the index is full of what is done.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use payrail::clock::Clock;
use payrail::settings::default_rules;
use payrail_bench::Plan;
use payrail_core::command::{Action, Command, Reply};
use payrail_core::payout::{BankAnswer, Exchange};
use payrail_store::Store;
use payrail_store::testing::{Sql, TestDatabase};
use payrail_types::names::Utr;
use payrail_types::rail::RailId;

use super::Size;
use super::report::{Report, median};
use super::scene::{demonstration, filled, verify};

const FEW: u64 = 1_000;
const MERCHANTS: u64 = 100;
/// As many as a worker asks for when a quarter of its slots are free.
const LIMIT: u32 = 64;
const BATCH: u32 = 256;
const LOOKS: usize = 300;

pub async fn measure(name: &'static str, size: Size, report: &mut Report, databases: [TestDatabase; 2]) {
    let stores = [demonstration(&databases[0]).await, demonstration(&databases[1]).await];
    let spread = |payouts| Plan::spread(MERCHANTS, payouts);
    filled(name, &stores[0], "few", spread(FEW), false).await;
    filled(name, &stores[1], "finished", spread(size.finished), true).await;
    filled(name, &stores[1], "pending", spread(size.pending), false).await;
    let (few, many) = in_turn(&stores).await;
    report.pair(name, "64 due payouts", "pending", (FEW, few), (size.pending, many));
    buffers(name, "at first", &databases, report).await;

    let drained = drain(&stores[1], size.drained.min(size.pending / 2)).await;
    let tenth = (drained.len() / 10).max(1);
    let (first, last) = (drained[..tenth].to_vec(), drained[drained.len() - tenth..].to_vec());
    report.pair(name, "64 due, while draining", "drained", (0, median(first)), (size.drained, median(last)));
    let (few, many) = in_turn(&stores).await;
    report.pair(name, "64 due, after a drain", "pending", (FEW, few), (size.pending, many));
    let from_head = look_from_head(&stores[1]).await;
    report.pair(name, "64 due, from the head on", "pending", (FEW, few), (size.pending, from_head));
    buffers(name, "after a drain", &databases, report).await;
    databases.iter().for_each(verify);
}

async fn look(store: &Store) -> Duration {
    let begun = Instant::now();
    let due = store.due(Clock::System.now(), LIMIT).await.expect("the store answers");
    let took = begun.elapsed();
    assert_eq!(due.len(), LIMIT as usize);
    took
}

async fn in_turn(stores: &[Store; 2]) -> (Duration, Duration) {
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for _ in 0..LOOKS {
        few.push(look(&stores[0]).await);
        many.push(look(&stores[1]).await);
    }
    (median(few), median(many))
}

/// As one looks who remembers where the last look found the first.
async fn look_from_head(store: &Store) -> Duration {
    let now = Clock::System.now();
    let first = store.due_from(RailId::DEFAULT, Timestamp::UNIX_EPOCH, now, 1).await.expect("the store answers");
    let from = first.first().map_or(now, |(_, _, at)| *at);
    let mut times = Vec::new();
    for _ in 0..LOOKS {
        let begun = Instant::now();
        let due = store.due_from(RailId::DEFAULT, from, Clock::System.now(), LIMIT).await.expect("the store answers");
        times.push(begun.elapsed());
        assert_eq!(due.len(), LIMIT as usize);
    }
    median(times)
}

/// Claims and completes through the engine, batch by batch, and tells how long each look took.
async fn drain(store: &Store, payouts: u64) -> Vec<Duration> {
    let mut looks = Vec::new();
    let mut done = 0;
    while done < payouts {
        looks.push(look(store).await);
        let due = store.due(Clock::System.now(), BATCH).await.expect("the store answers");
        let worker = "bench".to_owned();
        let claims = due.iter().map(|(merchant, payout)| Command {
            merchant: *merchant,
            action: Action::Claim { payout: *payout, worker: worker.clone(), bank: None },
        });
        let claims: Vec<_> = claims.collect();
        let replies = execute(store, &claims).await;
        let reports = claims.iter().zip(replies).map(|(claim, reply)| report_of(claim, reply, &mut done));
        execute(store, &reports.collect::<Vec<_>>()).await;
    }
    looks
}

async fn execute(store: &Store, commands: &[Command]) -> Vec<Reply> {
    let now = || Clock::System.now();
    let replies = store.execute(commands, &default_rules(), &now).await.expect("the engine answers");
    replies.into_iter().map(|reply| reply.expect("it is taken")).collect()
}

fn report_of(claim: &Command, reply: Reply, done: &mut u64) -> Command {
    let Reply::Claimed { payout, attempt } = reply else { panic!("a claim is answered with a call to make") };
    *done += 1;
    let answer = BankAnswer::Paid { utr: Utr::from_stored(format!("BENCHDRAIN{done:012}")) };
    let exchange = Exchange { sent: "POST /v1/transfers".to_owned(), received: "200 OK".to_owned() };
    Command {
        merchant: claim.merchant,
        action: Action::Report { payout: payout.id, number: attempt.number, answer, exchange },
    }
}

/// Pages that PostgreSQL touches for the query, and its plan.
async fn buffers(name: &str, when: &str, databases: &[TestDatabase; 2], report: &mut Report) {
    for (database, what) in databases.iter().zip(["few", "many"]) {
        if !database.url.starts_with("postgres") {
            return;
        }
        let mut connection = Sql::connect(&database.url).await;
        connection.exec("SET enable_seqscan = off").await;
        let explain = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT merchant_id, id FROM payouts \
                       WHERE rail = 'bank' AND due_at <= now() ORDER BY due_at LIMIT 64";
        let plan = connection.texts(explain).await;
        let scan = plan.iter().find(|line| line.contains("Scan")).map_or("", |line| line.trim());
        let pages = plan.iter().find(|line| line.contains("Buffers:")).map_or("", |line| line.trim());
        report.say(format!("{name} work list {when}, {what} pending: {scan}; {pages}"));
    }
}
