//! Money that comes back: the bank lists what it returned, the worker follows the list.
//!
//! Every line is taken on its own. It is credited, recorded as an exception, or set aside in the database and tried
//! again later; only then does the cursor pass it, so that no line is lost between the two. The same line read again
//! (by another worker, after a restart, with a lost cursor) changes nothing.

use std::time::Duration;

use jiff::SignedDuration;
use payrail_core::bank_return::{BankReturn, Exception, ExceptionKind};
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::Status;
use payrail_store::WaitingReturn;
use tokio_util::sync::CancellationToken;

use super::Worker;
use crate::lanes::DoorError;
use crate::payout_log;
use crate::rail::lists::Row;
use crate::rail::{ReturnedTransfer, excerpt};

/// How far the list has been read, kept in the database. Several workers may read on from the same place.
pub const RETURNS_CURSOR: &str = "bank_returns_cursor";
const PAGE: u32 = 100;
const POLL: Duration = Duration::from_secs(2);
/// After trouble the waits double up to this.
const POLL_MAX: Duration = Duration::from_secs(60);
/// Then it begins anew where it has come to: a database or a bank that falls silent must not end it for good.
const TAKES_AT_MOST: Duration = Duration::from_secs(60);

/// The first wait of a return that is set aside, and the longest: they double.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// A list may leave out so many numbers, and the reading goes on behind them. A larger gap is a number that makes no
/// sense, and the cursor must not follow it: what comes in between would never be read.
const GAP_MAX: i64 = 1_000;

/// Tried again later, with a longer wait each time.
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

    /// Takes in what the bank has returned since the last look, and what was set aside and is due. False after
    /// trouble.
    pub(super) async fn take_returns(&self) -> bool {
        let taking = tokio::time::timeout(TAKES_AT_MOST, self.try_take_returns());
        match taking.await.unwrap_or_else(|_| Err("it took too long".to_owned())) {
            Ok(()) => true,
            Err(why) => {
                tracing::debug!(why, "the bank's returns could not all be read; trying again later");
                false
            }
        }
    }

    async fn try_take_returns(&self) -> Result<(), Trouble> {
        self.try_waiting_again().await?;
        if let Some(why) = self.bank.objection().await {
            return Err(why);
        }
        let cursor = self.store.setting(RETURNS_CURSOR).await.map_err(text)?;
        let mut cursor = cursor.and_then(|text| text.parse().ok()).unwrap_or(0).max(0);
        let mut after = cursor;
        loop {
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

    /// Moves the cursor along the numbers as far as they go on, over gaps that are small enough to be believed.
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
            self.store.put_setting(RETURNS_CURSOR, &reached.to_string()).await.map_err(text)?;
        }
        Ok(reached)
    }

    async fn report_gap(&self, before: i64, after: i64) -> Result<(), Trouble> {
        let detail = format!(
            "In the bank's list of returns number {after} follows number {before}. Ask the bank for the returns in between."
        );
        self.report_list(ExceptionKind::ReturnsMissing, &format!("before {after}"), before, detail).await
    }

    /// A list that does not go on would be read for ever.
    async fn stuck(&self, after: i64) -> Result<Trouble, Trouble> {
        let detail = format!("The bank's list of returns does not go on after number {after}.");
        self.report_list(ExceptionKind::ReturnUnreadable, &format!("after {after}"), after, detail.clone()).await?;
        Ok(detail)
    }

    async fn report_list(&self, kind: ExceptionKind, what: &str, number: i64, detail: String) -> Result<(), Trouble> {
        tracing::warn!(kind = kind.as_str(), detail, "the bank's list of returns makes no sense");
        let exception = Exception::of_list(kind, what, Some(number), detail, self.clock.now());
        self.store.record_exception(&exception).await.map_err(text)
    }

    async fn take_row(&self, row: &Row<ReturnedTransfer>) -> Result<(), Trouble> {
        let line = match row {
            Ok(returned) => returned.line(),
            Err(unreadable) => {
                tracing::warn!(number = unreadable.number, why = unreadable.why, "a line of the list makes no sense");
                let exception = unreadable.exception(self.clock.now());
                return self.store.record_exception(&exception).await.map_err(text);
            }
        };
        let Some((merchant, payout)) = self.owner(&line).await? else { return self.unknown(&line).await };
        self.apply(merchant, payout, &line, 0).await
    }

    async fn owner(&self, line: &BankReturn) -> Result<Option<(MerchantId, PayoutId)>, Trouble> {
        let Some(payout) = PayoutId::from_reference(&line.reference) else { return Ok(None) };
        let merchant = self.store.merchant_of_payout(payout).await.map_err(text)?;
        Ok(merchant.map(|merchant| (merchant, payout)))
    }

    async fn unknown(&self, line: &BankReturn) -> Result<(), Trouble> {
        tracing::warn!(reference = line.reference, number = line.number, "the bank returned what is not known here");
        let detail = format!(
            "The bank returned {} paise under reference {:?}, which is no payout here.",
            line.amount_paise, line.reference
        );
        let exception = Exception::of_line(line, ExceptionKind::ReturnUnknownReference, detail, self.clock.now());
        self.store.record_exception(&exception).await.map_err(text)
    }

    /// Lines that were set aside and are due: each is decided anew.
    async fn try_waiting_again(&self) -> Result<(), Trouble> {
        let due = self.store.returns_due(self.clock.now(), PAGE).await.map_err(text)?;
        for waiting in due {
            self.apply(waiting.merchant, waiting.payout, &waiting.line, waiting.tries).await?;
        }
        Ok(())
    }

    async fn apply(
        &self,
        merchant: MerchantId,
        payout: PayoutId,
        line: &BankReturn,
        tries: u32,
    ) -> Result<(), Trouble> {
        let action = Action::Return { payout, line: line.clone() };
        let waits_for = match self.door.send(Command { merchant, action }).await {
            Ok(Ok(Reply::Exception(exception))) => {
                tracing::warn!(%payout, %exception, number = line.number, "a return does not fit its payout");
                return Ok(());
            }
            Ok(Ok(Reply::Stepped(returned))) => {
                let span = payout_log::span(merchant, payout, returned.request_id.as_ref());
                span.in_scope(|| payout_log::stepped(&returned));
                return Ok(());
            }
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(Refusal::NotReturnable(Status::Returned))) => return Ok(()),
            Ok(Err(Refusal::NotReturnable(status))) => format!("the payout is {}", status.as_str()),
            Ok(Err(refusal)) => refusal.to_string(),
            Err(DoorError::Failed(why)) => format!("the database refused it: {}", excerpt(&why, 200)),
            // The database or the way to it: nothing is known of any line, and none is passed.
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
        tracing::info!(%payout, number = line.number, waits_for, "a return is set aside");
        let now = self.clock.now();
        let wait = FIRST_WAIT.checked_mul(1 << tries.min(10)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let next_try_at = now.checked_add(wait).unwrap_or(now);
        let line = line.clone();
        let waiting = WaitingReturn { merchant, payout, line, waits_for, tries, next_try_at, first_seen_at: now };
        self.store.set_aside(&waiting, now).await.map_err(text)
    }
}

/// In order, as far as they can be read.
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
