//! The one writer of the book. The orders that arrive while a transaction commits make up the
//! next one: under load many share one write to disk, alone an order waits for nobody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::book::open_to_write;
use super::entry::{Answer, Entry, House, Order};

/// The most orders in one transaction.
const BATCH: usize = 512;

/// The wait after the book could not be written, before due returns are tried again.
const AFTER_ERROR: Duration = Duration::from_secs(1);

pub struct Job {
    pub order: Order,
    /// Dropped without an answer when the transaction failed.
    pub reply: oneshot::Sender<Answer>,
}

/// Microseconds since 1970, as the book has it. A bank has a clock of its own.
#[allow(clippy::disallowed_methods)]
fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

/// Works until nobody can send any more.
pub async fn run(mut book: SqliteConnection, path: PathBuf, house: House, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut next_return = Wake::At(now());
    loop {
        tokio::select! {
            received = jobs.recv_many(&mut batch, BATCH) => match received {
                0 => break,
                _ => match carry_out(&mut book, house, &mut batch).await {
                    Some(wake) => next_return = next_return.sooner(wake),
                    None => reopen(&mut book, &path).await,
                },
            },
            () = next_return.wait() => next_return = match give_back(&mut book, now()).await {
                Ok(wake) => wake,
                Err(error) => {
                    tracing::error!(%error, "the bank's book could not take in returns");
                    tokio::time::sleep(AFTER_ERROR).await;
                    reopen(&mut book, &path).await;
                    Wake::At(now())
                }
            },
        }
    }
    if let Err(error) = book.close().await {
        tracing::warn!(%error, "the bank's book did not close cleanly");
    }
}

/// When the next return is due.
#[derive(Clone, Copy)]
enum Wake {
    At(i64),
    Never,
}

impl Wake {
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

/// A connection whose transaction failed is not used again: when the disk is full SQLite rolls back by itself, and
/// sqlx holds the transaction to be open ever after.
async fn reopen(book: &mut SqliteConnection, path: &Path) {
    match open_to_write(path).await {
        Ok(fresh) => *book = fresh,
        Err(error) => tracing::error!(%error, "the bank's book could not be opened anew; trying again later"),
    }
}

/// One transaction for the whole batch, then the answers. Tells when the next return is due; `None` when nothing was
/// written.
async fn carry_out(book: &mut SqliteConnection, house: House, batch: &mut Vec<Job>) -> Option<Wake> {
    let (orders, replies): (Vec<_>, Vec<_>) = batch.drain(..).map(|job| (job.order, job.reply)).unzip();
    match commit(book, house, &orders).await {
        Ok((answers, wake)) => {
            for (reply, answer) in replies.into_iter().zip(answers) {
                // Whoever asked may have gone; the book has it all the same.
                drop(reply.send(answer));
            }
            Some(wake)
        }
        Err(error) => {
            tracing::error!(%error, orders = orders.len(), "the bank's book could not be written");
            None
        }
    }
}

async fn commit(book: &mut SqliteConnection, house: House, orders: &[Order]) -> sqlx::Result<(Vec<Answer>, Wake)> {
    let mut tx = book.begin_with("BEGIN IMMEDIATE").await?;
    let mut entries = load(&mut tx, orders).await?;
    let mut number: i64 = sqlx::query_scalar("SELECT coalesce(max(number), 0) + 1 FROM transfers WHERE number > 0")
        .fetch_one(&mut *tx)
        .await?;
    let now = now();
    let mut answers = Vec::with_capacity(orders.len());
    for order in orders {
        let entry = entries.entry(order.reference().to_owned()).or_insert_with(|| order.entry(now));
        answers.push(house.decide(order, entry, &mut number, now));
    }
    write(&mut tx, &entries).await?;
    tx.commit().await?;
    let due = entries.values().filter_map(|entry| entry.return_due_at).min();
    Ok((answers, due.map_or(Wake::Never, Wake::At)))
}

async fn load(tx: &mut SqliteConnection, orders: &[Order]) -> sqlx::Result<BTreeMap<String, Entry>> {
    let references: Vec<_> = orders.iter().map(Order::reference).collect();
    let known: Vec<Entry> =
        sqlx::query_as("SELECT t.* FROM json_each(?) j CROSS JOIN transfers t ON t.reference = j.value")
            .bind(json(&references)?)
            .fetch_all(tx)
            .await?;
    Ok(known.into_iter().map(|entry| (entry.reference.clone(), entry)).collect())
}

async fn write(tx: &mut SqliteConnection, entries: &BTreeMap<String, Entry>) -> sqlx::Result<()> {
    let rows: Vec<_> = entries.values().collect();
    sqlx::query(
        "INSERT INTO transfers (reference, amount_paise, bank_account_id, status, reason, arrivals,
                                arrived_at, decided_at, number, return_due_at)
         SELECT value ->> 'reference', value ->> 'amount_paise', value ->> 'bank_account_id', value ->> 'status',
                value ->> 'reason', value ->> 'arrivals', value ->> 'arrived_at', value ->> 'decided_at',
                value ->> 'number', value ->> 'return_due_at'
         FROM json_each(?) WHERE true
         ON CONFLICT (reference) DO UPDATE SET status = excluded.status, reason = excluded.reason,
                arrivals = excluded.arrivals, decided_at = excluded.decided_at, number = excluded.number,
                return_due_at = excluded.return_due_at",
    )
    .bind(json(&rows)?)
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives back what is due, and tells when the next is.
async fn give_back(book: &mut SqliteConnection, now: i64) -> sqlx::Result<Wake> {
    let mut tx = book.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO returns (number, reference, reason, returned_at)
         SELECT (SELECT coalesce(max(number), 0) FROM returns) + row_number() OVER (ORDER BY return_due_at, number),
                reference, 'Beneficiary bank could not credit the account', ?1
         FROM transfers WHERE return_due_at <= ?1",
    )
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE transfers SET return_due_at = NULL WHERE return_due_at <= ?")
        .bind(now)
        .execute(&mut *tx)
        .await?;
    let due: Option<i64> =
        sqlx::query_scalar("SELECT min(return_due_at) FROM transfers WHERE return_due_at IS NOT NULL")
            .fetch_one(&mut *tx)
            .await?;
    tx.commit().await?;
    Ok(due.map_or(Wake::Never, Wake::At))
}

fn json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Transfer;
    use crate::{Odds, accounts};

    fn pay(number: usize) -> Order {
        let reference = format!("PR{number}");
        Order::Submit(Transfer { reference, amount_paise: 1, bank_account_id: accounts::SUCCESS.to_owned() })
    }

    async fn say(jobs: &mpsc::Sender<Job>, order: Order) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        jobs.send(Job { order, reply }).await.ok()?;
        answer.await.ok()
    }

    /// A limit of the connection's stands for the disk's end: SQLite does the same at either.
    #[tokio::test]
    async fn after_the_disk_was_full_the_bank_goes_on() {
        let path = std::env::temp_dir().join(format!("payrail_full_{}.db", std::process::id()));
        let mut book = open_to_write(&path).await.unwrap();
        sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut book).await.unwrap();
        let house = House { odds: Odds::default(), seed: 1, returns_after: Duration::ZERO };
        let (jobs, inbox) = mpsc::channel(1);
        let writer = tokio::spawn(run(book, path.clone(), house, inbox));
        let mut answers = Vec::new();
        for number in 0..400 {
            answers.push(say(&jobs, pay(number)).await.is_some());
        }
        assert!(answers.contains(&false), "the book was full at some time");
        assert!(answers.ends_with(&[true; 10]), "and it was for once only");
        drop(jobs);
        writer.await.unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
