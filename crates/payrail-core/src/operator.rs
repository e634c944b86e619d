//! What a person does by hand, and the row of the audit log that it leaves.

use jiff::Timestamp;
use uuid::Uuid;

use crate::ids::MerchantId;

/// Who issues a command, when it is a person: on the operators' pages or on the command line. Workers,
/// merchants and the program itself issue theirs without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByOperator {
    pub name: String,
    /// The id of the row that will tell of it. It comes in from outside, as every id.
    pub action_id: Uuid,
}

/// A row of the audit log: written in the transaction of what it tells of, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorAction {
    /// A UUIDv7: in the order of time.
    pub id: Uuid,
    pub at: Timestamp,
    /// Whose book or keys it was about, if anyone's.
    pub merchant: Option<MerchantId>,
    pub operator: String,
    /// What was done, in one word; those of money are in [`words`].
    pub action: String,
    /// What it was done to: a payout's id, a key's.
    pub subject: Option<String>,
    /// Why, in the operator's own words.
    pub reason: Option<String>,
    /// What else a reader would ask: an amount, a UTR.
    pub detail: Option<String>,
}

/// The words of the actions that a command carries out.
pub mod words {
    pub const FUNDED: &str = "funded";
    pub const ASKED_BANK: &str = "asked_bank";
    pub const BROUGHT_FORWARD: &str = "brought_forward";
    pub const DECIDED_PAID: &str = "decided_paid";
    pub const DECIDED_NOT_PAID: &str = "decided_not_paid";
}
