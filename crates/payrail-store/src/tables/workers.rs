//! The workers' heartbeats, with the bank's latest answers, for the operators' overview. No payment depends on them.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;

use crate::db::{Columns, FromRow, TableRow, Visitor, Write, columns_of, values};
use crate::error::Result;
use crate::store::Store;

/// More workers than a page shows.
const SHOWN_MAX: i64 = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerLine {
    pub name: String,
    /// The process's role: `all` or `worker`.
    pub role: String,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    /// It stopped on request.
    pub stopped_at: Option<Timestamp>,
    /// The bank's newest answers to it, as JSON.
    pub recent_answers: String,
}

#[derive(Default)]
struct WorkerRow<'a> {
    name: Cow<'a, str>,
    role: Cow<'a, str>,
    started_at: Timestamp,
    seen_at: Timestamp,
    stopped_at: Option<Timestamp>,
    recent_answers: Cow<'a, str>,
}

impl<'a> TableRow<'a> for WorkerRow<'a> {
    const TABLE: &'static str = "workers";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("name", &mut self.name)?;
        visitor.column("role", &mut self.role)?;
        visitor.column("started_at", &mut self.started_at)?;
        visitor.column("seen_at", &mut self.seen_at)?;
        visitor.column("stopped_at", &mut self.stopped_at)?;
        visitor.column("recent_answers", &mut self.recent_answers)
    }
}

impl<'a> From<&'a WorkerLine> for WorkerRow<'a> {
    fn from(worker: &'a WorkerLine) -> Self {
        Self {
            name: worker.name.as_str().into(),
            role: worker.role.as_str().into(),
            started_at: worker.started_at,
            seen_at: worker.seen_at,
            stopped_at: worker.stopped_at,
            recent_answers: worker.recent_answers.as_str().into(),
        }
    }
}

impl FromRow for WorkerLine {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let WorkerRow { name, role, started_at, seen_at, stopped_at, recent_answers } = WorkerRow::from_row(row)?;
        let (name, role) = (name.into_owned(), role.into_owned());
        Ok(Self { name, role, started_at, seen_at, stopped_at, recent_answers: recent_answers.into_owned() })
    }
}

static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<WorkerRow>("w"));

static HEARTBEAT: LazyLock<Write> = LazyLock::new(|| {
    Write::upsert::<WorkerRow>(
        " ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, stopped_at = excluded.stopped_at, \
         recent_answers = excluded.recent_answers",
    )
});

impl Store {
    /// Writes a worker's heartbeat, and removes workers that were seen last before `silent_since`.
    pub async fn beat(&self, worker: &WorkerLine, silent_since: Timestamp) -> Result<()> {
        let mut on = self.central().begin().await?;
        on.execute("DELETE FROM workers WHERE seen_at < $1", values![silent_since]).await?;
        on.write(vec![HEARTBEAT.batch([WorkerRow::from(worker)])]).await?;
        on.commit().await
    }

    /// Ordered by their last heartbeat, the latest first.
    pub async fn workers(&self) -> Result<Vec<WorkerLine>> {
        let sql = format!("SELECT {} FROM workers w ORDER BY w.seen_at DESC, w.name LIMIT $1 + 0", *COLUMNS);
        self.central().long_read().await?.all(&sql, values![SHOWN_MAX]).await
    }
}
