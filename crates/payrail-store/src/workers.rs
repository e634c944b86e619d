//! The workers' heartbeats: who works, since when, and what the bank answered last. For the operators' overview; no
//! payment depends on them.

use jiff::Timestamp;

use crate::Store;
use crate::db::{Columns, Connection, FromRow, values};
use crate::error::Result;

/// More workers than a page shows.
const SHOWN_MAX: i64 = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerLine {
    pub name: String,
    /// `all` or `worker`: the process's role.
    pub role: String,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    /// It stopped in order.
    pub stopped_at: Option<Timestamp>,
    /// The bank's newest answers to it, as JSON.
    pub recent_answers: String,
}

pub(crate) struct WorkerRow {
    name: String,
    role: String,
    started_at: Timestamp,
    seen_at: Timestamp,
    stopped_at: Option<Timestamp>,
    recent_answers: String,
}

impl FromRow for WorkerRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            name: row.take("name")?,
            role: row.take("role")?,
            started_at: row.take("started_at")?,
            seen_at: row.take("seen_at")?,
            stopped_at: row.take("stopped_at")?,
            recent_answers: row.take("recent_answers")?,
        })
    }
}

impl From<WorkerRow> for WorkerLine {
    fn from(row: WorkerRow) -> Self {
        Self {
            name: row.name,
            role: row.role,
            started_at: row.started_at,
            seen_at: row.seen_at,
            stopped_at: row.stopped_at,
            recent_answers: row.recent_answers,
        }
    }
}

impl Store {
    /// Writes a worker's heartbeat, and removes workers that were seen last before `silent_since`.
    pub async fn beat(&self, worker: &WorkerLine, silent_since: Timestamp) -> Result<()> {
        write!(self, workers::beat(worker, silent_since))
    }

    /// The one that was seen last comes first.
    pub async fn workers(&self) -> Result<Vec<WorkerLine>> {
        search!(self, workers::workers(SHOWN_MAX))
    }
}

pub(crate) async fn beat(on: &mut Connection, worker: &WorkerLine, silent_since: Timestamp) -> Result<()> {
    on.execute("DELETE FROM workers WHERE seen_at < $1", values![silent_since]).await?;
    on.execute(
        "INSERT INTO workers (name, role, started_at, seen_at, stopped_at, recent_answers) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO UPDATE SET \
         seen_at = excluded.seen_at, stopped_at = excluded.stopped_at, \
         recent_answers = excluded.recent_answers",
        values![
            &worker.name,
            &worker.role,
            worker.started_at,
            worker.seen_at,
            worker.stopped_at,
            &worker.recent_answers
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn workers(on: &mut Connection, limit: i64) -> Result<Vec<WorkerLine>> {
    let rows: Vec<WorkerRow> = on
        .all(
            "SELECT name, role, started_at, seen_at, stopped_at, recent_answers FROM workers \
         ORDER BY seen_at DESC, name LIMIT $1 + 0",
            values![limit],
        )
        .await?;
    Ok(rows.into_iter().map(WorkerLine::from).collect())
}
