//! The operators' API, `/admin/api/v1`, with session cookies only. A handler that only reads takes `Signed`; one that
//! changes anything takes `MayOperate`. Each change writes its row of the audit log in the same transaction.

pub mod actions;
pub mod audit_log;
pub mod bank;
pub mod exceptions;
pub mod ledger;
pub mod merchants;
pub mod operators;
pub mod overview;
pub mod payouts;
pub mod people;
pub mod records;
pub mod router;
pub mod search;
pub mod session;
pub mod state;
pub mod verify;
