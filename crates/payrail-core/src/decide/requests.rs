//! Requests under an idempotency key: the first answer is stored and repeated.

use jiff::Timestamp;

use super::decision::{Decision, Result};
use crate::backoff::later;
use crate::command::{PayoutRequest, Refusal, Reply};
use crate::event::EventKind;
use crate::idempotency::{Answerable, IdempotencyKey, Record, RequestHash};
use crate::ledger::{EntryKind, Overdraw, Subject};
use crate::payout::Payout;
use payrail_types::ids::PayoutId;
use payrail_types::money::Amount;
use payrail_types::operator::{ByOperator, OperatorActionKind};

/// A key and the request under it.
#[derive(Clone, Copy)]
struct Asked {
    key: IdempotencyKey,
    request: RequestHash,
}

impl Decision<'_> {
    pub fn create(&mut self, id: PayoutId, key: IdempotencyKey, request: &PayoutRequest) -> Result {
        let asked = Asked { key, request: request.hash() };
        if let Some(reply) = self.replay(asked)? {
            return Ok(reply);
        }
        let tip = match self.enter(EntryKind::Hold, request.amount, Subject::Payout(id)) {
            Ok(tip) => tip,
            Err(Overdraw::TooLittle { .. }) => return Ok(self.insufficient(asked, request.amount)),
            Err(Overdraw::TooLarge) => return Err(Refusal::BalanceTooLarge.into()),
        };
        let payout = Payout::new(id, request.amount, request.bank_account_id.clone(), self.now);
        let request_id = request.request_id.clone();
        let (rail, at) = (request.rail.unwrap_or(self.rules.default_rail), self.at);
        let payout = Payout { rail, request_id, created_at: at, updated_at: at, ..payout };
        self.event(EventKind::PayoutPending, Some(id), Some(tip.seq));
        let reply = self.answer(asked, &Answerable::Accepted(&payout), Some(id), None);
        self.writes.new_payouts.push((self.book.merchant, payout));
        Ok(reply)
    }

    /// The refusal is stored until a time that its answer names. Until then a duplicate of the request cannot pay.
    fn insufficient(&mut self, asked: Asked, requested: Amount) -> Reply {
        let available = self.book.tip.balances.available;
        let remembered_until = later(self.now, self.rules.policy.refusal_ttl);
        let refused = Answerable::InsufficientFunds { available, requested, remembered_until };
        self.answer(asked, &refused, None, Some(remembered_until))
    }

    pub fn fund(&mut self, key: IdempotencyKey, amount: Amount, description: &str, by: Option<&ByOperator>) -> Result {
        // The operator is not part of the request: a colleague's retry is the same funding.
        let asked = Asked { key, request: RequestHash::from_parts(&["fund", &amount.get().to_string(), description]) };
        if let Some(reply) = self.replay(asked)? {
            return Ok(reply);
        }
        let memo = Subject::Memo(description.to_owned());
        let tip = self.enter(EntryKind::Fund, amount, memo).map_err(|_| Refusal::BalanceTooLarge)?;
        let entry_id = self.book.merchant.entry_id(tip.seq);
        self.event(EventKind::BalanceFunded, None, Some(tip.seq));
        if let Some(by) = by {
            let detail = format!("{} paise", amount.get());
            self.act(by, OperatorActionKind::Funded, entry_id, Some(description), Some(detail));
        }
        Ok(self.answer(asked, &Answerable::Funded { entry_id, amount, balances: tip.balances }, None, None))
    }

    /// The key's stored answer, if it has one.
    fn replay(&self, asked: Asked) -> Result<Option<Reply>> {
        match self.book.record(asked.key)? {
            Some(record) if record.is_expired(self.now) => Ok(None),
            Some(record) if record.request != asked.request => Err(Refusal::KeyReused.into()),
            Some(record) => Ok(Some(Reply::Answered { answer: record.answer.clone(), replayed: true })),
            None => Ok(None),
        }
    }

    /// Stores the first answer under its key.
    fn answer(
        &mut self,
        Asked { key, request }: Asked,
        about: &Answerable<'_>,
        payout: Option<PayoutId>,
        expires_at: Option<Timestamp>,
    ) -> Reply {
        let answer = (self.rules.render)(about);
        let record = Record { key, request, answer: answer.clone(), payout, created_at: self.at, expires_at };
        self.writes.records.push((self.book.merchant, record));
        Reply::Answered { answer, replayed: false }
    }
}
