//! Money that comes back: the bank lists what it returned, the worker follows the list.

use std::time::Duration;

use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::ids::PayoutId;
use payrail_core::payout::Status;
use tokio_util::sync::CancellationToken;

use super::Worker;
use crate::payout_log;
use crate::rail::ReturnedTransfer;

/// How far the list has been read, kept in the database. Several workers may read on from the same
/// place: a return that is already known changes nothing.
pub const RETURNS_CURSOR: &str = "bank_returns_cursor";
const PAGE: u32 = 100;
const POLL: Duration = Duration::from_secs(2);
/// Then it begins anew where it has come to: a database or a bank that falls silent must not end it for good.
const TAKES_AT_MOST: Duration = Duration::from_secs(60);

impl Worker {
    pub(super) async fn follow_returns(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.take_returns().await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Takes in what the bank has returned since the last look.
    pub(super) async fn take_returns(&self) {
        let taking = tokio::time::timeout(TAKES_AT_MOST, self.try_take_returns());
        if let Err(why) = taking.await.unwrap_or_else(|_| Err("it took too long".to_owned())) {
            tracing::debug!(why, "the bank's returns could not be read; trying again later");
        }
    }

    async fn try_take_returns(&self) -> Result<(), String> {
        let cursor = self.store.setting(RETURNS_CURSOR).await.map_err(|error| error.to_string())?;
        let mut after = cursor.and_then(|text| text.parse().ok()).unwrap_or(0);
        // Up to here nothing is left to be taken later; what comes after one that is, is taken already.
        let (mut done, mut is_waiting) = (after, false);
        loop {
            let page = self.rail.returns(after, PAGE).await.map_err(|error| error.to_string())?;
            let Some(last) = page.last() else { return Ok(()) };
            for returned in &page {
                is_waiting |= !self.take_return(returned).await?;
                if !is_waiting {
                    done = returned.number;
                }
            }
            self.store.put_setting(RETURNS_CURSOR, &done.to_string()).await.map_err(|error| error.to_string())?;
            if page.len() < PAGE as usize {
                return Ok(());
            }
            if last.number <= after {
                return Err(format!("after return {after} comes return {}", last.number));
            }
            after = last.number;
        }
    }

    /// False if it must be taken later: the payout's own completion is still on its way, or there is no
    /// room for the money.
    async fn take_return(&self, returned: &ReturnedTransfer) -> Result<bool, String> {
        let Some(payout) = PayoutId::from_reference(&returned.reference) else {
            tracing::warn!(reference = returned.reference, "the bank returned something that is not ours");
            return Ok(true);
        };
        let merchant = self.store.merchant_of_payout(payout).await.map_err(|error| error.to_string())?;
        let Some(merchant) = merchant else {
            tracing::warn!(%payout, "the bank returned a payout that is not known here");
            return Ok(true);
        };
        let action = Action::Return { payout, reason: returned.reason.clone() };
        match self.door.send(Command { merchant, action }).await {
            Ok(Ok(Reply::Stepped(returned))) => {
                let span = payout_log::span(merchant, payout, returned.request_id.as_ref());
                span.in_scope(|| payout_log::stepped(&returned));
                Ok(true)
            }
            Ok(Ok(_)) => Ok(true),
            Ok(Err(Refusal::NotReturnable(Status::Pending | Status::Processing) | Refusal::BalanceTooLarge)) => {
                Ok(false)
            }
            Ok(Err(Refusal::NotReturnable(Status::Returned))) => Ok(true),
            Ok(Err(refusal)) => {
                tracing::error!(%payout, %refusal, "a return does not fit the payout");
                Ok(true)
            }
            Err(error) => Err(error.to_string()),
        }
    }
}
