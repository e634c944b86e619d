//! Does it stay as fast as it was? Real HTTP against the program in its own process, on SQLite and on a private
//! PostgreSQL, on histories that `payrail-bench fill` writes. What is compared is asked in turn, so that whatever
//! else the machine does falls on all alike. `payrail verify` must find no difference afterwards, or this fails.
//!
//!     make bench                          a long book of 1,000,000 entries, 100,000 merchants
//!     ENTRIES=10000000 PENDING=1000000 FINISHED=10000000 cargo bench --bench flat   (within `scripts/with-postgres`)
//!     STORE=SQLite …                  one of the two alone

mod books;
mod claims;
mod merchants;
mod picture;
mod report;
mod scene;

use payrail_store::testing::TestDatabase;

use report::Report;

/// How much is written, and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Ledger entries of the longest book.
    pub entries: u64,
    /// Merchants of the large database.
    pub merchants: u64,
    /// Payouts that wait for a worker, and payouts that have reached their end.
    pub pending: u64,
    pub finished: u64,
    /// Payouts that are claimed and completed while the work list is looked at.
    pub drained: u64,
    /// Requests of each kind.
    pub rounds: usize,
}

#[tokio::main]
async fn main() {
    let number = |name, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let size = Size {
        entries: number("ENTRIES", 1_000_000).max(100),
        merchants: number("MERCHANTS", 100_000).max(3),
        pending: number("PENDING", 100_000).max(1_000),
        finished: number("FINISHED", 100_000),
        drained: number("DRAINED", 20_000),
        rounds: number("ROUNDS", 500).max(10) as usize,
    };
    let mut report = Report::new(size);
    let only = std::env::var("STORE").unwrap_or_default();
    if only != "PostgreSQL" {
        measure("SQLite", size, &mut report, || Box::pin(async { TestDatabase::sqlite() })).await;
    }
    if only == "SQLite" {
        println!("PostgreSQL: left out, as asked");
    } else if std::env::var_os("TEST_DATABASE_URL").is_some() {
        measure("PostgreSQL", size, &mut report, || Box::pin(TestDatabase::postgres())).await;
    } else {
        println!("PostgreSQL: left out, TEST_DATABASE_URL is not set (`make bench` sets it)");
    }
    report.write();
}

type Fresh = std::pin::Pin<Box<dyn Future<Output = TestDatabase>>>;

async fn measure(store: &'static str, size: Size, report: &mut Report, fresh: impl Fn() -> Fresh) {
    books::measure(store, size, report, fresh().await).await;
    merchants::measure(store, size, report, [fresh().await, fresh().await]).await;
    claims::measure(store, size, report, [fresh().await, fresh().await]).await;
}
