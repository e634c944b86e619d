//! The kinds of differences. docs/verify.md says what each means.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// What is not as it must be. Scripts and alarms go by the words, so a word must never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    // The ledger.
    SeqGap,
    BalanceAfter,
    Overdraft,
    HeldMismatch,
    // Rows that belong together.
    Misplaced,
    NoMerchant,
    Unreadable,
    EntryWithoutPayout,
    RecordWithoutPayout,
    EventWithoutPayout,
    AttemptWithoutPayout,
    DecisionWithoutPayout,
    // A payout and what its book says of it.
    PayoutMismatch,
    PayoutState,
    RecordMismatch,
    EventMismatch,
    EventGap,
    EventEntry,
    AttemptMismatch,
    DecisionMismatch,
    Unproven,
    Stranded,
    DueFarAhead,
    // The bank's book.
    AnotherBank,
    UnreadableTransfer,
    PaidUnknown,
    PaidTwice,
    PaidOtherAmount,
    PaidOtherAccount,
    PaidByAnotherBank,
    UtrMismatch,
    DuplicateUtr,
    PaidAndRefunded,
    CompletedUnpaid,
    DecidedPaidButUnpaid,
    DecidedNotPaidButPaid,
    // Returns.
    ReturnedHereOnly,
    ReturnedThereOnly,
    ReturnedAgain,
    ReturnUnaccounted,
    CreditedOtherwise,
    ExceptionLost,
    OpenException,
}

#[cfg(test)]
mod tests {
    use payrail_types::word::Word;

    use super::*;

    #[test]
    fn the_documentation_explains_each_kind_in_their_order() {
        let page = include_str!("../../../../docs/verify.md");
        let explained = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).map(|row| row.0);
        assert!(explained.eq(Kind::all().map(Word::as_str)), "docs/verify.md and the kinds differ");
    }
}
