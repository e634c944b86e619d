//! A return credits exactly what the bank paid, once, and only if the bank's line says so in every fact. Anything else
//! is an exception: no entry, no step, a row for a person to resolve.

use super::{Decision, Result};
use crate::bank_return::{BankReturn, Exception, ExceptionKind, Facts, TakenReturn};
use crate::command::{Refusal, Reply};
use crate::event::EventKind;
use crate::ledger::EntryKind;
use crate::payout::{Payout, State, Status};

impl Decision<'_> {
    /// A line that was taken before changes nothing. One of a payout whose outcome is not known here yet, or for which
    /// there is no room, is refused: whoever read it keeps it and tries again.
    pub(super) fn take_return(&mut self, payout: &Payout, line: &BankReturn) -> Result {
        let (known, is_credited) = self.book.returns(payout.id, line.id())?;
        if let Some(known) = known {
            return match known.credited {
                true => Err(Refusal::NotReturnable(payout.status()).into()),
                false => Ok(Reply::Exception(line.id())),
            };
        }
        let (amount, stated) = (payout.amount.get(), line.amount_paise);
        let paid_under = utr_of(payout);
        match payout.status() {
            status @ (Status::Failed | Status::Cancelled) => {
                let what = format!("The bank returned {stated} paise of a payout that is {}.", status.as_str());
                Ok(self.except(payout, line, ExceptionKind::ReturnOfUnpaid, what))
            }
            _ if stated != amount => {
                let what = format!("The bank returned {stated} paise; the payout is for {amount} paise.");
                Ok(self.except(payout, line, ExceptionKind::ReturnOtherAmount, what))
            }
            status @ (Status::Pending | Status::Processing) => Err(Refusal::NotReturnable(status).into()),
            _ if paid_under != Some(&line.utr) => {
                let what = format!(
                    "The bank returned {stated} paise under UTR {}; it paid under {}.",
                    line.utr,
                    paid_under.map_or("none", String::as_str)
                );
                Ok(self.except(payout, line, ExceptionKind::ReturnOtherUtr, what))
            }
            Status::Completed => {
                let next = payout.returned(&line.reason, self.now).ok_or(Refusal::NotReturnable(payout.status()))?;
                self.take(payout, line, true);
                self.step(next, Some(EntryKind::Return), Some(EventKind::PayoutReturned))
            }
            // The same facts under another number are a second return.
            Status::Returned if is_credited => {
                let what = format!("The bank returned {stated} paise again.");
                Ok(self.except(payout, line, ExceptionKind::ReturnAgain, what))
            }
            // A payout that was returned before lines were kept has none: the first line that fits is the one that was
            // credited.
            Status::Returned => {
                self.take(payout, line, true);
                Ok(Reply::Stepped(payout.clone()))
            }
        }
    }

    fn except(&mut self, payout: &Payout, line: &BankReturn, kind: ExceptionKind, what: String) -> Reply {
        self.take(payout, line, false);
        let exception = Exception {
            payout: Some(payout.id),
            expected: Facts { amount_paise: Some(payout.amount.get()), utr: utr_of(payout).cloned() },
            ..Exception::of_line(line, kind, what, self.now)
        };
        let reply = Reply::Exception(exception.id);
        self.changes.exceptions.push(exception);
        reply
    }

    fn take(&mut self, payout: &Payout, line: &BankReturn, credited: bool) {
        self.changes.returns.push(TakenReturn { line: line.clone(), payout: payout.id, credited, at: self.now });
    }
}

/// What the payout was paid under.
fn utr_of(payout: &Payout) -> Option<&String> {
    match &payout.state {
        State::Completed { utr } | State::Returned { utr, .. } => Some(utr),
        State::Pending { .. } | State::Processing(_) | State::Failed { .. } | State::Cancelled => None,
    }
}
