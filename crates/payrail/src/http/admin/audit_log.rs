//! Rows of the audit log.

use jiff::Timestamp;
use payrail_types::operator::{OperatorAction, OperatorActionKind};

use crate::ids;

/// A row with the operator and the action; the other columns are empty.
pub fn row(at: Timestamp, operator: &str, kind: OperatorActionKind) -> OperatorAction {
    OperatorAction {
        id: ids::action_id(),
        at,
        merchant: None,
        operator: operator.to_owned(),
        action: kind,
        subject: None,
        reason: None,
        detail: None,
    }
}
