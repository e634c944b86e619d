//! A batch on SQLite: load, decide, write and commit, under the write lock.

use payrail_core::command::Command;
use payrail_core::decide::{Rules, decide_all};
use scopeguard::ScopeGuard;

use super::SqliteStore;
use super::session::{self, Session};
use super::{load, pool};
use crate::clock::{Now, SharedClock};
use crate::connection::{Connection, Transaction};
use crate::error::{Result, StoreError};
use crate::needs::{Books, Needs};
use crate::store::Replies;
use crate::write;

impl SqliteStore {
    pub(crate) async fn execute(&self, commands: &[Command], rules: &Rules, now: Now<'_>) -> Result<Replies> {
        let needs = Needs::of(commands);
        let mut session = Session::long(pool::get(&self.writer).await?);
        session::begin(&mut session).await?;
        // An early end closes the connection, and SQLite rolls back.
        let mut session = scopeguard::guard(session, Session::discard);
        let replies = session.run(|connection| transact(connection, &needs, commands, rules, now))?;
        drop(ScopeGuard::into_inner(session));
        self.written.notify_one();
        Ok(replies)
    }

    pub(crate) async fn begin_with_books(&self, needs: &Needs) -> Result<(Transaction, Books)> {
        let mut session = Session::long(pool::get(&self.writer).await?);
        session::begin(&mut session).await?;
        let mut session = scopeguard::guard(session, Session::discard);
        let books = session.run(|connection| load::books(connection, needs))?;
        Ok((Transaction::begun(Connection::Sqlite(ScopeGuard::into_inner(session))), books))
    }
}

/// Runs in an open transaction.
fn transact(
    on: &mut rusqlite::Connection,
    needs: &Needs,
    commands: &[Command],
    rules: &Rules,
    now: Now<'_>,
) -> Result<Replies> {
    let mut books = load::books(on, needs)?;
    let known = write::known_keys(&books);
    let writes = decide_all(&mut books, commands, rules, now.or(|| SharedClock::Machine.now()))?;
    if writes.is_empty() {
        on.execute_batch("ROLLBACK")?;
    } else {
        for batch in write::batches(&writes, &known) {
            batch.check(session::write(on, &batch)?)?;
        }
        on.execute_batch("COMMIT").map_err(StoreError::from_commit)?;
    }
    Ok(writes.replies)
}
