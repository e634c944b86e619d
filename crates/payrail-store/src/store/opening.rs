//! Opens a store: which cells its database has, or is to get, and where they are.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Layout, Store};
use crate::cells::{CellPlace, Cells, DATABASE_ID, Ledger};
use crate::database::Database;
use crate::db::values;
use crate::error::{Result, StoreError};
use crate::migrations;
use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;

/// How to open a store.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// `sqlite:///path`, `sqlite://relative.db` or `postgres://…`.
    pub url: &'a str,
    /// The address of PostgreSQL itself, if `url` leads through a connection pooler. Migrations, process locks and
    /// announcements use it, because they need their own session.
    pub direct: Option<&'a str>,
    /// On PostgreSQL, the number of connections for the lanes.
    pub writers: u32,
    /// The number of connections for everything else.
    pub readers: u32,
    /// The number of cells of a new database. An existing one must have as many. `None`: whatever it has, or one.
    pub cells: Option<Cells>,
    /// The addresses of the cells, in their order, if each is a database of its own, on whatever server.
    pub cell_urls: &'a [String],
}

/// The setting with the number of cells. A database without it has one.
const CELLS: &str = "cells";
/// The setting of a database whose cells are databases of their own.
const CELL_SERVERS: &str = "cell_servers";
/// The connections of a cell for everything but its lanes.
const CELL_READERS: u32 = 4;

impl Store {
    pub async fn open(url: &str, writers: u32, readers: u32) -> Result<Self> {
        Self::open_with(Opening { url, direct: None, writers, readers, cells: None, cell_urls: &[] }).await
    }

    pub async fn open_with(opening: Opening<'_>) -> Result<Self> {
        let Opening { url, direct, writers, readers, cells: wanted, cell_urls } = opening;
        let wanted = wanted_count(wanted, cell_urls)?;
        if url.starts_with("sqlite:") {
            if !cell_urls.is_empty() || wanted.is_some_and(|wanted| wanted != Cells::ONE) {
                return Err(StoreError::Address("SQLite has one cell; several need PostgreSQL".to_owned()));
            }
            let central = Database::Sqlite(SqliteStore::open(url, readers).await?);
            return Ok(Self::of_one(central));
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(StoreError::Address("DATABASE_URL must begin with sqlite:// or postgres://".to_owned()));
        }
        let store = PostgresStore::open(url, direct, writers, readers).await?;
        let central = Database::Postgres(store.clone());
        let Known { count, layout, ledger } = known(&central, wanted, cell_urls).await?;
        if count == Cells::ONE && layout == Layout::Schemas {
            return Ok(Self::of_one(central));
        }
        let ledger = Ledger::new(RwLock::new(ledger));
        let writers = writers.div_ceil(u32::from(count.get()));
        let cell = |number| match layout {
            Layout::Schemas => store.cell(number, writers, CELL_READERS),
            Layout::Servers => {
                let (ledger, version) = (ledger.clone(), migrations::newest(false));
                let place = CellPlace { ledger, number, count: count.get(), version };
                store.cell_elsewhere(&cell_urls[usize::from(number)], place, writers, CELL_READERS)
            }
        };
        let cells = (0..count.get()).map(|number| cell(number).map(Database::Postgres)).collect::<Result<_>>()?;
        Ok(Self { central, cells, count, layout, ledger, out_of_reach: Arc::default() })
    }

    fn of_one(central: Database) -> Self {
        let cells = Arc::new([central.clone()]);
        let (count, layout) = (Cells::ONE, Layout::Schemas);
        Self { central, cells, count, layout, ledger: Arc::default(), out_of_reach: Arc::default() }
    }

    /// Reads the central database's id, once it has one. Fails if another process has created it with other cells
    /// meanwhile.
    pub(crate) async fn learn(&self) -> Result<()> {
        let Some(Known { count, layout, ledger }) = known_cells(&self.central).await? else { return Ok(()) };
        if (count, layout) != (self.count, self.layout) {
            return Err(StoreError::Retry(format!(
                "another process has just created the database with {}: start again",
                in_words(count, layout)
            )));
        }
        *self.ledger.write().unwrap_or_else(PoisonError::into_inner) = ledger;
        Ok(())
    }

    /// The settings of a new central database because of its cells.
    pub(crate) fn cell_settings(&self) -> Vec<(&'static str, String)> {
        let count = self.has_cells().then(|| (CELLS, self.count.get().to_string()));
        let layout = (self.layout == Layout::Servers).then(|| (CELL_SERVERS, "1".to_owned()));
        count.into_iter().chain(layout).collect()
    }
}

/// A list of addresses is the number, too.
fn wanted_count(wanted: Option<Cells>, cell_urls: &[String]) -> Result<Option<Cells>> {
    if cell_urls.is_empty() {
        return Ok(wanted);
    }
    let listed = Cells::new(u16::try_from(cell_urls.len()).unwrap_or(u16::MAX))?;
    match wanted {
        Some(wanted) if wanted != listed => Err(StoreError::Address(format!(
            "PAYRAIL_CELL_URLS has {} addresses, and {} cells are asked for",
            listed.get(),
            wanted.get()
        ))),
        _ => Ok(Some(listed)),
    }
}

struct Known {
    count: Cells,
    layout: Layout,
    ledger: Option<String>,
}

/// The cells that a database has, or is to get.
async fn known(central: &Database, wanted: Option<Cells>, cell_urls: &[String]) -> Result<Known> {
    let layout = if cell_urls.is_empty() { Layout::Schemas } else { Layout::Servers };
    let Some(known) = known_cells(central).await? else {
        return Ok(Known { count: wanted.unwrap_or(Cells::ONE), layout, ledger: None });
    };
    if known.layout == Layout::Servers && layout == Layout::Schemas {
        return Err(StoreError::Address(format!(
            "the database has {}: PAYRAIL_CELL_URLS must name them, in their order",
            in_words(known.count, known.layout)
        )));
    }
    let wanted = wanted.unwrap_or(known.count);
    if (known.count, known.layout) != (wanted, layout) {
        return Err(StoreError::Address(format!(
            "the database has {}, which never changes: {} cannot be had here. Name a new database in DATABASE_URL, or \
             leave the number out",
            in_words(known.count, known.layout),
            in_words(wanted, layout)
        )));
    }
    Ok(known)
}

fn in_words(cells: Cells, layout: Layout) -> String {
    let number = if cells == Cells::ONE { "one cell".to_owned() } else { format!("{} cells", cells.get()) };
    if layout == Layout::Servers { format!("{number} elsewhere") } else { number }
}

/// `None` for a database without tables.
async fn known_cells(central: &Database) -> Result<Option<Known>> {
    let mut on = central.short_read().await?;
    if migrations::is_new(&mut on).await? {
        return Ok(None);
    }
    let sql = "SELECT name, value FROM settings WHERE name IN ($1, $2, $3)";
    let rows: Vec<(String, String)> = on.all(sql, values![CELLS, CELL_SERVERS, DATABASE_ID]).await?;
    let mut found: BTreeMap<_, _> = rows.into_iter().collect();
    let count = match found.remove(CELLS) {
        None => Cells::ONE,
        Some(text) => {
            let count = text.parse().ok().and_then(|count| Cells::new(count).ok());
            count.ok_or_else(|| StoreError::Corrupt(format!("the number of cells is {text:?}")))?
        }
    };
    let layout = if found.contains_key(CELL_SERVERS) { Layout::Servers } else { Layout::Schemas };
    Ok(Some(Known { count, layout, ledger: found.remove(DATABASE_ID) }))
}
