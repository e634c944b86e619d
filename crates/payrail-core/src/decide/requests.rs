//! What is asked under an idempotency key: the first answer is kept, and given again.

use jiff::Timestamp;

use super::{Decision, Result};
use crate::backoff::later;
use crate::command::{PayoutRequest, Refusal, Reply};
use crate::event::EventKind;
use crate::idempotency::{Answerable, IdempotencyKey, Record, RequestHash};
use crate::ids::PayoutId;
use crate::ledger::{EntryKind, Overdraw, Subject};
use crate::money::Amount;
use crate::operator::{ByOperator, words};
use crate::payout::Payout;

/// A key and what is asked under it.
#[derive(Clone, Copy)]
struct Asked {
    key: IdempotencyKey,
    request: RequestHash,
}

impl Decision<'_> {
    pub(super) fn create(&mut self, id: PayoutId, key: IdempotencyKey, request: &PayoutRequest) -> Result {
        let asked = Asked { key, request: request.hash() };
        if let Some(reply) = self.replay(asked)? {
            return Ok(reply);
        }
        match self.enter(EntryKind::Hold, request.amount, Subject::Payout(id)) {
            Ok(_) => {}
            Err(Overdraw::TooLittle { .. }) => return Ok(self.insufficient(asked, request.amount)),
            Err(Overdraw::TooLarge) => return Err(Refusal::BalanceTooLarge.into()),
        }
        let payout = Payout::new(id, request.amount, request.bank_account_id.clone(), self.now);
        let request_id = request.request_id.clone();
        let payout = Payout { request_id, created_at: self.at, updated_at: self.at, ..payout };
        self.event(EventKind::PayoutPending, Some(id));
        let reply = self.answer(asked, &Answerable::Accepted(&payout), Some(id), None);
        self.changes.new_payouts.push(payout);
        Ok(reply)
    }

    /// The refusal is remembered for a time: until then a duplicate of the request cannot pay. The answer says until
    /// when.
    fn insufficient(&mut self, asked: Asked, requested: Amount) -> Reply {
        let available = self.book.tip.balances.available;
        let remembered_until = later(self.now, self.rules.policy.refusal_ttl);
        let refused = Answerable::InsufficientFunds { available, requested, remembered_until };
        self.answer(asked, &refused, None, Some(remembered_until))
    }

    pub(super) fn fund(
        &mut self,
        key: IdempotencyKey,
        amount: Amount,
        description: &str,
        by: Option<&ByOperator>,
    ) -> Result {
        // Not by whom: a colleague's second try is the same funding.
        let asked = Asked { key, request: RequestHash::of(&["fund", &amount.get().to_string(), description]) };
        if let Some(reply) = self.replay(asked)? {
            return Ok(reply);
        }
        let memo = Subject::Memo(description.to_owned());
        let tip = self.enter(EntryKind::Fund, amount, memo).map_err(|_| Refusal::BalanceTooLarge)?;
        let entry_id = self.book.merchant.entry_id(tip.seq);
        self.event(EventKind::BalanceFunded, None);
        if let Some(by) = by {
            let detail = format!("{} paise", amount.get());
            self.act(by, words::FUNDED, entry_id, Some(description), Some(detail));
        }
        Ok(self.answer(asked, &Answerable::Funded { entry_id, amount, balances: tip.balances }, None, None))
    }

    /// The first answer again, if the key has one.
    fn replay(&self, asked: Asked) -> Result<Option<Reply>> {
        match self.book.record(asked.key)? {
            Some(record) if record.is_expired(self.now) => Ok(None),
            Some(record) if record.request != asked.request => Err(Refusal::KeyReused.into()),
            Some(record) => Ok(Some(Reply::Answered { answer: record.answer.clone(), replayed: true })),
            None => Ok(None),
        }
    }

    /// The first answer, kept under its key.
    fn answer(
        &mut self,
        Asked { key, request }: Asked,
        about: &Answerable<'_>,
        payout: Option<PayoutId>,
        expires_at: Option<Timestamp>,
    ) -> Reply {
        let answer = (self.rules.render)(about);
        let record = Record { key, request, answer: answer.clone(), payout, created_at: self.at, expires_at };
        self.changes.records.push(record);
        Reply::Answered { answer, replayed: false }
    }
}
