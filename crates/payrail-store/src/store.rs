//! A store: what is central, and the cells that hold the merchants' books. With one cell, both are the same database.

pub(crate) mod change;
mod each;
pub(crate) mod opening;
mod out_of_reach;

use std::sync::Arc;

use payrail_core::command::{Refusal, Reply};
use payrail_types::ids::{Bucket, MerchantId};

use crate::cells::{Cells, Ledger, nobody};
use crate::clock::{ClockDifference, SharedClock};
use crate::database::Database;
use crate::error::Result;
use crate::sqlite::SqliteStore;
use out_of_reach::OutOfReach;

/// A result for each command of the batch, in order.
pub type Replies = Vec<std::result::Result<Reply, Refusal>>;

#[derive(Clone, Debug)]
pub struct Store {
    /// Directory, keys, sessions, operators and settings, and rows that concern no merchant.
    central: Database,
    /// Merchants, with all that belongs to them.
    cells: Arc<[Database]>,
    count: Cells,
    layout: Layout,
    /// The central database's id, once it is known. A cell elsewhere belongs to it.
    ledger: Ledger,
    out_of_reach: Arc<OutOfReach>,
}

/// Where the cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// In the central database, as schemas, which Citus may keep on nodes of its own. One cell is the central schema itself.
    Schemas,
    /// Each is a database of its own.
    Servers,
}

impl Store {
    /// Waits for the running statements and closes every connection.
    pub async fn close(&self) {
        for database in self.each() {
            database.close().await;
        }
    }

    pub const fn is_sqlite(&self) -> bool {
        self.central.is_sqlite()
    }

    /// The embedded store, for what only a file can do.
    pub const fn sqlite(&self) -> Option<&SqliteStore> {
        match &self.central {
            Database::Sqlite(store) => Some(store),
            Database::Postgres(_) => None,
        }
    }

    /// The number of cells.
    pub const fn cells(&self) -> Cells {
        self.count
    }

    /// The clock that all processes of this database share.
    pub fn clock(&self) -> SharedClock {
        self.central.clock()
    }

    /// Reads the shared clock and compares this process's own with it. On SQLite there is only one clock.
    pub async fn compare_clocks(&self) -> Result<ClockDifference> {
        self.central.compare_clocks().await
    }

    /// Whether the pool's sessions have the required settings, and whether the database accepts writes. A cell elsewhere is
    /// not asked: where one cannot be reached, the others' merchants are served.
    pub async fn check_session(&self) -> Result<()> {
        self.central.check_session().await
    }

    pub(crate) const fn central(&self) -> &Database {
        &self.central
    }

    /// The merchant's cell. Rows that concern no merchant are central.
    pub(crate) fn of(&self, merchant: MerchantId) -> &Database {
        if merchant == nobody() { &self.central } else { self.of_bucket(merchant.bucket()) }
    }

    pub(crate) fn of_bucket(&self, bucket: Bucket) -> &Database {
        &self.cells[self.count.of(bucket)]
    }

    /// The cells, each with its number.
    pub(crate) fn numbered_cells(&self) -> impl Iterator<Item = (usize, &Database)> {
        self.cells.iter().enumerate()
    }

    /// Every database, each once.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Database> {
        let central = self.has_cells().then_some(&self.central);
        central.into_iter().chain(self.cells.iter())
    }

    /// The cells that are databases of their own.
    pub(crate) fn cells_elsewhere(&self) -> impl Iterator<Item = &Database> {
        self.cells.iter().filter(|_| self.layout == Layout::Servers)
    }

    /// Whether a cell can be out of reach while the others answer.
    pub(crate) const fn cells_fail_alone(&self) -> bool {
        matches!(self.layout, Layout::Servers) || self.central.is_citus()
    }

    /// Whether the merchants are somewhere else than what is central.
    pub(crate) fn has_cells(&self) -> bool {
        self.count != Cells::ONE || self.layout == Layout::Servers
    }
}
