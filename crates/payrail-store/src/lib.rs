//! PayRail's two stores, equal in behaviour: the only SQL. A store locks, loads, calls the core and
//! writes what it answers, in one transaction. It decides nothing.

#[macro_use]
mod either;

mod announcements;
mod audit;
mod clock;
mod db;
mod error;
mod exceptions;
mod fill;
mod find;
mod keys;
mod lists;
mod load;
mod migrations;
mod needs;
mod operators;
mod postgres;
pub mod private;
mod process_lock;
mod refusals;
mod rows;
mod search;
mod sessions;
mod settings;
mod shared_utrs;
mod sqlite;
mod statements;
#[cfg(feature = "testing")]
pub mod testing;
mod totals;
mod views;
mod workers;
mod write;

use jiff::Timestamp;
use payrail_core::backoff::{LONGEST_WAIT, later};
use payrail_core::command::{Command, Refusal, Reply};
use payrail_core::decide::Rules;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger::Tip;
use payrail_core::payout::Payout;
use uuid::Uuid;

use crate::db::{Connection, Transaction};
use crate::needs::{Books, Needs};

pub use announcements::Announcements;
pub use audit::{
    AttemptFact, DecisionFact, EntryFact, EventFact, ExceptionFact, PayoutFact, Place, RecordFact, ReturnFact,
    SharedUtr, Stray,
};
pub use clock::{ClockDifference, Now, SharedClock};
pub use error::{Result, StoreError};
pub use exceptions::{ExceptionFilter, ExceptionLine, Resolution, WaitingReturn};
pub use fill::{Filler, Filling, Order, Paid};
pub use find::{FoundOfAll, FoundPayouts, SEARCHED_MAX, Wanted};
pub use keys::{KeyLine, NewKey};
pub use lists::Position;
pub use operators::{Disabling, NewSession, Operator, Role};
pub use payrail_core::operator::OperatorAction;
pub use postgres::PostgresStore;
pub use process_lock::ProcessLock;
pub use rows::{AttemptLine, EventLine, LedgerLine, Merchant};
pub use search::{ActionFilter, EntryFilter, Found, LOOKED_AT_MAX, PayoutFilter, RecordFilter, Window};
pub use settings::{Purpose, names};
pub use sqlite::{SqliteStore, file_of};
pub use totals::{COUNTED_MAX, TrialBalance, UnderWay, Waiting};
pub use views::{BalanceLine, OutcomeLine};
pub use workers::WorkerLine;

/// One for each command of the batch, in order.
pub type Replies = Vec<std::result::Result<Reply, Refusal>>;

#[derive(Clone, Debug)]
pub enum Store {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Store {
    /// `sqlite:///path`, `sqlite://relative.db` or `postgres://…`. On PostgreSQL with `writers`
    /// connections for the lanes and `readers` for everything else.
    pub async fn open(url: &str, writers: u32, readers: u32) -> Result<Self> {
        if url.starts_with("sqlite:") {
            Ok(Self::Sqlite(SqliteStore::open(url, readers).await?))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres(PostgresStore::open(url, writers, readers).await?))
        } else {
            Err(StoreError::Unavailable("DATABASE_URL must begin with sqlite:// or postgres://".to_owned()))
        }
    }

    /// [`Self::migrate_as`] a ledger.
    pub async fn migrate(&self) -> Result<()> {
        self.migrate_as(Purpose::Ledger, &[]).await
    }

    /// Brings the schema up to this program's version; refuses one that is newer. Under a lock, so that
    /// many processes may start at once. A database that is created by this remembers what for, and these settings.
    pub async fn migrate_as(&self, purpose: Purpose, settings: &[(&str, &str)]) -> Result<()> {
        let id = Uuid::now_v7().to_string();
        let mut born = vec![(names::CREATED_AS, purpose.as_str()), (names::DATABASE_ID, id.as_str())];
        born.extend_from_slice(settings);
        match self {
            Self::Sqlite(store) => store.migrate(&born).await,
            Self::Postgres(store) => store.migrate(&born).await,
        }
    }

    /// The newest migration that this program knows.
    pub fn schema_version(&self) -> i64 {
        migrations::newest(matches!(self, Self::Sqlite(_)))
    }

    /// Whether there is no schema yet, of whatever version.
    pub async fn is_new(&self) -> Result<bool> {
        migrations::is_new(&mut self.short_read().await?).await
    }

    /// Removes everything, history included, and begins anew with empty tables, as a demonstration and with these
    /// settings. The caller has made sure that it may: see the program's `reset`.
    pub async fn reset(&self, settings: &[(&str, &str)]) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.drop_all().await?,
            Self::Postgres(store) => store.drop_all().await?,
        }
        self.migrate_as(Purpose::Demonstration, settings).await
    }

    /// Waits for what is under way and closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }

    /// THE way in: one batch, one transaction, one decision.
    pub async fn execute(&self, commands: &[Command], rules: &Rules, now: impl Into<Now<'_>>) -> Result<Replies> {
        let now = now.into();
        match self {
            Self::Sqlite(store) => store.execute(commands, rules, now).await,
            Self::Postgres(store) => store.execute(commands, rules, now).await,
        }
    }

    /// Whether the sessions of the pool are what was asked for, and whether the database takes writes.
    pub async fn check_session(&self) -> Result<()> {
        match self {
            // There each connection is looked at when it begins, and nobody stands between.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(store) => store.check_session().await,
        }
    }

    /// What an operator must hear of a server that does not flush to disk as it should.
    pub async fn flush_warnings(&self) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(_) => Ok(Vec::new()),
            Self::Postgres(store) => store.flush_warnings().await,
        }
    }

    pub async fn merchant_of_key(&self, hash: &[u8]) -> Result<Option<Merchant>> {
        read!(self, statements::merchant_of_key(hash))
    }

    pub async fn merchant_of_email(&self, email: &str) -> Result<Option<Merchant>> {
        read!(self, statements::merchant_of_email(email))
    }

    pub async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>> {
        read!(self, statements::merchant(id))
    }

    pub async fn merchants(&self, after: Option<MerchantId>, limit: u32) -> Result<Vec<Merchant>> {
        read!(self, statements::merchants(after, limit))
    }

    pub async fn tip(&self, merchant: MerchantId) -> Result<Tip> {
        read!(self, statements::tip(merchant))
    }

    pub async fn ledger(&self, merchant: MerchantId, before: i64, limit: u32) -> Result<Vec<LedgerLine>> {
        read!(self, statements::ledger(merchant, before, limit))
    }

    pub async fn payouts(&self, merchant: MerchantId, before: Option<PayoutId>, limit: u32) -> Result<Vec<Payout>> {
        read!(self, statements::payouts(merchant, before, limit))
    }

    pub async fn payout(&self, merchant: MerchantId, id: PayoutId) -> Result<Option<Payout>> {
        read!(self, statements::payout(merchant, id))
    }

    pub async fn merchant_of_payout(&self, id: PayoutId) -> Result<Option<MerchantId>> {
        read!(self, statements::merchant_of_payout(id))
    }

    pub async fn attempts(&self, merchant: MerchantId, payout: PayoutId) -> Result<Vec<AttemptLine>> {
        read!(self, statements::attempts(merchant, payout))
    }

    pub async fn events(&self, merchant: MerchantId, after: i64, limit: u32) -> Result<Vec<EventLine>> {
        read!(self, statements::events(merchant, after, limit))
    }

    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, PayoutId)>> {
        read!(self, statements::due(now, limit))
    }

    pub async fn due_from(
        &self,
        from: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(MerchantId, PayoutId, Timestamp)>> {
        read!(self, statements::due_from(from, now, limit))
    }

    pub async fn doubtful(&self, limit: u32) -> Result<Vec<(MerchantId, Payout)>> {
        read!(self, statements::doubtful(limit))
    }

    /// The payouts that are due later than any wait that settings allow, the latest first: a clock was wrong.
    pub async fn due_far_ahead(&self, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, Payout)>> {
        read!(self, statements::due_after(later(now, LONGEST_WAIT), limit))
    }

    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        read!(self, statements::setting(name))
    }

    pub async fn put_setting(&self, name: &str, value: &str) -> Result<()> {
        write!(self, statements::put_setting(name, value))
    }

    /// False when the e-mail address is taken.
    pub async fn add_merchant(&self, merchant: &Merchant) -> Result<bool> {
        write!(self, statements::add_merchant(merchant))
    }

    /// Stores the keyed hash of an API key; the same one again changes nothing.
    pub async fn add_key(&self, merchant: MerchantId, hash: &[u8], prefix: &str, now: Timestamp) -> Result<()> {
        write!(self, statements::add_key(merchant, hash, prefix, now))
    }

    /// A row of the audit log on its own; one that tells of a write belongs into that write's transaction.
    pub async fn add_action(&self, action: &OperatorAction) -> Result<()> {
        write!(self, statements::add_action(action))
    }

    /// Every merchant's book and payouts as they were at one moment, for `verify`.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        Ok(Snapshot(match self {
            Self::Sqlite(store) => store.begin_snapshot().await?,
            Self::Postgres(store) => store.begin_snapshot().await?,
        }))
    }

    /// For look-ups by key.
    async fn short_read(&self) -> Result<Connection> {
        match self {
            Self::Sqlite(store) => store.short_read().await,
            Self::Postgres(store) => store.short_read().await,
        }
    }

    /// For what may take long.
    async fn long_read(&self) -> Result<Connection> {
        match self {
            Self::Sqlite(store) => store.long_read().await,
            Self::Postgres(store) => store.long_read().await,
        }
    }

    /// For small writes beside the lanes.
    async fn begin(&self) -> Result<Transaction> {
        match self {
            Self::Sqlite(store) => store.begin().await,
            Self::Postgres(store) => store.begin().await,
        }
    }

    /// A transaction that has these merchants locked, and their books.
    async fn begin_with_books(&self, needs: &Needs) -> Result<(Transaction, Books)> {
        match self {
            Self::Sqlite(store) => store.begin_with_books(needs).await,
            Self::Postgres(store) => store.begin_with_books(needs).await,
        }
    }

    async fn tidy(&self) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.tidy().await,
            Self::Postgres(store) => store.tidy().await,
        }
    }
}

/// A read-only transaction: every read in it sees the same moment.
#[derive(Debug)]
pub struct Snapshot(Transaction);

/// Whole books as the core knows them, for tests to compare; the auditor reads plain rows (`audit.rs`).
#[cfg(feature = "testing")]
impl Snapshot {
    pub async fn entries_after(&mut self, merchant: MerchantId, seq: i64, limit: u32) -> Result<Vec<LedgerLine>> {
        statements::entries_after(&mut self.0, merchant, seq, limit).await
    }

    pub async fn payouts_after(
        &mut self,
        merchant: MerchantId,
        after: Option<PayoutId>,
        limit: u32,
    ) -> Result<Vec<Payout>> {
        statements::payouts_after(&mut self.0, merchant, after, limit).await
    }
}
