//! What must be stored under every key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::idempotency::{Answer, IdempotencyKey};
use payrail_core::writes::Writes;
use payrail_types::ids::MerchantId;

use super::promise::{ALL_OR_NOTHING, ONCE_PER_KEY};
use super::{Kept, ensure};

#[derive(Default)]
pub struct Keys(BTreeMap<(MerchantId, IdempotencyKey), Memory>);

struct Memory {
    asked: (i64, String),
    answer: Answer,
    until: Option<Timestamp>,
}

impl Keys {
    pub fn see(&mut self, commands: &[Command], writes: &Writes, now: Timestamp) -> Kept {
        for (command, reply) in commands.iter().zip(&writes.replies) {
            let (Some(key), Some(asked)) = (command.action.needs().keys.pop(), asked(&command.action)) else {
                continue;
            };
            let name = (command.merchant, key);
            let known = self.0.get(&name).filter(|memory| memory.until.is_none_or(|until| now < until));
            match (reply, known) {
                (Ok(Reply::Answered { answer, replayed: true }), Some(memory)) => {
                    let same = memory.asked == asked && memory.answer == *answer;
                    ensure(same, ONCE_PER_KEY, || format!("{key}: {:?}, then {answer:?} to {asked:?}", memory.answer))?;
                }
                (Err(Refusal::KeyReused), Some(memory)) => {
                    ensure(memory.asked != asked, ONCE_PER_KEY, || format!("{key}: the same request is refused"))?;
                }
                (Ok(Reply::Answered { answer, replayed: false }), None) => {
                    let record = writes.records.iter().find(|(owner, record)| (*owner, record.key) == name);
                    let Some((_, record)) = record.filter(|(_, record)| record.answer == *answer) else {
                        return ensure(false, ALL_OR_NOTHING, || format!("{key}: answered and not remembered"));
                    };
                    let forgets = record.expires_at.is_some() && answer.status == 201;
                    ensure(!forgets, ONCE_PER_KEY, || format!("{key}: what moved money is forgotten"))?;
                    self.0.insert(name, Memory { asked, answer: answer.clone(), until: record.expires_at });
                }
                (Err(Refusal::BalanceTooLarge), None) => {}
                (reply, known) => {
                    let first = known.map(|memory| &memory.answer);
                    return ensure(false, ONCE_PER_KEY, || format!("{key}: first {first:?}, then {reply:?}"));
                }
            }
        }
        Ok(())
    }
}

/// A request without what the API adds to it.
fn asked(action: &Action) -> Option<(i64, String)> {
    match action {
        Action::Create { request, .. } => Some((request.amount.get(), request.bank_account_id.to_string())),
        Action::Fund { amount, description, .. } => Some((amount.get(), description.clone())),
        _ => None,
    }
}
