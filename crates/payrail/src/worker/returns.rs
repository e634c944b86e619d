//! Returned payouts: the worker follows the bank's list of returns.
//!
//! Each line is handled on its own. It is credited, recorded as an exception, or set aside in the database and retried
//! later. Only then does the cursor pass it, so no line is lost. Reading the same line again (by another worker, after
//! a restart, with a lost cursor) changes nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use payrail_core::bank_return::{BankReturn, Exception, ExceptionKind};
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::payout::Status;
use payrail_store::WaitingReturn;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::rail::RailId;
use payrail_types::word::Word;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Worker;
use crate::lanes::EngineError;
use crate::payout_log;
use crate::rail::lists::{Row, list_of, of_rail};
use crate::rail::{Remembered, ReturnedTransfer, excerpt};

/// [`Remembered::ReturnsCursor`] of the default rail.
pub const RETURNS_CURSOR: &str = "bank_returns_cursor";
const PAGE: u32 = 100;
const POLL: Duration = Duration::from_secs(2);
/// After failures the wait doubles up to this.
const POLL_MAX: Duration = Duration::from_secs(60);
/// A round that takes longer is cancelled, and the next one continues from its cursor. A database or bank that stops
/// answering must not stop the reading for good.
const TAKES_AT_MOST: Duration = Duration::from_secs(60);

/// The first and the longest wait of a return that is set aside; each wait doubles the one before.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// The largest gap in the list's numbers that the cursor passes. A larger one is taken for a wrong number: passing it
/// could skip lines that would then never be read.
const GAP_MAX: i64 = 1_000;

/// With this many open exceptions reading stops, so that a list full of errors cannot fill the database.
pub const EXCEPTIONS_MAX: u32 = 1_000;

/// A failure that is retried later, with a longer wait each time.
type Trouble = String;

impl Worker {
    pub(super) async fn follow_returns(self, stop: CancellationToken) {
        let mut wait = POLL;
        while !stop.is_cancelled() {
            wait = if self.take_returns().await { POLL } else { (wait * 2).min(POLL_MAX) };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Handles the returns since the last read, and those that were set aside and are due. False after a failure.
    pub(super) async fn take_returns(&self) -> bool {
        let taking = tokio::time::timeout(TAKES_AT_MOST, self.try_take_returns());
        match taking.await.unwrap_or_else(|_| Err("it took too long".to_owned())) {
            Ok(()) => true,
            Err(why) => {
                tracing::debug!(rail = %self.rail.name(), why, "the bank's returns could not all be read; trying again later");
                false
            }
        }
    }

    /// The waiting lines and the bank's list are independent: a failure of one does not stop the other.
    async fn try_take_returns(&self) -> Result<(), Trouble> {
        let waiting = self.try_waiting_again().await;
        self.read_list().await.and(waiting)
    }

    async fn read_list(&self) -> Result<(), Trouble> {
        if let Some(why) = self.bank.objection().await {
            return Err(why);
        }
        let cursor = self.store.setting(&self.rail.setting(Remembered::ReturnsCursor)).await.map_err(text)?;
        let mut cursor = cursor.and_then(|text| text.parse().ok()).unwrap_or(0).max(0);
        let mut after = cursor;
        loop {
            self.check_exceptions().await?;
            let page = self.rail.returns(after, PAGE).await.map_err(text)?;
            if page.is_empty() {
                return if cursor == after { Ok(()) } else { Err(format!("numbers are missing after {cursor}")) };
            }
            for row in &page {
                self.take_row(row).await?;
            }
            let numbers = numbers_of(&page);
            if cursor == after {
                cursor = self.follow(cursor, &numbers).await?;
            }
            let Some(last) = numbers.last().copied().filter(|last| *last > after) else {
                return Err(self.stuck(after).await?);
            };
            if page.len() < PAGE as usize && cursor == last {
                return Ok(());
            }
            after = last;
        }
    }

    async fn check_exceptions(&self) -> Result<(), Trouble> {
        let open = self.store.count_exceptions().await.map_err(text)?.count;
        if open < EXCEPTIONS_MAX {
            return Ok(());
        }
        tracing::error!(
            open,
            "so many exceptions are open that the bank's list of returns is not read any further: an operator must resolve them"
        );
        Err(format!("{open} exceptions are open"))
    }

    /// Moves the cursor to the last number before a gap larger than [`GAP_MAX`].
    async fn follow(&self, cursor: i64, numbers: &[i64]) -> Result<i64, Trouble> {
        let mut reached = cursor;
        for number in numbers.iter().copied().filter(|number| *number > cursor) {
            let missing = number.saturating_sub(reached) - 1;
            if missing > 0 {
                self.report_gap(reached, number).await?;
            }
            if missing > GAP_MAX {
                break;
            }
            reached = number;
        }
        if reached != cursor {
            self.store
                .put_setting(&self.rail.setting(Remembered::ReturnsCursor), &reached.to_string())
                .await
                .map_err(text)?;
        }
        Ok(reached)
    }

    async fn report_gap(&self, before: i64, after: i64) -> Result<(), Trouble> {
        let detail = format!(
            "In {} number {after} follows number {before}. Ask the bank for the returns in between.",
            list_of(self.rail.name())
        );
        let what = gap(self.rail.name(), after);
        self.report_list(ExceptionKind::ReturnsMissing, &what, before, detail).await
    }

    /// Reports a page that does not advance; reading it again would never end.
    async fn stuck(&self, after: i64) -> Result<Trouble, Trouble> {
        let list = list_of(self.rail.name());
        let detail = format!("{}{} does not go on after number {after}.", list[..1].to_uppercase(), &list[1..]);
        self.report_list(
            ExceptionKind::ReturnUnreadable,
            &of_rail(self.rail.name(), &format!("after {after}")),
            after,
            detail.clone(),
        )
        .await?;
        Ok(detail)
    }

    async fn report_list(&self, kind: ExceptionKind, what: &str, number: i64, detail: String) -> Result<(), Trouble> {
        tracing::warn!(rail = %self.rail.name(), kind = kind.as_str(), detail, "the bank's list of returns makes no sense");
        let exception = Exception::from_list(kind, what, Some(number), detail, self.clock.now());
        self.store.record_exception(&exception).await.map_err(text)
    }

    async fn take_row(&self, row: &Row<ReturnedTransfer>) -> Result<(), Trouble> {
        let line = match row {
            Ok(returned) => returned.line(),
            Err(unreadable) => {
                let rail = self.rail.name();
                tracing::warn!(%rail, number = unreadable.number, why = unreadable.why, "a line of the list makes no sense");
                let exception = unreadable.exception(rail, self.clock.now());
                return self.store.record_exception(&exception).await.map_err(text);
            }
        };
        let Some((merchant, payout)) = self.owner(&line).await? else {
            return self.unknown(&line, "which is no payout here").await;
        };
        // A bank only returns what it paid itself. (Payouts of earlier versions do not name their bank.)
        let sent_to = self.store.payout(merchant, payout).await.map_err(text)?.and_then(|payout| payout.bank);
        if sent_to.is_some() && sent_to != self.rail.expected_bank() {
            return self.unknown(&line, "a payout that was submitted to another bank").await;
        }
        self.apply(merchant, payout, &line, 0).await
    }

    async fn owner(&self, line: &BankReturn) -> Result<Option<(MerchantId, PayoutId)>, Trouble> {
        let Some(payout) = PayoutId::from_reference(&line.reference) else { return Ok(None) };
        let merchant = self.store.merchant_of_payout(payout).await.map_err(text)?;
        Ok(merchant.map(|merchant| (merchant, payout)))
    }

    async fn unknown(&self, line: &BankReturn, why: &str) -> Result<(), Trouble> {
        let rail = self.rail.name();
        tracing::warn!(%rail, reference = line.reference, number = line.number, "the bank returned what is not known here");
        let bank = if rail == RailId::DEFAULT { "The bank".to_owned() } else { format!("The bank of the rail {rail}") };
        let detail =
            format!("{bank} returned {} paise under reference {:?}, {why}.", line.amount_paise, line.reference);
        let exception = Exception::from_line(line, ExceptionKind::ReturnUnknownReference, detail, self.clock.now());
        self.store.record_exception(&exception).await.map_err(text)
    }

    /// Decides anew on the due lines that were set aside. One that fails does not delay the others.
    async fn try_waiting_again(&self) -> Result<(), Trouble> {
        let now = self.clock.now();
        let mut due = self.store.returns_due(now, PAGE).await.map_err(text)?;
        due.extend(self.set_aside_for_too_long(now).await?);
        let mut done = Ok(());
        for waiting in due {
            let WaitingReturn { merchant, payout, line, tries, .. } = waiting;
            if let Err(why) = self.apply(merchant, payout, &line, tries).await {
                done = Err(why);
            }
        }
        done
    }

    /// No line waits longer than [`LONGEST_WAIT`], unless a wrong clock set it aside.
    async fn set_aside_for_too_long(&self, now: Timestamp) -> Result<Vec<WaitingReturn>, Trouble> {
        let latest = now.checked_add(LONGEST_WAIT + LONGEST_WAIT).unwrap_or(Timestamp::MAX);
        let late = self.store.returns_due_after(latest, PAGE).await.map_err(text)?;
        if let Some(first) = late.first() {
            let (lines, next_try_at) = (late.len(), first.next_try_at);
            tracing::warn!(lines, %next_try_at, "a wrong clock set returns aside for too long; they are tried now");
        }
        Ok(late)
    }

    /// Runs in the payout's span, so that its log lines name the payout.
    async fn apply(
        &self,
        merchant: MerchantId,
        payout: PayoutId,
        line: &BankReturn,
        tries: u32,
    ) -> Result<(), Trouble> {
        let known = self.store.payout(merchant, payout).await.map_err(text)?;
        let request = known.as_ref().and_then(|payout| payout.request_id.as_ref());
        let span = payout_log::span(merchant, payout, request);
        self.decide(merchant, payout, line, tries).instrument(span).await
    }

    async fn decide(
        &self,
        merchant: MerchantId,
        payout: PayoutId,
        line: &BankReturn,
        tries: u32,
    ) -> Result<(), Trouble> {
        let action = Action::Return { payout, line: line.clone() };
        let waits_for = match self.engine.send(Command { merchant, action }).await {
            Ok(Ok(Reply::Exception(exception))) => {
                tracing::warn!(%exception, number = line.number, "a return does not fit its payout");
                return Ok(());
            }
            Ok(Ok(Reply::Updated(returned))) => {
                payout_log::stepped(&returned);
                return Ok(());
            }
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(Refusal::NotReturnable(Status::Returned))) => return Ok(()),
            Ok(Err(Refusal::NotReturnable(status))) => format!("the payout is {}", status.as_str()),
            Ok(Err(refusal)) => refusal.to_string(),
            Err(EngineError::Failed(why)) => format!("the database refused it: {}", excerpt(&why, 200)),
            // One merchant's row is locked. If the line was written after all, setting it aside changes nothing.
            Err(error @ (EngineError::Busy | EngineError::TooLate)) => error.to_string(),
            // The database or its connection failed: no line's fate is known, so the cursor passes none.
            Err(error) => return Err(error.to_string()),
        };
        self.set_aside(merchant, payout, line, tries, waits_for).await
    }

    async fn set_aside(
        &self,
        merchant: MerchantId,
        payout: PayoutId,
        line: &BankReturn,
        tries: u32,
        waits_for: String,
    ) -> Result<(), Trouble> {
        tracing::info!(number = line.number, waits_for, "a return is set aside");
        let now = self.clock.now();
        let wait = FIRST_WAIT.checked_mul(1 << tries.min(10)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let next_try_at = now.checked_add(wait).unwrap_or(now);
        let line = line.clone();
        let waiting = WaitingReturn { merchant, payout, line, waits_for, tries, next_try_at, first_seen_at: now };
        self.store.set_aside(&waiting, now).await.map_err(text)
    }
}

/// Identifies the gap before this number, so that its exception is recorded only once.
pub fn gap(rail: RailId, after: i64) -> String {
    of_rail(rail, &format!("before {after}"))
}

/// The readable numbers, in order.
fn numbers_of(page: &[Row<ReturnedTransfer>]) -> Vec<i64> {
    let number = |row: &Row<ReturnedTransfer>| match row {
        Ok(returned) => Some(returned.number),
        Err(unreadable) => unreadable.number,
    };
    let mut numbers: Vec<_> = page.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn text(error: impl ToString) -> Trouble {
    error.to_string()
}
