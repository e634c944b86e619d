//! Questions about all merchants: every database is asked at once, and the answers are merged.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use futures::future::{join_all, try_join_all};

use super::Store;
use crate::database::Read;
use crate::db::{FromRow, Value};
use crate::error::{Result, StoreError};

/// How long a cell may take for a look-up that others wait for.
const IN_REACH: Duration = Duration::from_secs(1);
impl Store {
    /// Asks every database at once. Their answers follow each other.
    pub(crate) async fn of_each<T: FromRow>(&self, read: Read, sql: &str, values: &[Value<'_>]) -> Result<Vec<T>> {
        let answers = self.each().map(async |database| database.read(read).await?.all::<T>(sql, values).await);
        Ok(try_join_all(answers).await?.into_iter().flatten().collect())
    }

    /// Asks every database for its first `limit` rows, and gives the first of all.
    pub(crate) async fn first_of_each<T: FromRow>(
        &self,
        read: Read,
        sql: &str,
        values: &[Value<'_>],
        limit: u32,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Result<Vec<T>> {
        let rows = self.of_each(read, sql, values).await?;
        Ok(self.first_of(rows, limit, order))
    }

    fn first_of<T>(&self, mut rows: Vec<T>, limit: u32, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
        // One database has sorted them already.
        if self.has_cells() {
            rows.sort_by(order);
            rows.truncate(limit as usize);
        }
        rows
    }

    /// As [`Self::first_of_each`], by key, and without the cells that do not answer: their merchants wait, and nobody else.
    /// Fails if none answers.
    pub(crate) async fn first_of_each_in_reach<T: FromRow>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        limit: u32,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Result<Vec<T>> {
        if !self.cells_fail_alone() {
            return self.first_of_each(Read::Short, sql, values, limit, order).await;
        }
        let now = Instant::now();
        let (out_of_reach, count) = (&*self.out_of_reach, self.cells.len());
        let asked = self.numbered_cells().filter(|(number, _)| !out_of_reach.is_left_alone(*number, count, now));
        let answers = asked.map(async |(number, cell)| {
            (number, in_time(async { cell.short_read().await?.all::<T>(sql, values).await }).await)
        });
        let (mut rows, mut trouble, mut is_any) = (Vec::new(), None, false);
        for (number, answer) in join_all(answers).await {
            match answer {
                Ok(found) => {
                    is_any = true;
                    rows.extend(found);
                    out_of_reach.has_answered(number);
                }
                Err(StoreError::Unavailable(why)) => {
                    out_of_reach.did_not_answer(number, now, &why);
                    trouble = Some(StoreError::Unavailable(format!("cell {}: {why}", number + 1)));
                }
                Err(error) => return Err(error),
            }
        }
        match trouble {
            Some(error) if !is_any => Err(error),
            _ => Ok(self.first_of(rows, limit, order)),
        }
    }

    /// Warnings about servers that do not flush to disk. A cell that cannot be reached is not asked.
    pub async fn flush_warnings(&self) -> Result<Vec<String>> {
        let mut warnings = self.central.flush_warnings().await?;
        for (number, cell) in self.numbered_cells().filter(|_| self.cells_fail_alone()) {
            match in_time(cell.flush_warnings()).await {
                Ok(found) => {
                    warnings.extend(found.into_iter().map(|warning| format!("cell {}: {warning}", number + 1)))
                }
                Err(StoreError::Unavailable(why)) => {
                    tracing::warn!(cell = number + 1, why, "a cell does not answer; its merchants wait");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(warnings)
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let answer = tokio::time::timeout(IN_REACH, answer).await;
    answer.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".to_owned())))
}
