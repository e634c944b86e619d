//! The workers' heartbeats: who works, since when, and what the bank answered last. For the operators' overview; no
//! payment depends on them.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::Store;
use crate::error::Result;
use crate::types::At;

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

#[derive(FromRow)]
pub(crate) struct WorkerRow {
    name: String,
    role: String,
    started_at: At,
    seen_at: At,
    stopped_at: Option<At>,
    recent_answers: String,
}

impl From<WorkerRow> for WorkerLine {
    fn from(row: WorkerRow) -> Self {
        Self {
            name: row.name,
            role: row.role,
            started_at: row.started_at.0,
            seen_at: row.seen_at.0,
            stopped_at: row.stopped_at.map(|at| at.0),
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
        read!(self, workers::workers(SHOWN_MAX))
    }
}

macro_rules! workers {
    ($connection:ty) => {
        use jiff::Timestamp;

        use $crate::error::Result;
        use $crate::types::At;
        use $crate::workers::{WorkerLine, WorkerRow};

        type Connection = $connection;

        pub async fn beat(on: &mut Connection, worker: &WorkerLine, silent_since: Timestamp) -> Result<()> {
            sqlx::query("DELETE FROM workers WHERE seen_at < $1").bind(At(silent_since)).execute(&mut *on).await?;
            sqlx::query(
                "INSERT INTO workers (name, role, started_at, seen_at, stopped_at, recent_answers) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO UPDATE SET \
                 seen_at = excluded.seen_at, stopped_at = excluded.stopped_at, \
                 recent_answers = excluded.recent_answers",
            )
            .bind(&worker.name)
            .bind(&worker.role)
            .bind(At(worker.started_at))
            .bind(At(worker.seen_at))
            .bind(worker.stopped_at.map(At))
            .bind(&worker.recent_answers)
            .execute(on)
            .await?;
            Ok(())
        }

        pub async fn workers(on: &mut Connection, limit: i64) -> Result<Vec<WorkerLine>> {
            let rows: Vec<WorkerRow> = sqlx::query_as(
                "SELECT name, role, started_at, seen_at, stopped_at, recent_answers FROM workers \
                 ORDER BY seen_at DESC, name LIMIT $1 + 0",
            )
            .bind(limit)
            .fetch_all(on)
            .await?;
            Ok(rows.into_iter().map(WorkerLine::from).collect())
        }
    };
}
pub(crate) use workers;
