//! The only writer of the book, on its own thread. Orders that arrive while a transaction commits form the next one:
//! under load many orders share one write to disk, and a single order does not wait.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

use crate::entry::{Answer, Entry, Order, Rules};

/// The most orders in one transaction.
const BATCH: usize = 512;

/// How long to wait after a failed write before the due returns are tried again.
const AFTER_ERROR: Duration = Duration::from_secs(1);

pub struct Job {
    pub order: Order,
    /// Dropped without an answer if the transaction fails.
    pub reply: oneshot::Sender<Answer>,
}

pub struct Writer {
    book: Connection,
    rules: Rules,
}

/// Microseconds since 1970, as in the book. The bank has its own clock.
#[expect(clippy::disallowed_methods, reason = "this is the clock of the bank")]
fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

/// When the next return is due.
#[derive(Clone, Copy)]
enum Wake {
    At(i64),
    Never,
}

impl Wake {
    fn after(wait: Duration) -> Wake {
        Self::At(now().saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
    }

    fn sooner(self, other: Wake) -> Wake {
        match (self, other) {
            (Self::At(a), Self::At(b)) => Self::At(a.min(b)),
            (Self::Never, other) => other,
            (wake, Self::Never) => wake,
        }
    }

    async fn wait(self) {
        match self {
            Self::At(at) => {
                let micros = u64::try_from(at.saturating_sub(now())).unwrap_or(0);
                tokio::time::sleep(Duration::from_micros(micros)).await;
            }
            Self::Never => std::future::pending().await,
        }
    }
}

impl From<Option<i64>> for Wake {
    fn from(due: Option<i64>) -> Self {
        due.map_or(Self::Never, Self::At)
    }
}

impl Writer {
    pub fn new(book: Connection, rules: Rules) -> Self {
        Self { book, rules }
    }

    /// Works until all senders are gone, closes the book, and then closes the receiver's channel.
    pub fn start(self, jobs: mpsc::Receiver<Job>) -> io::Result<oneshot::Receiver<()>> {
        // The runtime only serves the timer. Nothing else runs on this thread, so statements may block it.
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let (ending, ended) = oneshot::channel();
        let work = move || {
            let writer = runtime.block_on(self.run(jobs));
            if let Err((_, error)) = writer.book.close() {
                tracing::warn!(%error, "the bank's book did not close cleanly");
            }
            drop(ending);
        };
        std::thread::Builder::new().name("bank-book".to_owned()).spawn(work)?;
        Ok(ended)
    }

    async fn run(mut self, mut jobs: mpsc::Receiver<Job>) -> Self {
        let mut batch = Vec::with_capacity(BATCH);
        let mut next_return = Wake::At(now());
        loop {
            tokio::select! {
                received = jobs.recv_many(&mut batch, BATCH) => match received {
                    0 => return self,
                    _ => next_return = next_return.sooner(self.answer(&mut batch)),
                },
                () = next_return.wait() => next_return = self.make_returns(now()).unwrap_or_else(|error| {
                    tracing::error!(%error, "the bank's book could not be written; due returns are tried again");
                    Wake::after(AFTER_ERROR)
                }),
            }
        }
    }

    /// Executes the batch in one transaction, then sends the answers. Returns when the batch's first return is due.
    fn answer(&mut self, batch: &mut Vec<Job>) -> Wake {
        let (orders, replies): (Vec<_>, Vec<_>) = batch.drain(..).map(|job| (job.order, job.reply)).unzip();
        match self.carry_out(&orders) {
            Ok((answers, wake)) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // The caller may have gone; the book has the order all the same.
                    drop(reply.send(answer));
                }
                wake
            }
            Err(error) => {
                tracing::error!(%error, orders = orders.len(), "the bank's book could not be written");
                Wake::Never
            }
        }
    }

    /// Executes all orders or, with an error, none. (On a full disk SQLite rolls back by itself; otherwise dropping the
    /// transaction does.)
    fn carry_out(&mut self, orders: &[Order]) -> rusqlite::Result<(Vec<Answer>, Wake)> {
        let tx = self.book.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut number = next_number(&tx)?;
        let now = now();
        let mut entries = BTreeMap::new();
        let mut answers = Vec::with_capacity(orders.len());
        for order in orders {
            let entry = match entries.entry(order.reference()) {
                btree_map::Entry::Occupied(known) => known.into_mut(),
                btree_map::Entry::Vacant(place) => {
                    let known = Entry::find(&tx, order.reference())?;
                    place.insert(known.unwrap_or_else(|| order.entry(now)))
                }
            };
            answers.push(self.rules.decide(order, entry, &mut number, now));
        }
        for entry in entries.values() {
            entry.save(&tx)?;
        }
        tx.commit()?;
        let due = entries.values().filter_map(|entry| entry.return_due_at).min();
        Ok((answers, due.into()))
    }

    /// Returns the payments that are due, and says when the next one is.
    fn make_returns(&mut self, now: i64) -> rusqlite::Result<Wake> {
        let tx = self.book.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let due = "INSERT INTO returns (number, reference, reason, returned_at)
                   SELECT (SELECT coalesce(max(number), 0) FROM returns)
                              + row_number() OVER (ORDER BY return_due_at, number),
                          reference, 'Beneficiary bank could not credit the account', ?1
                   FROM transfers WHERE return_due_at <= ?1";
        tx.prepare_cached(due)?.execute([now])?;
        tx.prepare_cached("UPDATE transfers SET return_due_at = NULL WHERE return_due_at <= ?")?.execute([now])?;
        let next = "SELECT min(return_due_at) FROM transfers WHERE return_due_at IS NOT NULL";
        let next: Option<i64> = tx.prepare_cached(next)?.query_row([], |row| row.get(0))?;
        tx.commit()?;
        Ok(next.into())
    }
}

/// The next payment's number, in this transaction.
pub(crate) fn next_number(tx: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce(max(number), 0) + 1 FROM transfers WHERE number > 0";
    tx.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts;
    use crate::entry::Transfer;
    use crate::file::open_to_write;
    use crate::settings::Odds;

    fn pay(number: usize) -> Order {
        let reference = format!("PR{number}");
        Order::Submit(Transfer { reference, amount_paise: 1, bank_account_id: accounts::SUCCESS.to_owned() })
    }

    /// The connection's page limit stands in for a full disk: SQLite fails in the same way.
    #[test]
    fn after_a_full_disk_the_bank_continues() {
        let path = std::env::temp_dir().join(format!("payrail_full_{}.db", std::process::id()));
        let rules = Rules { odds: Odds::default(), seed: 1, returns_after: Duration::ZERO };
        let mut writer = Writer::new(open_to_write(&path).unwrap(), rules);
        // No smaller than the file is.
        writer.book.query_row("PRAGMA max_page_count = 1", [], |_| Ok(())).unwrap();
        let mut batches = (0..).map(|batch| (0..50).map(|order| pay(batch * 50 + order)).collect::<Vec<_>>());
        let mut carry_out = |writer: &mut Writer| {
            let batch = batches.next().unwrap();
            (writer.carry_out(&batch).map(|(answers, _)| answers.len() as i64).ok(), batch)
        };
        let mut done = 0;
        let lost = loop {
            match carry_out(&mut writer) {
                (Some(orders), _) => done += orders,
                (None, batch) => break batch,
            }
            assert!(done < 5_000, "the book is full at some time");
        };
        assert!(carry_out(&mut writer).0.is_none() && carry_out(&mut writer).0.is_none(), "it stays full");
        writer.book.query_row("PRAGMA max_page_count = 100000", [], |_| Ok(())).unwrap();
        assert_eq!(carry_out(&mut writer).0, Some(50), "there is room again");
        let known = |order: &Order| Entry::find(&writer.book, order.reference()).unwrap().is_some();
        assert!(!lost.iter().any(known), "an order without an answer has no effect");
        let paid: i64 = writer.book.query_row("SELECT count(*) FROM transfers", [], |row| row.get(0)).unwrap();
        assert_eq!(paid, done + 50);
        std::fs::remove_file(&path).unwrap();
    }
}
