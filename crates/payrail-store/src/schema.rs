//! Creates, updates and resets the tables.

use uuid::Uuid;

use crate::cells::Cells;
use crate::database::Database;
use crate::error::{Result, StoreError};
use crate::migrations;
use crate::store::Store;
use crate::tables::settings::{Purpose, names};

impl Store {
    /// As [`Self::migrate_as`], for a ledger.
    pub async fn migrate(&self) -> Result<()> {
        self.migrate_as(Purpose::Ledger, &[]).await
    }

    /// Brings the schema up to this program's version, and refuses a newer one. It takes a lock, so that many processes
    /// may start at once. A new database gets this purpose and these settings.
    pub async fn migrate_as(&self, purpose: Purpose, settings: &[(&str, &str)]) -> Result<()> {
        match self.migrate_within_reach(purpose, settings).await?.pop() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The same for a server's start. Where a cell elsewhere cannot be reached, the others' merchants are served: returned
    /// is what kept those cells from being migrated. Until they are, they are not used.
    pub async fn migrate_within_reach(&self, purpose: Purpose, settings: &[(&str, &str)]) -> Result<Vec<StoreError>> {
        let id = Uuid::now_v7().to_string();
        let cells = self.cell_settings();
        let mut born = vec![(names::CREATED_AS, purpose.as_str()), (names::DATABASE_ID, id.as_str())];
        born.extend(cells.iter().map(|(name, value)| (*name, value.as_str())));
        born.extend_from_slice(settings);
        // The central database knows of its cells before there is the first of them.
        migrate(self.central(), &born).await?;
        self.learn().await?;
        let mut out_of_reach = Vec::new();
        if self.has_cells() {
            for (number, cell) in self.numbered_cells() {
                match migrate(cell, &[]).await {
                    Err(StoreError::Unavailable(why)) => {
                        out_of_reach.push(StoreError::Unavailable(format!("cell {}: {why}", number + 1)));
                    }
                    done => done?,
                }
            }
        }
        Ok(out_of_reach)
    }

    /// The newest migration that this program knows.
    pub fn schema_version(&self) -> i64 {
        migrations::newest(self.is_sqlite())
    }

    /// Whether the schema is of this version. It changes nothing, so it works on a standby.
    pub async fn check_schema(&self) -> Result<()> {
        for database in self.each() {
            migrations::check(&mut database.short_read().await?).await?;
        }
        Ok(())
    }

    /// Whether there is no schema of any version.
    pub async fn is_new(&self) -> Result<bool> {
        migrations::is_new(&mut self.central().short_read().await?).await
    }

    /// Removes everything, including the history, and creates empty tables, as a demonstration with these settings. The
    /// caller must have checked that this is allowed: see the program's `reset`.
    pub async fn reset(&self, settings: &[(&str, &str)]) -> Result<()> {
        // Whatever dies in between, the central database still says which cells there are, and that they may be emptied.
        for cell in self.cells_elsewhere() {
            drop_all(cell, Cells::ONE).await?;
        }
        drop_all(self.central(), self.cells()).await?;
        self.migrate_as(Purpose::Demonstration, settings).await
    }
}

async fn migrate(database: &Database, born: &[(&str, &str)]) -> Result<()> {
    match database {
        Database::Sqlite(store) => store.migrate(born).await,
        Database::Postgres(store) => store.migrate(born).await,
    }
}

/// `cells`: those that are schemas of this database go with it.
async fn drop_all(database: &Database, cells: Cells) -> Result<()> {
    match database {
        Database::Sqlite(store) => store.drop_all().await,
        Database::Postgres(store) => store.drop_all(cells).await,
    }
}
