//! A file for each table, with its columns, the statements that write it, and the reads and small writes of this table
//! alone, as methods of [`Store`](crate::store::Store) beside their SQL.

pub(crate) mod api_keys;
pub(crate) mod attempts;
pub(crate) mod bank_returns;
pub(crate) mod exceptions;
pub(crate) mod idempotency_records;
pub(crate) mod ledger_entries;
pub(crate) mod merchant_sessions;
pub(crate) mod merchants;
pub(crate) mod operator_actions;
pub(crate) mod operator_passwords;
pub(crate) mod operator_sessions;
pub(crate) mod operators;
pub(crate) mod outbox;
pub(crate) mod owned;
mod parse;
pub(crate) mod payouts;
pub(crate) mod settings;
pub(crate) mod workers;
