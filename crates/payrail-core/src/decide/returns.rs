//! Returns. A return credits exactly what the bank paid, once, and only if every fact of the bank's line matches.
//! Otherwise it is an exception: no money moves, and a person resolves it.

use super::decision::{Decision, Result};
use crate::bank_return::{BankReturn, Exception, ExceptionKind, Facts, TakenReturn};
use crate::command::{Refusal, Reply};
use crate::payout::{Payout, Status};
use payrail_types::names::Utr;
use payrail_types::word::Word;

impl Decision<'_> {
    /// A line that was decided before changes nothing. A line is refused while its payout's outcome is unknown, or
    /// while the balance would overflow: its reader keeps it and tries again.
    pub fn take_return(&mut self, payout: &Payout, line: &BankReturn) -> Result {
        let is_credited = self.book.is_credited(payout.id)?;
        if let Some(known) = self.book.known_return(line.id())? {
            return match known.credited {
                true => Err(Refusal::NotReturnable(payout.status()).into()),
                false => Ok(Reply::Exception(line.id())),
            };
        }
        let (amount, stated) = (payout.amount.get(), line.amount_paise);
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
            _ if payout.utr().map(Utr::as_str) != Some(&line.utr) => {
                let paid_under = payout.utr().map_or("none", Utr::as_str);
                let what =
                    format!("The bank returned {stated} paise under UTR {}; it paid under {paid_under}.", line.utr);
                Ok(self.except(payout, line, ExceptionKind::ReturnOtherUtr, what))
            }
            Status::Completed => {
                let next = payout.returned(&line.reason, self.now).ok_or(Refusal::NotReturnable(payout.status()))?;
                self.take(payout, line, true);
                self.update(payout, next)
            }
            // The same facts under another number are a second return.
            Status::Returned if is_credited => {
                let what = format!("The bank returned {stated} paise again.");
                Ok(self.except(payout, line, ExceptionKind::ReturnAgain, what))
            }
            // An older version stored no lines: the first line that matches is the one that was credited.
            Status::Returned => {
                self.take(payout, line, true);
                Ok(Reply::Updated(payout.clone()))
            }
        }
    }

    fn except(&mut self, payout: &Payout, line: &BankReturn, kind: ExceptionKind, what: String) -> Reply {
        self.take(payout, line, false);
        let exception = Exception {
            payout: Some(payout.id),
            expected: Facts { amount_paise: Some(payout.amount.get()), utr: payout.utr().map(Utr::to_string) },
            ..Exception::from_line(line, kind, what, self.now)
        };
        let reply = Reply::Exception(exception.id);
        self.writes.exceptions.push((self.book.merchant, exception));
        reply
    }

    fn take(&mut self, payout: &Payout, line: &BankReturn, credited: bool) {
        let taken = TakenReturn { line: line.clone(), payout: payout.id, credited, at: self.now };
        self.writes.returns.push((self.book.merchant, taken));
    }
}
