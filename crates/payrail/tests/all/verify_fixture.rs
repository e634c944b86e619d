//! A fixture for the auditor: many merchants in one world, each with one planted fault. One run must name exactly these
//! faults.

use std::process::Output;

use payrail_core::command::Action;
use payrail_core::idempotency::IdempotencyKey;
use payrail_types::ids::{MerchantId, PayoutId};
use serde_json::Value;

use crate::harness::{Harness, PATIENCE, paise};
use crate::sabotage::{alter_payout, id, of, unprotected};
use crate::support::{World, key};
use payrail_store::testing::Sql;

pub struct Fixture<'w> {
    pub harness: Harness<'w>,
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

impl<'w> Fixture<'w> {
    pub async fn set_up(world: &'w World) -> Self {
        let harness = Harness::start(world).await;
        let sql = unprotected(world).await;
        Self { harness, sql, expected: Vec::new() }
    }

    pub async fn books<const N: usize>(&self) -> [Book; N] {
        let mut books = Vec::new();
        for _ in 0..N {
            let merchant = self.harness.merchant(10_000).await;
            let completed = self.harness.pay(merchant, 1_000, "demo-success").await;
            let failed = self.harness.pay(merchant, 2_000, "demo-fail").await;
            books.push(Book { merchant, completed, failed, pending: completed });
        }
        self.harness.worker_with("w1", PATIENCE, 1).round().await.unwrap();
        for book in &mut books {
            book.pending = self.harness.pay(book.merchant, 3_000, "demo-success").await;
        }
        books.try_into().unwrap_or_else(|_| unreachable!("as many as were asked for"))
    }

    /// A merchant whose ledger has only fundings.
    pub async fn funded(&self, amounts: &[i64]) -> MerchantId {
        let merchant = self.harness.merchant(amounts[0]).await;
        for amount in &amounts[1..] {
            let description = "more".to_owned();
            let fund = Action::Fund { key: IdempotencyKey(key()), amount: paise(*amount), description, by: None };
            self.harness.send(merchant, fund).await.unwrap();
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
        let seq = self.harness.store.tip(merchant).await.unwrap().seq + 1;
        let (place, available, held) = (self.place(merchant), after.0, after.1);
        let (payout, now) = (id(&self.sql, payout.0), self.now());
        let values = format!("{place}, {seq}, '{kind}', {amount}, {available}, {held}, {payout}, NULL, {now}");
        self.sql.exec(&format!("INSERT INTO ledger_entries VALUES ({values})")).await;
    }

    /// The first columns of every table.
    pub fn place(&self, merchant: MerchantId) -> String {
        format!("{}, {}", merchant.bucket().get(), id(&self.sql, merchant.0))
    }

    pub fn now(&self) -> &'static str {
        if self.sql.is_postgres() { "now()" } else { "1700000000000000" }
    }

    /// A run of `verify` names exactly the expected differences, each once.
    pub fn check(&mut self) {
        self.expected.sort();
        let (text, json) = (self.harness.world.run(&["verify"]), self.harness.world.run(&["verify", "--json"]));
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
