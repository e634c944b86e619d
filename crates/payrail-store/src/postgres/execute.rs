//! A batch on PostgreSQL: lock and load, decide, write and commit.

use payrail_core::command::Command;
use payrail_core::decide::{Rules, decide_all};
use scopeguard::ScopeGuard;

use super::PostgresStore;
use super::load::{self, Loaded};
use super::pool::Object;
use super::reading::Session;
use super::write;
use crate::clock::Now;
use crate::connection::{Connection, Transaction};
use crate::error::Result;
use crate::needs::{Books, Needs};
use crate::store::Replies;
use crate::write::{batches, known_keys};

impl PostgresStore {
    pub(crate) async fn execute(&self, commands: &[Command], rules: &Rules, now: Now<'_>) -> Result<Replies> {
        if commands.is_empty() {
            return Ok(Replies::new());
        }
        let needs = Needs::of(commands);
        // An early end closes the connection, and the server rolls back.
        let client = scopeguard::guard(self.writer.get().await?, |client| drop(Object::take(client)));
        let Loaded { mut books, now: shared } = load::begin(&client, &self.terms, &needs).await?;
        let known = known_keys(&books);
        let writes = decide_all(&mut books, commands, rules, now.or(|| shared))?;
        if writes.is_empty() {
            client.batch_execute("ROLLBACK").await?;
        } else {
            write::commit(&client, batches(&writes, &known)).await?;
        }
        drop(ScopeGuard::into_inner(client));
        Ok(writes.replies)
    }

    pub(crate) async fn begin_with_books(&self, needs: &Needs) -> Result<(Transaction, Books)> {
        let client = scopeguard::guard(self.small.get().await?, |client| drop(Object::take(client)));
        let books = load::begin(&client, &self.terms, needs).await?.books;
        let client = ScopeGuard::into_inner(client);
        Ok((Transaction::begun(Connection::Postgres(Session::Transaction(client))), books))
    }
}
