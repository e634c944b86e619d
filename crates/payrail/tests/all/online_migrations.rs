//! Migrations of a PostgreSQL under load. Each one since the version with sqlx is applied to a filled database while
//! another session reads and writes. The test measures its locks and how long that session's statements wait. It also
//! has a rule for future migrations.

mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use payrail_store::testing::{Sql, SqlError, TestDatabase, statements, until};
use rule::{LARGE, fault};

/// The first migration that is tested, and the last one from before the rule.
const FIRST: i64 = 90;
const BEFORE_THE_RULE: i64 = 230;

/// The migrations from [`FIRST`] on that block writers for a time that grows with the tables.
const GROWING: [i64; 3] = [91, 200, 230];

/// The large tables that each migration locks against writers until it commits.
const LOCKED: [(i64, &[&str]); 7] = [
    (90, &["outbox"]),
    (91, &["ledger_entries"]),
    (92, &["outbox"]),
    (93, &["attempts", "exceptions", "idempotency_records", "payouts"]),
    (94, &["attempts", "bank_returns", "exceptions", "ledger_entries", "payouts"]),
    (200, &["attempts", "payouts"]),
    (230, &["payouts"]),
];

fn migrations() -> BTreeMap<i64, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../payrail-store/migrations/postgres");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let numbered = |path: &Path| path.file_name()?.to_str()?.split('_').next()?.parse().ok();
    files.map(|path| (numbered(&path).unwrap(), fs::read_to_string(&path).unwrap())).collect()
}

/// All violations of the rule.
fn faults(sql: &str) -> Vec<String> {
    let all = statements(sql);
    all.iter().filter_map(|statement| fault(statement, &all)).collect()
}

#[test]
fn a_new_migration_keeps_no_writer_waiting_for_long_unless_it_says_why() {
    let faults: BTreeMap<_, _> = migrations().into_iter().map(|(number, sql)| (number, faults(&sql))).collect();
    let broken: BTreeMap<_, _> =
        faults.iter().filter(|(number, faults)| **number > BEFORE_THE_RULE && !faults.is_empty()).collect();
    assert!(
        broken.is_empty(),
        "{broken:#?}\nTake another way (docs/operations.md, \"Migrations\"), or write the line `-- blocks writers: ` with \
         the reason before the statement"
    );
    // The rule finds the known violations from before it.
    let found =
        faults.iter().filter(|(number, faults)| (FIRST..=BEFORE_THE_RULE).contains(number) && !faults.is_empty());
    assert_eq!(found.map(|(number, _)| *number).collect::<Vec<_>>(), GROWING);
}

#[test]
fn the_manual_says_what_each_migration_locks() {
    let manual = include_str!("../../../../docs/operations.md");
    for (number, tables) in LOCKED {
        let row = manual.lines().find(|line| line.starts_with(&format!("| {number:04} |"))).unwrap();
        let named: BTreeSet<_> = row.split('`').skip(1).step_by(2).collect();
        assert_eq!(named, tables.iter().copied().collect(), "{row}");
    }
}

/// The number of payouts in the database. For measurements: `PAYRAIL_MIGRATION_PAYOUTS=1000000`.
fn payouts() -> u32 {
    std::env::var("PAYRAIL_MIGRATION_PAYOUTS").map_or(5_000, |text| text.parse().unwrap())
}

const MERCHANTS: u32 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn while_migrations_run_a_session_at_work_waits_for_their_locks_alone() {
    let database = TestDatabase::postgres().await;
    let mut sql = Sql::connect(&database.url).await;
    let (before, after): (Vec<_>, Vec<_>) = migrations().into_iter().partition(|(number, _)| *number < FIRST);
    for (_, migration) in before {
        sql.exec(&migration).await;
    }
    fill(&mut sql, payouts() / MERCHANTS).await;

    let work = AtWork::begin(&database.url).await;
    work.rounds(20).await;
    println!("{} payouts; without a migration the longest statement took {:?}", payouts(), work.longest());
    let mut locked = BTreeMap::new();
    for (number, migration) in after {
        let files = rewritten(&mut sql).await;
        work.longest();
        let begun = Instant::now();
        let (tables, tries) = apply(&mut sql, &migration).await;
        let took = begun.elapsed();
        work.rounds(2).await;
        println!("{number:04}: {took:?}, the longest statement took {:?}; {tables:?}, {tries} tries", work.longest());
        let is_excused = number > BEFORE_THE_RULE && migration.contains("-- blocks writers: ");
        assert!(is_excused || rewritten(&mut sql).await == files, "migration {number} writes a large table anew");
        if number <= BEFORE_THE_RULE {
            locked.insert(number, tables);
        }
    }
    work.end().await;
    let expected = LOCKED.map(|(number, tables)| (number, tables.iter().map(ToString::to_string).collect()));
    assert_eq!(locked, BTreeMap::from(expected));
}

/// Like the program: all in one transaction. Returns the large tables that cannot be written meanwhile, and the number
/// of tries: PostgreSQL may resolve a deadlock with the other session by aborting either of the two.
async fn apply(sql: &mut Sql, migration: &str) -> (BTreeSet<String>, u32) {
    let large = LARGE.map(|table| format!("'{table}'")).join(", ");
    let locked = format!(
        "SELECT DISTINCT c.relname::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
         WHERE l.pid = pg_backend_pid() AND c.relname IN ({large}) \
           AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
    );
    for tries in 1.. {
        sql.exec("BEGIN").await;
        match sql.try_exec(migration).await {
            Ok(_) => {
                let tables = sql.texts(&locked).await;
                sql.exec("COMMIT").await;
                return (tables.into_iter().collect(), tries);
            }
            Err(error) if is_deadlock(&error) => sql.exec("ROLLBACK").await,
            Err(error) => panic!("{error}"),
        };
    }
    unreachable!("it is tried until it succeeds")
}

fn is_deadlock(error: &SqlError) -> bool {
    error.code.as_deref() == Some("40P01")
}

/// The files of the large tables: another one after a rewrite.
async fn rewritten(sql: &mut Sql) -> Vec<String> {
    let files = LARGE.map(|table| format!("coalesce(pg_relation_filenode(to_regclass('{table}')), 0)::text"));
    sql.texts(&format!("SELECT unnest(ARRAY[{}])", files.join(", "))).await
}

/// Completed payouts, as the version of migration 80 has them, past the triggers: the same number for each merchant.
async fn fill(sql: &mut Sql, each: u32) {
    let merchants = format!("generate_series(1, {MERCHANTS}) m");
    let payouts = format!("{merchants}, generate_series(1, {each}) p");
    let (merchant, payout) = ("m, md5('m' || m)::uuid", "md5(m || '-' || p)::uuid");
    let ledger = "INSERT INTO ledger_entries (bucket, merchant_id, seq, kind, amount_paise, available_after, held_after, \
                  payout_id, description, created_at)";
    let outbox = "INSERT INTO outbox (bucket, merchant_id, seq, kind, payout_id, created_at)";
    for statement in [
        "SET session_replication_role = replica".to_owned(),
        format!(
            "INSERT INTO merchants (bucket, id, name, email, created_at) SELECT {merchant}, 'M', 'm' || m, now() FROM {merchants}"
        ),
        format!("{ledger} SELECT {merchant}, 1, 'fund', 1e12, 1e12, 0, NULL, 'opening', now() FROM {merchants}"),
        format!(
            "{ledger} SELECT {merchant}, 2 * p, 'hold', 100, 1e12 - 100 * p, 100, {payout}, NULL, now() FROM {payouts}"
        ),
        format!(
            "{ledger} SELECT {merchant}, 2 * p + 1, 'settle', 100, 1e12 - 100 * p, 0, {payout}, NULL, now() FROM {payouts}"
        ),
        format!(
            "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, submissions, attempts, \
             unanswered, utr, created_at, updated_at) \
             SELECT {merchant}, {payout}, 100, 'demo-success', 'completed', 1, 1, 0, 'UTR' || m || '-' || p, now(), now() \
             FROM {payouts}"
        ),
        format!(
            "INSERT INTO attempts (bucket, merchant_id, payout_id, number, step, worker, started_at, outcome, sent, received, \
             ended_at) SELECT {merchant}, {payout}, 1, 'submit', 'w', now(), 'paid', 'sent', 'received', now() FROM {payouts}"
        ),
        format!(
            "INSERT INTO idempotency_records (bucket, merchant_id, key, request_hash, status, body, payout_id, created_at) \
             SELECT {merchant}, {payout}, decode(repeat('00', 32), 'hex'), 201, '{{}}', {payout}, now() FROM {payouts}"
        ),
        format!("{outbox} SELECT {merchant}, 1, 'balance.funded', NULL, now() FROM {merchants}"),
        format!("{outbox} SELECT {merchant}, 2 * p, 'payout.pending', {payout}, now() FROM {payouts}"),
        format!("{outbox} SELECT {merchant}, 2 * p + 1, 'payout.completed', {payout}, now() FROM {payouts}"),
        "RESET session_replication_role".to_owned(),
        "ANALYZE".to_owned(),
    ] {
        sql.exec(&statement).await;
    }
}

/// A session that reads and writes merchants, ledger and payouts, one statement after the other, each of one merchant.
struct AtWork {
    done: Arc<Done>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Done {
    longest: Mutex<(Duration, &'static str)>,
    rounds: Mutex<u64>,
    is_over: AtomicBool,
}

impl AtWork {
    async fn begin(url: &str) -> Self {
        let (mut sql, done) = (Sql::connect(url).await, Arc::new(Done::default()));
        let shared = done.clone();
        let task = tokio::spawn(async move {
            for merchant in (1..=MERCHANTS).cycle() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                for (name, statement) in round(merchant) {
                    let begun = Instant::now();
                    // Aborted by a deadlock: the wait counts, and the work is repeated.
                    while let Err(error) = sql.try_exec(&statement).await {
                        assert!(is_deadlock(&error), "{error} in {statement}");
                    }
                    let mut longest = shared.longest.lock().unwrap();
                    *longest = (*longest).max((begun.elapsed(), name));
                }
                *shared.rounds.lock().unwrap() += 1;
            }
        });
        Self { done, task }
    }

    /// Until so many more are over: a statement that waits now is counted then.
    async fn rounds(&self, number: u64) {
        let rounds = || *self.done.rounds.lock().unwrap();
        let enough = rounds() + number;
        until("the session at work gets on", async || rounds() >= enough || self.task.is_finished()).await;
        assert!(!self.task.is_finished(), "it has failed");
    }

    /// Since the last time it was asked for.
    fn longest(&self) -> (Duration, &'static str) {
        std::mem::take(&mut *self.done.longest.lock().unwrap())
    }

    async fn end(self) {
        self.done.is_over.store(true, Ordering::SeqCst);
        self.task.await.unwrap();
    }
}

/// Valid under the schema of each migration. The hold and its payout are one transaction.
fn round(merchant: u32) -> [(&'static str, String); 5] {
    let of = format!("bucket = {merchant} AND merchant_id = md5('m{merchant}')::uuid");
    let newest = format!("SELECT * FROM ledger_entries WHERE {of} ORDER BY seq DESC LIMIT 1");
    let ledger = "INSERT INTO ledger_entries (bucket, merchant_id, seq, kind, amount_paise, available_after, held_after, \
                  payout_id, description, created_at)";
    let payout = uuid::Uuid::now_v7();
    [
        (
            "lock of a merchant",
            format!("SELECT id::text FROM merchants WHERE bucket = {merchant} AND id = md5('m{merchant}')::uuid FOR NO KEY UPDATE"),
        ),
        ("read of the newest entry", newest.clone()),
        ("read of payouts", format!("SELECT id::text, status FROM payouts WHERE {of} ORDER BY id DESC LIMIT 10")),
        (
            "write of a funding",
            format!(
                "{ledger} SELECT bucket, merchant_id, seq + 1, 'fund', 5, available_after + 5, held_after, NULL, 'more', now() \
                 FROM ({newest}) e"
            ),
        ),
        (
            "write of a payout",
            format!(
                "{ledger} SELECT bucket, merchant_id, seq + 1, 'hold', 5, available_after - 5, held_after + 5, '{payout}', NULL, \
                 now() FROM ({newest}) e;
                 INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, submissions, attempts, \
                 unanswered, due_at, created_at, updated_at) VALUES ({merchant}, md5('m{merchant}')::uuid, '{payout}', 5, 'x', \
                 'pending', 0, 0, 0, now(), now(), now())"
            ),
        ),
    ]
}
