//! An independent record of what must be stored under every key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use payrail_core::backoff::Policy;
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::idempotency::{Answer, IdempotencyKey, Record};
use payrail_types::ids::{MerchantId, PayoutId};

use crate::money::Sums;
use payrail_core::writes::Writes;

type Name = (MerchantId, IdempotencyKey);

#[derive(Default)]
pub struct Keys {
    memory: BTreeMap<Name, Memory>,
    /// The payout that a key created; it never expires.
    payouts: BTreeMap<Name, PayoutId>,
}

struct Memory {
    asked: Asked,
    answer: Answer,
    until: Option<Timestamp>,
}

/// A request without what the engine adds to it.
#[derive(Clone, PartialEq)]
enum Asked {
    Payout(i64, String),
    Fund(i64, String),
}

impl Asked {
    fn of(action: &Action) -> Option<Self> {
        match action {
            Action::Create { request, .. } => {
                Some(Self::Payout(request.amount.get(), request.bank_account_id.to_string()))
            }
            Action::Fund { amount, description, .. } => Some(Self::Fund(amount.get(), description.clone())),
            _ => None,
        }
    }
}

impl Keys {
    /// `sums` are the merchant's accounts before the command.
    pub fn see(&mut self, command: &Command, now: Timestamp, policy: &Policy, sums: Sums, log: &Writes) {
        let (Some(asked), Some(key)) = (Asked::of(&command.action), command.action.needs().keys.pop()) else {
            return assert!(log.records.is_empty(), "a record without a key");
        };
        let name = (command.merchant, key);
        match self.memory.get(&name).filter(|memory| memory.until.is_none_or(|until| now < until)) {
            Some(memory) if memory.asked == asked => {
                let replay = Reply::Answered { answer: memory.answer.clone(), replayed: true };
                assert_eq!(log.replies, [Ok(replay)]);
                assert!(crate::common::wrote_nothing(log));
            }
            Some(_) => assert_eq!(log.replies, [Err(Refusal::KeyReused)]),
            None => self.first(name, asked, now, policy, sums, log),
        }
    }

    fn first(&mut self, name: Name, asked: Asked, now: Timestamp, policy: &Policy, sums: Sums, log: &Writes) {
        let status = match &asked {
            Asked::Payout(amount, _) if i128::from(*amount) > sums.available => 400,
            Asked::Fund(amount, _) if sums.available + sums.held + i128::from(*amount) > i128::from(i64::MAX) => {
                return assert_eq!(log.replies, [Err(Refusal::BalanceTooLarge)]);
            }
            _ => 201,
        };
        let [Ok(Reply::Answered { answer, replayed: false })] = &log.replies[..] else {
            panic!("not a first answer: {:?}", log.replies);
        };
        assert_eq!(answer.status, status, "{sums:?}");
        assert_eq!(log.entries.len(), usize::from(status == 201));
        assert_eq!(log.events.len(), usize::from(status == 201));
        let payout = log.new_payouts.first().map(|(_, payout)| payout.id);
        assert_eq!(payout.is_some(), status == 201 && matches!(asked, Asked::Payout(..)));
        if let Some(id) = payout {
            assert_eq!(self.payouts.insert(name, id), None, "a second payout under one key");
        }
        let until = (status == 400).then(|| now + policy.refusal_ttl);
        check_record(log, name, answer, payout, sums.at(now), until);
        self.memory.insert(name, Memory { asked, answer: answer.clone(), until });
    }
}

fn check_record(
    log: &Writes,
    name: Name,
    answer: &Answer,
    payout: Option<PayoutId>,
    at: Timestamp,
    until: Option<Timestamp>,
) {
    let [(merchant, record)] = &log.records[..] else { panic!("a first answer without its record") };
    let kept = Record { answer: answer.clone(), payout, created_at: at, expires_at: until, ..record.clone() };
    assert_eq!(record, &kept);
    assert_eq!((*merchant, record.key), name);
}
