//! Changes of central rows that also concern a merchant's own.

use payrail_types::ids::MerchantId;

use super::Store;
use crate::connection::{Connection, Transaction};
use crate::error::Result;

/// A change of central rows and of a merchant's own. With one cell it is one transaction.
///
/// With several, the cell commits first. If the process dies in between, the audit log has a row about a change that
/// was not made, or a cell has a merchant without a directory row and a key, who can do nothing: the operator sees the
/// error and tries again. No money depends on it.
#[derive(Debug)]
pub(crate) struct Change {
    central: Transaction,
    /// If it is another database.
    cell: Option<Transaction>,
}

impl Change {
    pub fn central(&mut self) -> &mut Connection {
        &mut self.central
    }

    pub fn cell(&mut self) -> &mut Connection {
        self.cell.as_mut().unwrap_or(&mut self.central)
    }

    pub async fn commit(self) -> Result<()> {
        if let Some(cell) = self.cell {
            cell.commit().await?;
        }
        self.central.commit().await
    }
}

impl Store {
    /// Begins a change of central rows that also concerns a merchant's own.
    pub(crate) async fn begin_change(&self, merchant: MerchantId) -> Result<Change> {
        let central = self.central.begin().await?;
        let cell = if self.has_cells() { Some(self.of(merchant).begin().await?) } else { None };
        Ok(Change { central, cell })
    }
}
