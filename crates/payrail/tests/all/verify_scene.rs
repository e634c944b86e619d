//! A scene for the auditor: many merchants in one world, each with a fault of its own planted in its
//! book, so that one look must name exactly those and no other.

use std::process::Output;

use payrail_core::command::Action;
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::ids::{MerchantId, PayoutId};
use serde_json::Value;

use crate::engine::{Engine, PATIENCE, paise};
use crate::sabotage::{alter_payout, id, of, unprotected};
use crate::sql::Sql;
use crate::support::{World, key};

pub struct Scene<'w> {
    pub engine: Engine<'w>,
    pub sql: Sql,
    expected: Vec<(String, String)>,
}

/// A merchant with one payout of each: completed (1,000), failed (2,000) and pending (3,000). The ledger
/// is 1 fund, 2 hold, 3 hold, 4 and 5 their ends, 6 hold; the events likewise.
#[derive(Clone, Copy, Debug)]
pub struct Book {
    pub merchant: MerchantId,
    pub completed: PayoutId,
    pub failed: PayoutId,
    pub pending: PayoutId,
}

impl<'w> Scene<'w> {
    pub async fn set(world: &'w World) -> Self {
        let engine = Engine::start(world).await;
        let sql = unprotected(world).await;
        Self { engine, sql, expected: Vec::new() }
    }

    pub async fn books<const N: usize>(&self) -> [Book; N] {
        let mut books = Vec::new();
        for _ in 0..N {
            let merchant = self.engine.merchant(10_000).await;
            let completed = self.engine.pay(merchant, 1_000, "demo-success").await;
            let failed = self.engine.pay(merchant, 2_000, "demo-fail").await;
            books.push(Book { merchant, completed, failed, pending: completed });
        }
        self.engine.worker_with("w1", PATIENCE, 1).round().await.unwrap();
        for book in &mut books {
            book.pending = self.engine.pay(book.merchant, 3_000, "demo-success").await;
        }
        books.try_into().unwrap_or_else(|_| unreachable!("as many as were asked for"))
    }

    /// A merchant whose ledger is nothing but fundings.
    pub async fn funded(&self, amounts: &[i64]) -> MerchantId {
        let merchant = self.engine.merchant(amounts[0]).await;
        for amount in &amounts[1..] {
            let description = "more".to_owned();
            let fund = Action::Fund { key: IdempotencyKey(key()), amount: paise(*amount), description, by: None };
            self.engine.send(merchant, fund).await.unwrap();
        }
        merchant
    }

    pub fn expect(&mut self, kind: &str, subject: impl ToString) {
        self.expected.push((kind.to_owned(), subject.to_string()));
    }

    /// Changes a row of the merchant's, which must be there.
    pub async fn alter(&mut self, table: &str, merchant: MerchantId, which: &str, change: &str) {
        let sql = format!("UPDATE {table} SET {change} WHERE {} AND {which}", of(&self.sql, merchant));
        assert_eq!(self.sql.exec(&sql).await, 1, "{sql}");
    }

    pub async fn remove(&mut self, table: &str, merchant: MerchantId, which: &str) {
        let sql = format!("DELETE FROM {table} WHERE {} AND {which}", of(&self.sql, merchant));
        assert_eq!(self.sql.exec(&sql).await, 1, "{sql}");
    }

    pub async fn alter_payout(&mut self, payout: PayoutId, change: &str) {
        alter_payout(&mut self.sql, payout, change).await;
    }

    /// A condition on the payout that a row names.
    pub fn about(&self, payout: PayoutId) -> String {
        format!("payout_id = {}", id(&self.sql, payout.0))
    }

    /// A further entry at the end of the merchant's ledger.
    pub async fn forge(&mut self, merchant: MerchantId, kind: &str, amount: i64, after: (i64, i64), payout: PayoutId) {
        let seq = self.engine.store.tip(merchant).await.unwrap().seq + 1;
        let (place, available, held) = (self.place(merchant), after.0, after.1);
        let (payout, now) = (id(&self.sql, payout.0), self.now());
        let values = format!("{place}, {seq}, '{kind}', {amount}, {available}, {held}, {payout}, NULL, {now}");
        self.sql.exec(&format!("INSERT INTO ledger_entries VALUES ({values})")).await;
    }

    /// The columns that every table leads with.
    pub fn place(&self, merchant: MerchantId) -> String {
        format!("{}, {}", merchant.bucket().get(), id(&self.sql, merchant.0))
    }

    pub fn now(&self) -> &'static str {
        if self.sql.is_postgres() { "now()" } else { "1700000000000000" }
    }

    /// A look at it all names exactly what was expected, each once.
    pub fn check(&mut self) {
        self.expected.sort();
        let (text, json) = (self.engine.world.run(&["verify"]), self.engine.world.run(&["verify", "--json"]));
        assert_eq!((text.status.code(), json.status.code()), (Some(1), Some(1)), "{}", stderr(&json));
        let found = differences(&json);
        assert_eq!(found, self.expected, "\n{}", stdout(&text));
        let text = stdout(&text);
        for (kind, subject) in &self.expected {
            let line = |line: &str| line.starts_with(&format!("DIFFERENCE {kind}: ")) && line.contains(subject);
            assert!(text.lines().any(line), "{kind} of {subject} is not in {text}");
        }
        assert!(!text.contains("OK: no difference."), "{text}");
    }
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

/// Kind and subject of each, sorted.
pub fn differences(output: &Output) -> Vec<(String, String)> {
    let report = report(output);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let differences = report["differences"].as_array().unwrap().iter();
    let mut differences: Vec<_> = differences.map(|found| (text(&found["kind"]), text(&found["subject"]))).collect();
    differences.sort();
    differences
}
