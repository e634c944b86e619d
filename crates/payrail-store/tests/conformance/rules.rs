//! The database's own rules, one by one. Each attack is refused as long as any of its rules exists, and accepted when
//! all are dropped, which proves that these rules refuse it.

use payrail_core::command::Command;
use payrail_types::ids::{MerchantId, PayoutId};
use uuid::Uuid;

use crate::forged::Forged;
use crate::world::{World, at, back, create, fresh_id, fresh_key, merchant, no_answer, paid, refused};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    a_payout_is_held_once,
    a_ledger_belongs_to_a_merchant,
    a_payout_has_the_entry_of_its_status,
    an_impossible_payout_is_refused,
    an_attempt_belongs_to_its_payout,
    an_impossible_attempt_is_refused,
    an_impossible_answer_is_refused,
    no_event_is_changed_or_removed,
    the_outbox_has_no_gap,
    an_event_is_one_of_the_kinds_and_names_what_it_tells_of,
    an_event_fits_its_ledger_entry,
    an_exception_and_a_return_name_payouts_that_exist,
);
on_postgres_only!(an_entry_has_the_step_of_its_payout, a_rule_reads_none_of_its_merchants_history);
on_sqlite_only!(no_event_is_replaced);

/// Without ANALYZE, PostgreSQL does not know how many entries a merchant has.
async fn a_rule_reads_none_of_its_merchants_history(world: World) {
    world.raw().await.exec("ALTER TABLE ledger_entries SET (autovacuum_enabled = off)").await;
    world.fund(merchant(OWNER), 10_000).await;
    let order = |_| Command { merchant: merchant(OWNER), action: create(fresh_id(merchant(OWNER)), fresh_key(), 1) };
    for _ in 0..10 {
        world.run(&(0..500).map(order).collect::<Vec<_>>(), at(0)).await.unwrap();
    }
    let mut book = Book::of(&world).await;
    let payout = fresh_id(merchant(OWNER));
    let (hold, order) = (book.entry("hold", payout), book.payout(merchant(OWNER), payout, 1_000));
    let raw = &mut book.raw;
    for statement in ["BEGIN", &hold, &order] {
        raw.exec(statement).await;
    }
    let read = "SELECT idx_tup_fetch::text FROM pg_stat_xact_user_tables WHERE relname = 'ledger_entries'";
    let read: u32 = raw.texts(read).await[0].parse().unwrap();
    assert!(read < 50, "one payout read {read} entries");
    raw.exec("ROLLBACK").await;
}

/// A trigger, a constraint or an index, by the names that it has on either database, with its table.
struct Rule(&'static str, &'static [&'static str]);

impl Rule {
    async fn drop(&self, raw: &mut Raw) {
        let Rule(table, names) = self;
        for name in *names {
            let drops = match raw {
                Raw::Sqlite(_) => {
                    vec![format!("DROP TRIGGER IF EXISTS {name}"), format!("DROP INDEX IF EXISTS {name}")]
                }
                Raw::Postgres(_) => vec![
                    "SET LOCAL client_min_messages = error".to_owned(),
                    format!("DROP TRIGGER IF EXISTS {name} ON {table}"),
                    format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"),
                    format!("DROP INDEX IF EXISTS {name}"),
                ],
            };
            for drop in drops {
                raw.exec(&drop).await;
            }
        }
    }
}

/// Refused by each of the rules alone, and accepted without them.
async fn attack(raw: &mut Raw, rules: &[&Rule], sql: &str) {
    raw.refuses(sql).await;
    for kept in 0..rules.len() {
        raw.exec("BEGIN").await;
        for (_, rule) in rules.iter().enumerate().filter(|(index, _)| *index != kept) {
            rule.drop(raw).await;
        }
        at_once(raw).await;
        raw.refuses(sql).await;
        raw.exec("ROLLBACK").await;
    }
    raw.exec("BEGIN").await;
    for rule in rules {
        rule.drop(raw).await;
    }
    at_once(raw).await;
    assert!(raw.exec(sql).await > 0, "{sql}");
    raw.exec("ROLLBACK").await;
}

/// Runs the checks of the end of a transaction now.
async fn at_once(raw: &mut Raw) {
    if let Raw::Postgres(_) = raw {
        raw.exec("SET CONSTRAINTS ALL IMMEDIATE").await;
    }
}

/// Merchant 0's payouts of 1,000, one of each kind; merchant 1 has an empty book.
struct Book {
    pending: PayoutId,
    /// A worker holds it, and its first attempt is open.
    claimed: PayoutId,
    doubtful: PayoutId,
    completed: PayoutId,
    raw: Raw,
    /// Of the next entry and of the next event.
    entry: i64,
    event: i64,
    balances: (i64, i64),
}

const OWNER: u8 = 0;

impl Book {
    async fn of(world: &World) -> Self {
        let owner = merchant(OWNER);
        world.fund(owner, 10_000).await;
        let completed = world.ended(owner, 1_000, paid()).await;
        world.ended(owner, 1_000, refused()).await;
        let doubtful = world.ended(owner, 1_000, no_answer()).await;
        let claimed = world.payout(owner, 1_000).await;
        world.claim(owner, claimed, at(0)).await;
        let pending = world.payout(owner, 1_000).await;
        let mut raw = world.raw().await;
        let entry = world.store.tip(owner).await.unwrap().seq + 1;
        let newest = format!("SELECT cast(max(seq) AS text) FROM outbox WHERE {}", raw.of(owner));
        let event = raw.texts(&newest).await[0].parse::<i64>().unwrap() + 1;
        let balances = world.balances(owner).await;
        Self { pending, claimed, doubtful, completed, raw, entry, event, balances }
    }

    /// A further entry that follows from the one before it.
    fn entry(&self, kind: &str, payout: PayoutId) -> String {
        let (available, held) = self.balances;
        let after = match kind {
            "hold" => (available - 1_000, held + 1_000),
            "settle" => (available, held - 1_000),
            "refund" => (available + 1_000, held - 1_000),
            _ => (available + 1_000, held),
        };
        Forged { seq: self.entry, kind, amount: 1_000, after, payout: Some(payout) }.insert(&self.raw, merchant(OWNER))
    }

    fn change(&self, payout: PayoutId, change: &str) -> String {
        format!("UPDATE payouts SET {change} WHERE {}", self.raw.payout(merchant(OWNER), payout))
    }

    fn place(&self, of: MerchantId) -> String {
        format!("{}, {}", of.bucket().get(), self.raw.id(of.0))
    }

    fn payout(&self, of: MerchantId, payout: PayoutId, paise: i64) -> String {
        let now = self.raw.at(at(1));
        format!(
            "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, submissions, attempts, \
             unanswered, due_at, created_at, updated_at) VALUES \
             ({}, {}, {paise}, 'account', 'pending', 0, 0, 0, {now}, {now}, {now})",
            self.place(of),
            self.raw.id(payout.0)
        )
    }

    fn attempt(&self, payout: PayoutId, number: u32) -> String {
        format!(
            "INSERT INTO attempts (bucket, merchant_id, payout_id, number, step, worker, started_at) VALUES \
             ({}, {}, {number}, 'submit', 'w', {})",
            self.place(merchant(OWNER)),
            self.raw.id(payout.0),
            self.raw.at(at(1))
        )
    }

    /// `answer`: its status, body and end.
    fn record(&self, of: MerchantId, payout: Option<Uuid>, answer: &str) -> String {
        let hash = match self.raw {
            Raw::Sqlite(_) => format!("x'{}'", "07".repeat(32)),
            Raw::Postgres(_) => format!("'\\x{}'::bytea", "07".repeat(32)),
        };
        format!(
            "INSERT INTO idempotency_records (bucket, merchant_id, key, request_hash, payout_id, created_at, status, body, \
             expires_at) VALUES ({}, {}, {hash}, {}, {}, {answer})",
            self.place(of),
            self.raw.id(fresh_key().0),
            payout.map_or("NULL".to_owned(), |id| self.raw.id(id)),
            self.raw.at(at(1))
        )
    }

    fn told(&self, seq: i64, kind: &str, payout: Option<PayoutId>, entry: Option<i64>) -> String {
        format!(
            "INSERT INTO outbox (bucket, merchant_id, seq, kind, payout_id, created_at, entry_seq) VALUES \
             ({}, {seq}, '{kind}', {}, {}, {})",
            self.place(merchant(OWNER)),
            payout.map_or("NULL".to_owned(), |id| self.raw.id(id.0)),
            self.raw.at(at(1)),
            entry.map_or("NULL".to_owned(), |seq| seq.to_string())
        )
    }

    async fn attack(&mut self, rules: &[&Rule], sql: &str) {
        attack(&mut self.raw, rules, sql).await;
    }
}

const ONCE: Rule = Rule("ledger_entries", &["ledger_once", "ledger_no_replace"]);
/// On PostgreSQL, and at the end of the transaction.
const ENTRY_TIED: Rule = Rule("ledger_entries", &["ledger_tied"]);
const OF_A_MERCHANT: Rule = Rule("ledger_entries", &["ledger_chain", "ledger_of_a_merchant"]);
const TIED: Rule = Rule("payouts", &["payouts_held", "payouts_ended"]);
const COUNTED: Rule =
    Rule("payouts", &["payouts_submissions_are_attempts", "payouts_possible", "payouts_possible_still"]);
const POSSIBLE: Rule = Rule("payouts", &["payouts_possible", "payouts_possible_still"]);
const ATTEMPT_TIED: Rule = Rule("attempts", &["attempts_tied"]);
const ATTEMPT: Rule = Rule("attempts", &["attempts_possible", "attempts_possible_still"]);
const ANSWER: Rule = Rule("idempotency_records", &["idempotency_possible", "idempotency_possible_still"]);
const CHAIN: Rule = Rule("outbox", &["outbox_chain"]);
const KEPT: Rule =
    Rule("outbox", &["outbox_append_only", "outbox_no_update", "outbox_no_delete", "outbox_no_truncate"]);
async fn a_payout_is_held_once(world: World) {
    let mut book = Book::of(&world).await;
    for payout in [book.pending, book.claimed, book.completed] {
        let sql = book.entry("hold", payout);
        book.attack(&[&ONCE], &sql).await;
    }
}

async fn a_ledger_belongs_to_a_merchant(world: World) {
    let mut book = Book::of(&world).await;
    let first = Forged { seq: 1, kind: "fund", amount: 1, after: (1, 0), payout: None };
    let sql = first.insert(&book.raw, MerchantId(fresh_key().0));
    book.attack(&[&OF_A_MERCHANT], &sql).await;
    // Of a merchant that exists it is taken.
    let sql = first.insert(&book.raw, merchant(1));
    assert_eq!(book.raw.exec(&sql).await, 1);
}

async fn a_payout_has_the_entry_of_its_status(world: World) {
    let mut book = Book::of(&world).await;
    let stranger = fresh_id(merchant(OWNER));
    let sql = book.payout(merchant(OWNER), stranger, 1_000);
    book.attack(&[&TIED], &sql).await;
    // Of a merchant that does not exist.
    let nobody = MerchantId(fresh_key().0);
    let sql = book.payout(nobody, fresh_id(nobody), 1_000);
    book.attack(&[&TIED], &sql).await;
    let over = "step = NULL, due_at = NULL, leased_by = NULL, doubt_since = NULL, doubt_reason = NULL";
    let ends = [
        (book.claimed, "status = 'completed', utr = 'U'"),
        (book.doubtful, "status = 'completed', utr = 'U'"),
        (book.claimed, "status = 'failed', reason = 'no'"),
        (book.pending, "status = 'cancelled'"),
        (book.completed, "status = 'returned', reason = 'back'"),
    ];
    for (payout, end) in ends {
        let sql = book.change(payout, &format!("{over}, {end}"));
        book.attack(&[&TIED], &sql).await;
    }
}

/// An end of another kind or amount than the entry's counts as none.
async fn an_entry_has_the_step_of_its_payout(world: World) {
    let mut book = Book::of(&world).await;
    let entries = [
        book.entry("settle", book.claimed),
        book.entry("refund", book.claimed),
        book.entry("refund", book.pending),
        book.entry("settle", book.doubtful),
        book.entry("return", book.completed),
    ];
    for sql in entries {
        book.attack(&[&ENTRY_TIED], &sql).await;
    }
    // With its transition it is accepted; with another end's transition it is not.
    let over = "step = NULL, due_at = NULL, leased_by = NULL";
    let entry = book.entry("settle", book.claimed);
    let fits = book.change(book.claimed, &format!("{over}, status = 'completed', utr = 'U'"));
    let other = book.change(book.claimed, &format!("{over}, status = 'failed', reason = 'no'"));
    book.raw.refuses(&format!("BEGIN; {entry}; {other}; COMMIT")).await;
    book.raw.exec("ROLLBACK").await;
    book.raw.exec(&format!("BEGIN; {entry}; {fits}; COMMIT")).await;
}

async fn an_impossible_payout_is_refused(world: World) {
    let mut book = Book::of(&world).await;
    let doubt = format!("doubt_since = {}, doubt_reason = 'x'", book.raw.at(at(1)));
    let changes = [
        (book.pending, "utr = 'U'"),
        (book.pending, "reason = 'x'"),
        (book.pending, "attempts = 1"),
        (book.pending, &doubt),
        (book.claimed, "utr = 'U'"),
        (book.claimed, "reason = 'x'"),
    ];
    for (payout, change) in changes {
        let sql = book.change(payout, change);
        book.attack(&[&POSSIBLE], &sql).await;
    }
    let sql = book.change(book.claimed, "submissions = attempts + 1");
    book.attack(&[&COUNTED], &sql).await;
    let ends = [
        "status = 'completed', due_at = NULL, leased_by = NULL, utr = 'U'",
        "status = 'completed', due_at = NULL, step = NULL, utr = 'U'",
        "status = 'completed', due_at = NULL, step = NULL, leased_by = NULL, utr = 'U', reason = 'x'",
        "status = 'failed', due_at = NULL, step = NULL, leased_by = NULL, utr = 'U', reason = 'x'",
    ];
    for end in ends {
        let sql = book.change(book.claimed, end);
        book.attack(&[&POSSIBLE, &TIED], &sql).await;
    }
    let over = "status = 'completed', due_at = NULL, step = NULL, leased_by = NULL, utr = 'U'";
    let sql = book.change(book.doubtful, over);
    book.attack(&[&POSSIBLE, &TIED], &sql).await;
}

async fn an_attempt_belongs_to_its_payout(world: World) {
    let mut book = Book::of(&world).await;
    for (payout, number) in [(fresh_id(merchant(OWNER)), 1), (book.pending, 1), (book.claimed, 2)] {
        let sql = book.attempt(payout, number);
        book.attack(&[&ATTEMPT_TIED], &sql).await;
    }
}

async fn an_impossible_attempt_is_refused(world: World) {
    let mut book = Book::of(&world).await;
    let (before, after) = (book.raw.at(at(-1)), book.raw.at(at(1)));
    let said = "sent = 's', received = 'r'";
    let ends = [
        format!("outcome = 'lost', ended_at = {after}, {said}"),
        format!("outcome = 'paid', ended_at = NULL, {said}"),
        format!("outcome = 'paid', ended_at = {before}, {said}"),
        format!("outcome = 'paid', ended_at = {after}, sent = 's'"),
        format!("outcome = 'paid', ended_at = {after}, received = 'r'"),
        format!("ended_at = {after}"),
        "sent = 's'".to_owned(),
        "received = 'r'".to_owned(),
    ];
    let open = format!("payout_id = {}", book.raw.id(book.claimed.0));
    for end in ends {
        book.attack(&[&ATTEMPT], &format!("UPDATE attempts SET {end} WHERE {open}")).await;
    }
    book.raw.exec(&format!("UPDATE attempts SET outcome = 'paid', ended_at = {after}, {said} WHERE {open}")).await;
}

async fn an_impossible_answer_is_refused(world: World) {
    let mut book = Book::of(&world).await;
    let later = book.raw.at(at(1_000));
    let answers =
        ["400, 'body', NULL", "201, '', NULL", "500, 'body', NULL", "201, 'body', EXPIRES", "500, 'body', EXPIRES"];
    for answer in answers {
        let sql = book.record(merchant(OWNER), None, &answer.replace("EXPIRES", &later));
        book.attack(&[&ANSWER], &sql).await;
    }
    for answer in ["201, 'body', NULL", "400, 'body', EXPIRES"] {
        let sql = book.record(merchant(OWNER), None, &answer.replace("EXPIRES", &later));
        assert_eq!(book.raw.exec(&sql).await, 1);
    }
}

async fn no_event_is_changed_or_removed(world: World) {
    let mut book = Book::of(&world).await;
    let mut statements: Vec<_> =
        ["seq = seq + 100", "kind = 'payout.failed'", "entry_seq = entry_seq", "payout_id = payout_id"]
            .iter()
            .map(|change| format!("UPDATE outbox SET {change} WHERE kind = 'payout.cancelled' OR seq = 2"))
            .collect();
    statements.extend(["DELETE FROM outbox WHERE seq = 2".to_owned(), "DELETE FROM outbox".to_owned()]);
    for sql in statements {
        book.attack(&[&KEPT], &sql).await;
    }
    if world.is_postgres() {
        for sql in ["TRUNCATE outbox", "TRUNCATE settings, outbox CASCADE"] {
            book.raw.refuses(sql).await;
        }
    }
}

/// SQLite's REPLACE deletes conflicting rows, and fires no DELETE trigger unless configured to.
async fn no_event_is_replaced(world: World) {
    let mut book = Book::of(&world).await;
    for recursive in ["OFF", "ON"] {
        book.raw.exec(&format!("PRAGMA recursive_triggers = {recursive}")).await;
        book.raw.refuses("INSERT OR REPLACE INTO outbox SELECT * FROM outbox WHERE seq = 2").await;
        let newest = format!("INSERT OR REPLACE INTO outbox SELECT * FROM outbox WHERE seq = {}", book.event - 1);
        book.raw.refuses(&newest).await;
        book.raw.refuses("UPDATE OR REPLACE outbox SET seq = 1 WHERE seq = 2").await;
    }
}

async fn the_outbox_has_no_gap(world: World) {
    let mut book = Book::of(&world).await;
    let (claimed, next) = (Some(book.claimed), book.event);
    for seq in [next + 1, next + 100, 0, -1] {
        let sql = book.told(seq, "payout.in_doubt", claimed, None);
        book.raw.refuses(&sql).await;
    }
    let sql = book.told(next + 1, "payout.in_doubt", claimed, None);
    book.attack(&[&CHAIN], &sql).await;
    // A valid row in the same statement is refused with it.
    let [good, bad] = [next, next + 2].map(|seq| book.told(seq, "payout.in_doubt", claimed, None));
    let values = bad.split(" VALUES ").nth(1).unwrap();
    book.raw.refuses(&format!("{good}, {values}")).await;
    assert_eq!(book.raw.exec(&good).await, 1);
}

async fn an_event_is_one_of_the_kinds_and_names_what_it_tells_of(world: World) {
    let mut book = Book::of(&world).await;
    let (next, claimed, last) = (book.event, Some(book.claimed), Some(book.entry - 1));
    let shape = Rule("outbox", &["outbox_possible", "outbox_rows"]);
    for kind in ["payout.pending", "payout.completed", "payout.failed", "payout.cancelled", "payout.returned", "lost"] {
        let sql = book.told(next, kind, claimed, None);
        book.attack(&[&shape], &sql).await;
    }
    for (kind, payout) in [("balance.funded", None), ("payout.processing", None), ("payout.in_doubt", None)] {
        let sql = book.told(next, kind, payout, None);
        book.attack(&[&shape], &sql).await;
    }
    // Where an entry is named, the rule that compares the event with it refuses as well.
    let fits = Rule("outbox", &["outbox_chain", "outbox_names_its_entry"]);
    for (kind, payout, entry) in [
        ("payout.lost", claimed, last),
        ("payout.processing", claimed, last),
        ("payout.in_doubt", claimed, last),
        ("balance.funded", claimed, Some(1)),
    ] {
        let sql = book.told(next, kind, payout, entry);
        book.attack(&[&shape, &fits], &sql).await;
    }
}

async fn an_event_fits_its_ledger_entry(world: World) {
    let mut book = Book::of(&world).await;
    let (on_postgres, on_sqlite) = (Rule("outbox", &["outbox_chain"]), Rule("outbox", &["outbox_names_its_entry"]));
    let fits = if world.is_postgres() { on_postgres } else { on_sqlite };
    let (next, last) = (book.event, book.entry - 1);
    let events = [
        book.told(next, "payout.completed", Some(book.pending), Some(last)),
        book.told(next, "payout.pending", Some(book.claimed), Some(last)),
        book.told(next, "payout.pending", Some(book.pending), Some(last + 1)),
        book.told(next, "payout.failed", Some(book.completed), Some(3)),
        book.told(next, "balance.funded", None, Some(2)),
    ];
    for sql in events {
        book.attack(&[&fits], &sql).await;
    }
}

async fn an_exception_and_a_return_name_payouts_that_exist(world: World) {
    let mut book = Book::of(&world).await;
    let (place, now) = (book.place(merchant(OWNER)), book.raw.at(at(1)));
    let [id, stranger, own] = [fresh_key().0, fresh_id(merchant(OWNER)).0, book.completed.0].map(|id| book.raw.id(id));
    let exception = |kind: &str, payout: &str| {
        let columns = "bucket, merchant_id, id, kind, payout_id, detail, created_at";
        format!("INSERT INTO exceptions ({columns}) VALUES ({place}, {id}, '{kind}', {payout}, 'detail', {now})")
    };
    let (kinds, payout) = (Rule("exceptions", &["exceptions_kinds"]), Rule("exceptions", &["exceptions_payout"]));
    book.attack(&[&kinds], &exception("lost", &own)).await;
    book.attack(&[&payout], &exception("duplicate_utr", &stranger)).await;
    assert_eq!(book.raw.exec(&exception("duplicate_utr", &own)).await, 1);
    let returned = |payout: &str| {
        let columns = "bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, reason, status, tries, \
                       first_seen_at, updated_at";
        let values = format!("{place}, {id}, 1, 'PR', {payout}, 1, 'U', 'r', 'exception', 0, {now}, {now}");
        format!("INSERT INTO bank_returns ({columns}) VALUES ({values})")
    };
    book.attack(&[&Rule("bank_returns", &["bank_returns_payout"])], &returned(&stranger)).await;
    assert_eq!(book.raw.exec(&returned(&own)).await, 1);
    world.one(merchant(OWNER), back(book.completed, 1_000), at(2)).await.unwrap();
}
