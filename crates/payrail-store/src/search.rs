//! Looking for something in lists that may be as long as history: newest first, a bounded number of rows a
//! request. Whoever wants to look further back goes on from where this look ended.

use jiff::{SignedDuration, Timestamp};
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::ids::{Bucket, MerchantId, PayoutId};
use payrail_core::ledger::EntryKind;
use payrail_core::operator::OperatorAction;
use payrail_core::payout::Payout;

use crate::Store;
use crate::error::Result;
use crate::lists::Position;
use crate::rows::{LedgerLine, Merchant};

/// Rows that one request looks at, at the most.
pub const LOOKED_AT_MAX: usize = 5_000;
/// Rows that are read at a time when only some of them will do.
const PAGE: u32 = 500;

/// What was found, and where to look on. There may be a place to look on though little or nothing was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T, P = Position> {
    pub items: Vec<T>,
    pub next: Option<P>,
}

/// When something was made: from then on, and before then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl Window {
    pub fn has(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    fn start(self) -> Timestamp {
        self.from.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Where a look without a place begins: at the newest that counts. (A microsecond is the databases' step.)
    fn end(self) -> Position {
        let last = self.to.map(|to| to.saturating_sub(SignedDuration::from_micros(1)).unwrap_or(to));
        Position::newest(last.unwrap_or(END_OF_TIME))
    }
}

/// Later than anything that was made.
const END_OF_TIME: Timestamp = Timestamp::constant(253_402_207_200, 0);

#[derive(Clone, Copy, Default)]
pub struct PayoutFilter<'a> {
    pub merchant: Option<MerchantId>,
    pub window: Window,
    /// What else a payout must be like.
    pub takes: Option<&'a (dyn Fn(&Payout) -> bool + Sync)>,
}

impl PayoutFilter<'_> {
    fn fits(&self, payout: &Payout) -> bool {
        self.window.has(payout.created_at) && self.takes.is_none_or(|takes| takes(payout))
    }
}

#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    pub merchant: Option<MerchantId>,
    pub kind: Option<EntryKind>,
    pub window: Window,
}

#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    pub merchant: Option<MerchantId>,
    pub key: Option<IdempotencyKey>,
    pub window: Window,
}

#[derive(Clone, Debug, Default)]
pub struct ActionFilter {
    pub merchant: Option<MerchantId>,
    pub operator: Option<String>,
    pub action: Option<String>,
}

/// An id is made before its row is: at the most as long as a command may wait in its lane, and then some.
const ID_AHEAD: SignedDuration = SignedDuration::from_mins(2);

impl Store {
    pub async fn search_payouts(
        &self,
        filter: &PayoutFilter<'_>,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Found<(MerchantId, Payout)>> {
        let mut look = Look::new(before.unwrap_or(filter.window.end()), limit);
        while let Some(count) = look.wants(filter.takes.is_some()) {
            let page = match filter.merchant {
                Some(merchant) => self.payouts_of(merchant, filter.window, look.at, count).await?,
                None => search!(self, lists::all_payouts(filter.window.start(), look.at, count))?,
            };
            look.take(page, count, |(_, payout)| position_of(payout), |(_, payout)| filter.fits(payout));
        }
        Ok(look.found())
    }

    /// The walk is along the ids, whose times are those of the payouts but for the wait in the lane.
    async fn payouts_of(
        &self,
        merchant: MerchantId,
        window: Window,
        before: Position,
        count: u32,
    ) -> Result<Vec<(MerchantId, Payout)>> {
        let first = |at: Timestamp| PayoutId::new(at, Bucket::new(0), 0);
        let from = first(window.start().saturating_sub(ID_AHEAD).unwrap_or(Timestamp::UNIX_EPOCH));
        let end = first(before.at.saturating_add(ID_AHEAD).unwrap_or(END_OF_TIME));
        let before = PayoutId(before.id).min(end);
        search!(self, lists::payouts_of(merchant, from, before, count))
    }

    pub async fn search_entries(
        &self,
        filter: &EntryFilter,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Found<(MerchantId, LedgerLine)>> {
        let start = match (before, filter.merchant, filter.window.to) {
            (Some(before), ..) => before,
            (None, Some(merchant), Some(to)) => {
                Position { number: self.number_at(merchant, to).await?, ..filter.window.end() }
            }
            _ => filter.window.end(),
        };
        let mut look = Look::new(start, limit);
        while let Some(count) = look.wants(filter.kind.is_some()) {
            let page = match filter.merchant {
                Some(merchant) => search!(self, lists::entries_of(merchant, look.at.number, count))?,
                None => search!(self, lists::all_entries(filter.window.start(), look.at, count))?,
            };
            // In one book times do not fall: from the first that is too old on, all are.
            let old = |line: &(MerchantId, LedgerLine)| line.1.entry.created_at < filter.window.start();
            let (count, page) = match page.iter().position(old) {
                Some(end) => (u32::MAX, page.into_iter().take(end).collect()),
                None => (count, page),
            };
            let fits = |line: &LedgerLine| {
                filter.window.has(line.entry.created_at) && filter.kind.is_none_or(|kind| kind == line.entry.kind)
            };
            look.take(page, count, entry_position, |(_, line)| fits(line));
        }
        Ok(look.found())
    }

    /// The number of the book's first entry that is not older than `at`; one past its end if there is none.
    pub async fn number_at(&self, merchant: MerchantId, at: Timestamp) -> Result<i64> {
        let (mut low, mut high) = (1, self.tip(merchant).await?.seq + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = search!(self, lists::entries_of(merchant, middle + 1, 1))?;
            match entry.first() {
                Some((_, line)) if line.entry.created_at < at => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    pub async fn search_records(
        &self,
        filter: &RecordFilter,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Found<(MerchantId, Record)>> {
        if let (Some(merchant), Some(key)) = (filter.merchant, filter.key) {
            let record = search!(self, lists::record(merchant, key))?;
            let record = record.filter(|record| before.is_none() && filter.window.has(record.created_at));
            return Ok(Found { items: record.into_iter().map(|record| (merchant, record)).collect(), next: None });
        }
        let mut look = Look::new(before.unwrap_or(filter.window.end()), limit);
        while let Some(count) = look.wants(filter.merchant.is_some() || filter.key.is_some()) {
            let page = search!(self, lists::all_records(filter.window.start(), look.at, count))?;
            let fits = |(merchant, record): &(MerchantId, Record)| {
                filter.merchant.is_none_or(|of| of == *merchant) && filter.key.is_none_or(|key| key == record.key)
            };
            look.take(page, count, record_position, fits);
        }
        Ok(look.found())
    }

    pub async fn search_actions(
        &self,
        filter: &ActionFilter,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Found<OperatorAction>> {
        let mut look = Look::new(before.unwrap_or(Window::default().end()), limit);
        let is_filtered = filter.merchant.is_some() || filter.operator.is_some() || filter.action.is_some();
        while let Some(count) = look.wants(is_filtered) {
            let page = search!(self, lists::all_actions(look.at, count))?;
            let fits = |done: &OperatorAction| {
                filter.merchant.is_none_or(|of| done.merchant == Some(of))
                    && filter.operator.as_ref().is_none_or(|name| done.operator.eq_ignore_ascii_case(name))
                    && filter.action.as_ref().is_none_or(|word| *word == done.action)
            };
            look.take(page, count, |done| Position { id: done.id, ..Position::newest(done.at) }, fits);
        }
        Ok(look.found())
    }

    /// Oldest first.
    pub async fn actions_about(&self, merchant: MerchantId, subject: &str, limit: u32) -> Result<Vec<OperatorAction>> {
        search!(self, lists::actions_about(merchant, subject, limit))
    }

    /// By a part of the name or the address, in whatever case, in the order of their places.
    pub async fn search_merchants(
        &self,
        text: Option<&str>,
        after: Option<MerchantId>,
        limit: u32,
    ) -> Result<Found<Merchant, MerchantId>> {
        let text = text.map(str::to_lowercase);
        let (mut items, mut after, mut looked_at) = (Vec::new(), after, 0);
        while looked_at < LOOKED_AT_MAX {
            let count = if text.is_some() { PAGE } else { limit };
            let page = self.merchants(after, count).await?;
            let is_last = page.len() < count as usize;
            looked_at += page.len();
            for merchant in page {
                after = Some(merchant.id);
                let has = |text: &String| {
                    [&merchant.name, &merchant.email].into_iter().any(|has| has.to_lowercase().contains(text.as_str()))
                };
                if text.as_ref().is_none_or(has) {
                    items.push(merchant);
                }
                if items.len() == limit as usize {
                    return Ok(Found { items, next: after });
                }
            }
            if is_last {
                return Ok(Found { items, next: None });
            }
        }
        Ok(Found { items, next: after })
    }
}

fn position_of(payout: &Payout) -> Position {
    Position { id: payout.id.0, ..Position::newest(payout.created_at) }
}

fn entry_position((merchant, line): &(MerchantId, LedgerLine)) -> Position {
    Position { owner: merchant.0, number: line.entry.seq, ..Position::newest(line.entry.created_at) }
}

fn record_position((merchant, record): &(MerchantId, Record)) -> Position {
    Position { owner: merchant.0, id: record.key.0, ..Position::newest(record.created_at) }
}

/// One walk through a list: how far it has come, what it has found, and whether it goes on.
struct Look<T> {
    at: Position,
    limit: usize,
    looked_at: usize,
    items: Vec<T>,
    is_over: bool,
}

impl<T> Look<T> {
    fn new(at: Position, limit: u32) -> Self {
        Self { at, limit: limit as usize, looked_at: 0, items: Vec::new(), is_over: false }
    }

    /// How many rows to read next, if any.
    fn wants(&self, is_filtered: bool) -> Option<u32> {
        let is_done = self.is_over || self.items.len() >= self.limit || self.looked_at >= LOOKED_AT_MAX;
        (!is_done).then_some(if is_filtered { PAGE } else { self.limit as u32 })
    }

    /// `count` is what was asked for: a page with fewer is the last.
    fn take(&mut self, page: Vec<T>, count: u32, place: impl Fn(&T) -> Position, fits: impl Fn(&T) -> bool) {
        self.is_over = page.len() < count as usize;
        for row in page {
            if self.items.len() == self.limit {
                self.is_over = false;
                return;
            }
            self.looked_at += 1;
            self.at = place(&row);
            if fits(&row) {
                self.items.push(row);
            }
        }
    }

    fn found(self) -> Found<T> {
        Found { next: (!self.is_over).then_some(self.at), items: self.items }
    }
}
