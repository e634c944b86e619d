//! PayRail's two stores, which behave the same, and the only SQL. A store locks, loads, calls the core and writes the
//! result, in one transaction. It decides nothing.
//!
//! From the bottom up: `db` (values, rows, tables), the two drivers, `store` (connections), `tables` (a file each), and
//! reads over several tables. No module imports one above it; `scripts/check-imports` checks that.

mod announcements;
mod audit;
mod cells;
mod clock;
mod connection;
mod database;
mod db;
mod error;
mod execute;
#[cfg(feature = "fill")]
mod fill;
mod find;
mod load;
mod migrations;
mod needs;
mod position;
mod postgres;
pub mod private;
mod process_lock;
mod schema;
mod search;
mod shared_utrs;
mod sqlite;
mod store;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;
mod totals;
mod write;

pub use announcements::Announcements;
pub use audit::{AttemptFact, DecisionFact, EventFact, Orphan, Place, Snapshot};
pub use cells::{CELLS_MAX, Cells};
pub use clock::{ClockDifference, Now, SharedClock};
pub use error::{Result, StoreError};
#[cfg(feature = "fill")]
pub use fill::{Filler, Filling, Order, Paid};
pub use find::{FoundOfAll, FoundPayouts, SEARCHED_MAX, Wanted};
pub use payrail_types::operator::OperatorAction;
pub use position::Position;
pub use postgres::PostgresStore;
pub use process_lock::ProcessLock;
pub use search::{ActionFilter, EntryFilter, Found, LOOKED_AT_MAX, PayoutFilter, RecordFilter, Window};
pub use shared_utrs::SharedUtr;
pub use sqlite::{SqliteStore, file_of};
pub use store::opening::Opening;
pub use store::{Replies, Store};
pub use tables::api_keys::{KeyLine, NewKey};
pub use tables::attempts::AttemptLine;
pub use tables::bank_returns::{ReturnRow, WaitingReturn};
pub use tables::exceptions::{ExceptionFilter, ExceptionLine, ExceptionRow, Resolution};
pub use tables::idempotency_records::RecordRow;
pub use tables::ledger_entries::{BalanceLine, EntryRow, LedgerLine};
pub use tables::merchant_sessions::MerchantSession;
pub use tables::merchants::Merchant;
pub use tables::operator_sessions::NewSession;
pub use tables::operators::{Disabling, Operator, Role};
pub use tables::outbox::EventLine;
pub use tables::payouts::{OutcomeLine, PayoutRow};
pub use tables::settings::{Purpose, names};
pub use tables::workers::WorkerLine;
pub use totals::{COUNTED_MAX, TrialBalance, UnderWay, Waiting};
