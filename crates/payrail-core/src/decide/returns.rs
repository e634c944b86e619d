//! A return credits exactly what the bank paid, once, and only if the bank's line says so in every fact. Anything else
//! is an exception: no entry, no step, a row for a person to resolve.

use super::{Changes, Decision, Door};
use crate::bank_return::{BankReturn, Exception, ExceptionKind, Facts, TakenReturn};
use crate::command::{Refusal, Reply};
use crate::ledger::EntryKind;
use crate::payout::{Payout, State, Status};

impl Door<'_> {
    /// A line that was taken before changes nothing. One of a payout whose outcome is not known here yet, or for which
    /// there is no room, is refused: whoever read it keeps it and tries again.
    pub(super) fn take_return(&self, payout: &Payout, line: &BankReturn) -> Decision {
        if let Some(known) = self.book.returns.get(&line.id()) {
            return match known.credited {
                true => Err(Refusal::NotReturnable(payout.status())),
                false => Ok((Changes::default(), Reply::Exception(line.id()))),
            };
        }
        let (amount, stated) = (payout.amount.get(), line.amount_paise);
        let paid_under = match &payout.state {
            State::Completed { utr } | State::Returned { utr, .. } => Some(utr),
            _ => None,
        };
        match payout.status() {
            status @ (Status::Failed | Status::Cancelled) => {
                let what = format!("The bank returned {stated} paise of a payout that is {}.", status.as_str());
                self.except(payout, line, ExceptionKind::ReturnOfUnpaid, what)
            }
            _ if stated != amount => {
                let what = format!("The bank returned {stated} paise; the payout is for {amount} paise.");
                self.except(payout, line, ExceptionKind::ReturnOtherAmount, what)
            }
            status @ (Status::Pending | Status::Processing) => Err(Refusal::NotReturnable(status)),
            _ if paid_under != Some(&line.utr) => {
                let what = format!(
                    "The bank returned {stated} paise under UTR {}; it paid under {}.",
                    line.utr,
                    paid_under.map_or("none", String::as_str)
                );
                self.except(payout, line, ExceptionKind::ReturnOtherUtr, what)
            }
            Status::Completed => {
                let next = payout.returned(&line.reason, self.now).ok_or(Refusal::NotReturnable(payout.status()))?;
                let (changes, reply) = self.step(next, Some(EntryKind::Return), Some("payout.returned"))?;
                Ok((Changes { taken: Some(self.taken(payout, line, true)), ..changes }, reply))
            }
            Status::Returned => self.returned_before(payout, line),
        }
    }

    /// The same facts under another number are a second return. A payout that was returned before lines were kept
    /// has none: the first line that fits is the one that was credited.
    fn returned_before(&self, payout: &Payout, line: &BankReturn) -> Decision {
        if self.book.returns.values().any(|known| known.credited && known.payout == payout.id) {
            let what = format!("The bank returned {} paise again.", line.amount_paise);
            return self.except(payout, line, ExceptionKind::ReturnAgain, what);
        }
        let changes = Changes { taken: Some(self.taken(payout, line, true)), ..Changes::default() };
        Ok((changes, Reply::Stepped(payout.clone())))
    }

    fn except(&self, payout: &Payout, line: &BankReturn, kind: ExceptionKind, what: String) -> Decision {
        let utr = match &payout.state {
            State::Completed { utr } | State::Returned { utr, .. } => Some(utr.clone()),
            _ => None,
        };
        let exception = Exception {
            payout: Some(payout.id),
            expected: Facts { amount_paise: Some(payout.amount.get()), utr },
            ..Exception::of_line(line, kind, what, self.now)
        };
        let reply = Reply::Exception(exception.id);
        let taken = Some(self.taken(payout, line, false));
        Ok((Changes { taken, exception: Some(exception), ..Changes::default() }, reply))
    }

    fn taken(&self, payout: &Payout, line: &BankReturn, credited: bool) -> TakenReturn {
        TakenReturn { line: line.clone(), payout: payout.id, credited, at: self.now }
    }
}
