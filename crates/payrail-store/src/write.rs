//! A decision's changes, as statements.

use payrail_core::book::Book;
use payrail_core::writes::Writes;

use crate::db::Batch;
use crate::needs::Books;
use crate::tables::attempts::{self, AttemptRow};
use crate::tables::bank_returns::{self, ReturnRow};
use crate::tables::exceptions::{self, ExceptionRow};
use crate::tables::idempotency_records::{self, KnownKeys};
use crate::tables::ledger_entries::{self, EntryRow};
use crate::tables::operator_actions;
use crate::tables::outbox::{self, EventRow};
use crate::tables::owned::rows_of;
use crate::tables::payouts::{self, PayoutRow};

pub(crate) fn known_keys(books: &Books) -> KnownKeys {
    let keys_of = |book: &Book| -> Vec<_> {
        let known = book.records.iter().filter(|(_, record)| record.is_some());
        known.map(|(key, _)| (book.merchant, *key)).collect()
    };
    books.values().flatten().flat_map(keys_of).collect()
}

/// Ordered so that each statement finds the rows that it depends on. An attempt may begin and end in one batch.
pub(crate) fn batches<'w>(writes: &'w Writes, known: &KnownKeys) -> Vec<Batch<'w>> {
    let first = [
        ledger_entries::INSERT.batch(rows_of::<_, EntryRow<'w>>(&writes.entries)),
        payouts::INSERT.batch(rows_of::<_, PayoutRow<'w>>(&writes.new_payouts)),
    ];
    let steps = writes.rounds().into_iter().map(|round| payouts::STEP.batch(rows_of::<_, PayoutRow<'w>>(round)));
    let attempts = [
        attempts::INSERT.batch(rows_of::<_, AttemptRow<'w>>(&writes.opened)),
        attempts::END.batch(rows_of::<_, AttemptRow<'w>>(&writes.closed)),
    ];
    let records = idempotency_records::batches(&writes.records, known);
    let then = [
        outbox::INSERT.batch(rows_of::<_, EventRow<'w>>(&writes.events)),
        operator_actions::batch(&writes.actions),
        bank_returns::TAKE.batch(rows_of::<_, ReturnRow<'w>>(&writes.returns)),
        exceptions::INSERT.batch(rows_of::<_, ExceptionRow<'w>>(&writes.exceptions)),
    ];
    let all = first.into_iter().chain(steps).chain(attempts).chain(records).chain(then);
    all.filter(|batch| !batch.values.is_empty()).collect()
}

#[cfg(feature = "testing")]
pub(crate) fn updates() -> [&'static crate::db::Sql; 2] {
    [payouts::STEP.sql(), attempts::END.sql()]
}
