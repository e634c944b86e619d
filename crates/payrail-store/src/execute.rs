//! The only entry point of commands: a batch in one transaction.

use std::collections::BTreeSet;

use payrail_core::command::Command;
use payrail_core::decide::Rules;
use payrail_types::ids::MerchantId;

use crate::clock::Now;
use crate::connection::Transaction;
use crate::database::Database;
use crate::error::{Result, StoreError};
use crate::needs::{Books, Needs};
use crate::store::{Replies, Store};

impl Store {
    /// Executes a batch: one transaction, one decision. Every movement of money goes through here.
    pub async fn execute(&self, commands: &[Command], rules: &Rules, now: impl Into<Now<'_>>) -> Result<Replies> {
        let now = now.into();
        let Some(first) = commands.first() else { return Ok(Replies::new()) };
        self.check_one_cell(commands.iter().map(|command| command.merchant))?;
        match self.of(first.merchant) {
            Database::Sqlite(store) => store.execute(commands, rules, now).await,
            Database::Postgres(store) => store.execute(commands, rules, now).await,
        }
    }

    /// No transaction spans cells.
    fn check_one_cell(&self, merchants: impl IntoIterator<Item = MerchantId>) -> Result<()> {
        let cells: BTreeSet<_> = merchants.into_iter().map(|merchant| self.cells().of(merchant.bucket())).collect();
        match cells.len() {
            0 | 1 => Ok(()),
            _ => Err(StoreError::Undecided("the batch has merchants of several cells".to_owned())),
        }
    }

    #[cfg_attr(not(feature = "fill"), expect(dead_code, reason = "only histories are written so"))]
    /// Locks these merchants of one cell in a transaction, and loads their books.
    pub(crate) async fn begin_with_books(&self, needs: &Needs) -> Result<(Transaction, Books)> {
        self.check_one_cell(needs.merchants.iter().copied())?;
        match needs.merchants.first().map_or(self.central(), |merchant| self.of(*merchant)) {
            Database::Sqlite(store) => store.begin_with_books(needs).await,
            Database::Postgres(store) => store.begin_with_books(needs).await,
        }
    }
}
