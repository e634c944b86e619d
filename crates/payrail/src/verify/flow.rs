//! What is said of one payout outside its own row. There is one of these for each payout of a
//! merchant, so it is small.

use std::collections::HashMap;

use payrail_core::payout::Status;
use payrail_types::ids::PayoutId;
use payrail_types::word::Word;

pub type Flows = HashMap<PayoutId, Flow>;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    pub moved: Moved,
    /// Kept answers that name it.
    pub records: u8,
    pub events: Events,
}

/// The ledger's entries: how many of each kind (255 stand for more), and whether they fit together.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Of the first entry.
    pub paise: i64,
    /// Another entry has another amount.
    uneven: bool,
    /// It was settled or refunded before it was held, or came back before it went.
    early: bool,
    hold: u8,
    settle: u8,
    refund: u8,
    back: u8,
}

impl Moved {
    /// False if this is no kind of entry that belongs to a payout.
    pub fn take(&mut self, kind: &str, paise: i64) -> bool {
        let is_first = self.count() == 0;
        self.early |= match kind {
            "settle" | "refund" => self.hold == 0,
            "return" => self.settle == 0,
            _ => false,
        };
        let count = match kind {
            "hold" => &mut self.hold,
            "settle" => &mut self.settle,
            "refund" => &mut self.refund,
            "return" => &mut self.back,
            _ => return false,
        };
        *count = count.saturating_add(1);
        match is_first {
            true => self.paise = paise,
            false => self.uneven |= self.paise != paise,
        }
        true
    }

    /// What the ledger must say of a payout in this status.
    pub fn expected(status: Status, paise: i64) -> Self {
        let held = Self { paise, hold: 1, ..Self::default() };
        match status {
            Status::Pending | Status::Processing => held,
            Status::Completed => Self { settle: 1, ..held },
            Status::Failed | Status::Cancelled => Self { refund: 1, ..held },
            Status::Returned => Self { settle: 1, back: 1, ..held },
        }
    }

    /// Held, and neither settled nor refunded.
    pub fn is_open(self) -> bool {
        self.hold > 0 && self.settle == 0 && self.refund == 0
    }

    fn count(self) -> u32 {
        [self.hold, self.settle, self.refund, self.back].into_iter().map(u32::from).sum()
    }

    pub fn in_words(self) -> String {
        let kinds = [("hold", self.hold), ("settle", self.settle), ("refund", self.refund), ("return", self.back)];
        let counted = kinds.into_iter().filter(|(_, times)| *times > 0);
        let words: Vec<_> = counted.map(|(name, times)| format!("{times} {name}")).collect();
        if words.is_empty() {
            return "nothing".to_owned();
        }
        let amounts = if self.uneven { "different amounts, the first" } else { "" };
        let order = if self.early { ", in the wrong order" } else { "" };
        format!("{} of {amounts} {} paise{order}", words.join(" and "), self.paise).replace("  ", " ")
    }
}

/// Which of a payout's steps the outbox tells of.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Events {
    seen: u8,
    twice: bool,
}

impl Events {
    /// Words that are no step of a payout's life are not counted.
    pub fn take(&mut self, kind: &str) {
        let Some(status) = kind.strip_prefix("payout.").and_then(Status::parse) else { return };
        self.twice |= self.seen & bit(status) != 0;
        self.seen |= bit(status);
    }

    pub fn any(self) -> bool {
        self.seen != 0
    }

    pub fn expected(status: Status) -> Self {
        let before: &[Status] = match status {
            Status::Pending => &[],
            Status::Processing | Status::Cancelled => &[Status::Pending],
            Status::Completed | Status::Failed => &[Status::Pending, Status::Processing],
            Status::Returned => &[Status::Pending, Status::Processing, Status::Completed],
        };
        let seen = before.iter().fold(bit(status), |seen, status| seen | bit(*status));
        Self { seen, twice: false }
    }

    pub fn in_words(self) -> String {
        let seen = Status::all().filter(|status| self.seen & bit(*status) != 0);
        let words: Vec<_> = seen.map(Status::as_str).collect();
        let twice = if self.twice { ", one of them twice" } else { "" };
        if words.is_empty() { "nothing".to_owned() } else { format!("{}{twice}", words.join(", ")) }
    }
}

fn bit(status: Status) -> u8 {
    1 << status as u8
}

impl Flow {
    pub fn has_entries(&self) -> bool {
        self.moved.count() > 0
    }
}
