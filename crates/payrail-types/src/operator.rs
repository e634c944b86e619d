//! What operators do by hand, and the row of the audit log about it.

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

use crate::ids::MerchantId;

/// The operator who issues a command, on the operators' pages or on the command line. Workers,
/// merchants and the program itself issue theirs without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByOperator {
    pub name: String,
    /// The id of the audit log's row about it.
    pub action_id: Uuid,
}

/// A row of the audit log: written in the same transaction as the change that it describes, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorAction {
    /// A UUIDv7: in the order of time.
    pub id: Uuid,
    pub at: Timestamp,
    /// The merchant whose book or keys it was about, if any.
    pub merchant: Option<MerchantId>,
    pub operator: String,
    /// The column and the API's member have its word.
    pub action: OperatorActionKind,
    /// What it was done to, for example the id of a payout or of a key.
    pub subject: Option<String>,
    /// Why, in the operator's own words.
    pub reason: Option<String>,
    /// Further facts, such as an amount or a UTR.
    pub detail: Option<String>,
}

/// What was done. The database keeps the word, so a word must never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OperatorActionKind {
    // About money.
    Funded,
    AskedBank,
    BroughtForward,
    DecidedPaid,
    DecidedNotPaid,
    ResolvedException,
    // About merchants and their keys.
    MerchantCreated,
    KeyIssued,
    KeyRotated,
    KeyRevoked,
    // About operators.
    OperatorCreated,
    OperatorDisabled,
    OperatorEnabled,
    PasswordChanged,
    PasswordReset,
    SignedIn,
    SignInFailed,
    SignedOut,
    // About the installation.
    BankConfirmed,
    ReturnsGapPassed,
    BenchFilled,
    SecretChanged,
    VerifyStarted,
}
