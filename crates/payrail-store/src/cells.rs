//! Which cell holds which merchants. A cell holds a range of buckets, and the ranges differ by one bucket at most.

use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError, RwLock};

use payrail_types::ids::{BUCKETS, Bucket, MerchantId};
use uuid::Uuid;

use crate::error::{Result, StoreError};

/// More cells than any plan needs: a cell has a handful of connections in each process.
pub const CELLS_MAX: u16 = 64;

/// The number of a database's cells, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cells(u16);

impl Cells {
    pub const ONE: Self = Self(1);

    /// From 1 to [`CELLS_MAX`].
    pub fn new(count: u16) -> Result<Self> {
        match count {
            1..=CELLS_MAX => Ok(Self(count)),
            _ => Err(StoreError::Address(format!("a database has from 1 to {CELLS_MAX} cells, and not {count}"))),
        }
    }

    pub const fn get(self) -> u16 {
        self.0
    }

    /// The cell of a bucket, counted from 0.
    pub fn of(self, bucket: Bucket) -> usize {
        usize::from(bucket.get()) * usize::from(self.0) / usize::from(BUCKETS)
    }

    /// The buckets of a cell, as their column has them.
    pub fn buckets(self, cell: usize) -> RangeInclusive<i16> {
        let first = |cell: usize| (cell * usize::from(BUCKETS)).div_ceil(usize::from(self.0)) as i16;
        first(cell)..=first(cell + 1) - 1
    }
}

/// The owner of rows that concern no merchant: the nil UUID, with that id's bucket.
pub(crate) fn nobody() -> MerchantId {
    MerchantId(Uuid::nil())
}

/// The setting with a database's id.
pub(crate) const DATABASE_ID: &str = "database_id";

/// The central database's id, once there is one. A reset changes it.
pub(crate) type Ledger = Arc<RwLock<Option<String>>>;

/// What a cell that is a database of its own must say of itself.
#[derive(Clone, Debug)]
pub(crate) struct CellPlace {
    pub ledger: Ledger,
    /// Counted from 0.
    pub number: u16,
    pub count: u16,
    /// The newest migration, which the cell must have.
    pub version: i64,
}

impl CellPlace {
    /// The setting in which a cell says it.
    pub const SETTING: &str = "cell";

    pub fn expected(&self) -> Result<String> {
        let ledger = self.ledger.read().unwrap_or_else(PoisonError::into_inner).clone();
        let ledger = ledger.ok_or_else(|| {
            StoreError::Unavailable(
                "the cell's central database has no tables yet: `payrail migrate` makes them".to_owned(),
            )
        })?;
        Ok(format!("{} of {}, of {ledger}", self.number + 1, self.count))
    }

    /// Refuses any other database than the cell. `found`: what it says.
    pub fn check(&self, found: Option<&str>) -> Result<()> {
        let expected = self.expected()?;
        match found {
            Some(found) if found == expected => Ok(()),
            found => Err(StoreError::Session(format!(
                "address {} of PAYRAIL_CELL_URLS leads to another database than the cell {expected}: it says {}. The \
                 addresses must be in the order in which the cells were made",
                self.number + 1,
                found.map_or("that it is no cell".to_owned(), |found| format!("that it is the cell {found}"))
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_has_one_cell_and_the_cells_are_even() {
        for count in 1..=CELLS_MAX {
            let cells = Cells::new(count).unwrap();
            let mut next = 0;
            for cell in 0..usize::from(count) {
                let buckets = cells.buckets(cell);
                assert_eq!(*buckets.start(), next, "{count} cells");
                next = buckets.end() + 1;
                let even = i16::try_from(BUCKETS / count).unwrap();
                assert!((even..=even + 1).contains(&(buckets.end() - buckets.start() + 1)), "{count} cells");
                assert!(buckets.clone().all(|bucket| cells.of(Bucket::new(bucket as u8)) == cell), "{count} cells");
            }
            assert_eq!(next, i16::try_from(BUCKETS).unwrap(), "{count} cells");
        }
    }

    #[test]
    fn a_number_that_no_database_has_is_refused() {
        for count in [0, CELLS_MAX + 1, u16::MAX] {
            assert!(matches!(Cells::new(count), Err(StoreError::Address(_))), "{count}");
        }
    }
}
