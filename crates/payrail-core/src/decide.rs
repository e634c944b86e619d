//! The only code that moves money. It is pure: a merchant's book, a command, the time and the rules go in; the
//! writes and the reply come out.
//!
//! A store locks the merchants of a batch, loads their books, calls [`decide_all`] and writes
//! the [`Writes`], in one transaction. It decides nothing itself.

mod decision;
mod operators;
mod payouts;
mod requests;
mod returns;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::book::{Book, Books, DecisionError};
use crate::command::{Action, Command, Refusal};
use crate::writes::Writes;
use decision::{Decision, Result, Stop};
use payrail_types::ids::PayoutId;
use payrail_types::names::Utr;
use payrail_types::rail::BankId;

pub use decision::Rules;

/// Runs a batch in order; each command sees the changes of the commands before it. After an error nothing may be
/// written.
pub fn decide_all(
    books: &mut Books,
    commands: &[Command],
    rules: &Rules,
    now: Timestamp,
) -> Result<Writes, DecisionError> {
    let mut all = Writes::default();
    // The payouts that the batch itself has settled, of all merchants, by bank and UTR.
    let mut settled: BTreeMap<(Option<BankId>, Utr), PayoutId> = BTreeMap::new();
    for Command { merchant, action } in commands {
        let not_loaded = || DecisionError::NotLoaded { merchant: *merchant, what: "its book".to_owned() };
        let Some(book) = books.get_mut(merchant).ok_or_else(not_loaded)? else {
            all.replies.push(Err(Refusal::UnknownMerchant));
            continue;
        };
        for (payout, utr) in action.needs().utrs {
            let bank = book.payouts.get(&payout).and_then(Option::as_ref).and_then(|payout| payout.bank.clone());
            let other = settled.get(&(bank, utr.clone())).filter(|other| **other != payout);
            if let (Some(known), Some(other)) = (book.utrs.get_mut(&(payout, utr)), other) {
                known.get_or_insert(*other);
            }
        }
        match decide(book, action, rules, now) {
            Ok(writes) => {
                book.apply(&writes);
                for (_, payout) in &writes.updated_payouts {
                    settled.extend(payout.utr().map(|utr| ((payout.bank.clone(), utr.clone()), payout.id)));
                }
                all.append(writes);
            }
            Err(Stop::Refused(refusal)) => all.replies.push(Err(refusal)),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    Ok(all)
}

/// The decision on one command.
fn decide(book: &Book, action: &Action, rules: &Rules, now: Timestamp) -> Result<Writes> {
    let mut decision = Decision::new(book, rules, now);
    let reply = match action {
        Action::Create { id, key, request } => decision.create(*id, *key, request),
        Action::Fund { key, amount, description, by } => decision.fund(*key, *amount, description, by.as_ref()),
        Action::Cancel { payout } => decision.cancel(decision.payout(*payout)?),
        Action::Claim { payout, worker, bank } => decision.claim(decision.payout(*payout)?, worker, bank.as_ref()),
        Action::Report { payout, number, answer, exchange } => {
            decision.report(decision.payout(*payout)?, *number, answer, exchange)
        }
        Action::Release { payout, number } => decision.release(decision.payout(*payout)?, *number),
        Action::Return { payout, line } => decision.take_return(decision.payout(*payout)?, line),
        Action::Ask { payout, by } => decision.ask(decision.payout(*payout)?, by),
        Action::BringForward { payout, reason, by } => decision.bring_forward(decision.payout(*payout)?, reason, by),
        Action::Decide { payout, verdict, reason, by } => {
            decision.end_doubt(decision.payout(*payout)?, verdict, reason, by)
        }
    }?;
    decision.writes.replies.push(Ok(reply));
    Ok(decision.writes)
}

#[cfg(test)]
mod tests;
