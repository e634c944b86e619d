//! An independent record of every payout: which transition may follow, when, and what it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::bank_return::{BankReturn, ExceptionKind};
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::event::EventKind;
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{
    AttemptKind, AttemptOutcome, BankAnswer, Exchange, Payout, Progress, State, Status, Verdict,
};
use payrail_core::writes::AttemptEnd;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use uuid::Uuid;

use crate::common::{MICROSECOND, payout_named, utr_of};
use crate::money::Sums;
use payrail_core::writes::Writes;

#[derive(Default)]
pub struct Payouts {
    payouts: BTreeMap<(MerchantId, PayoutId), Life>,
    /// The payouts that were paid under a UTR.
    utrs: BTreeMap<Utr, Vec<PayoutId>>,
}

struct Life {
    payout: Payout,
    status: Status,
    attempts: u32,
    submissions: u32,
    unanswered: u32,
    /// The newest attempt, until it has ended.
    open: Option<AttemptKind>,
    /// A submission may have been sent, and no enquiry since has denied it.
    told: bool,
    doubt: Option<Timestamp>,
    due: RangeInclusive<Timestamp>,
    /// The credited line, and the others.
    credited: Option<Uuid>,
    excepted: BTreeSet<Uuid>,
}

/// What a transition writes besides the payout.
#[derive(Default)]
struct Moved {
    entry: Option<EntryKind>,
    event: Option<EventKind>,
    /// The attempt's outcome and exchange.
    end: Option<(AttemptOutcome, Exchange)>,
}

impl Payouts {
    /// The sum of a merchant's unfinished payouts.
    pub fn held(&self, merchant: MerchantId) -> i128 {
        let open = |life: &&Life| matches!(life.status, Status::Pending | Status::Processing);
        let of_merchant = self.payouts.iter().filter(|((owner, _), _)| *owner == merchant).map(|(_, life)| life);
        of_merchant.filter(open).map(|life| i128::from(life.payout.amount.get())).sum()
    }

    /// `sums` are the merchant's accounts before the command.
    pub fn see(&mut self, command: &Command, now: Timestamp, policy: &Policy, sums: Sums, log: &Writes) {
        for (merchant, payout) in &log.new_payouts {
            let asked = matches!(&command.action, Action::Create { id, request, .. }
                if *id == payout.id && request.amount == payout.amount);
            let new = Payout::new(payout.id, payout.amount, payout.bank_account_id.clone(), now);
            let at = sums.at(now);
            assert!(asked && *payout == Payout { created_at: at, updated_at: at, ..new });
            assert!(self.payouts.insert((*merchant, payout.id), Life::new(payout, now)).is_none());
        }
        let Some(id) = payout_named(&command.action) else {
            return assert!(log.updated_payouts.is_empty());
        };
        let Some(life) = self.payouts.get_mut(&(command.merchant, id)) else {
            return assert_eq!(log.replies, [Err(Refusal::UnknownPayout)]);
        };
        if let Action::Return { line, .. } = &command.action
            && let Some(kind) = life.mismatch(line)
        {
            return life.check_exception(line, kind, log);
        }
        let before = life.status;
        match life.act(&command.action, now, policy, sums) {
            Ok(moved) => life.check(before, &moved, &command.action, now, policy, log),
            Err(refusal) => assert_eq!(log.replies, [Err(refusal)], "{before:?} {:?}", command.action),
        }
        let utr = command.action.needs().utrs.pop().map(|(_, utr)| utr);
        self.check_utrs(utr.as_ref(), log);
    }

    /// A payout that is paid under another one's UTR is settled, and is an exception.
    fn check_utrs(&mut self, utr: Option<&Utr>, log: &Writes) {
        let settled = log.updated_payouts.iter().find(|(_, payout)| payout.status() == Status::Completed);
        let (Some(utr), Some((_, payout))) = (utr, settled) else { return };
        let others = self.utrs.entry(utr.clone()).or_default();
        match &log.exceptions[..] {
            [] => assert!(others.is_empty(), "{utr} is {others:?}'s too"),
            [(_, exception)] => {
                assert_eq!((exception.kind, exception.payout), (ExceptionKind::DuplicateUtr, Some(payout.id)));
                assert!(exception.other_payout.is_some_and(|other| others.contains(&other)));
            }
            more => panic!("{more:?}"),
        }
        others.push(payout.id);
    }
}

impl Life {
    fn new(payout: &Payout, now: Timestamp) -> Self {
        let due = now..=now;
        let (status, payout) = (Status::Pending, payout.clone());
        Life {
            payout,
            status,
            attempts: 0,
            submissions: 0,
            unanswered: 0,
            open: None,
            told: false,
            doubt: None,
            due,
            credited: None,
            excepted: BTreeSet::new(),
        }
    }

    fn act(&mut self, action: &Action, now: Timestamp, policy: &Policy, sums: Sums) -> Result<Moved, Refusal> {
        match action {
            Action::Claim { .. } => self.claim(now, policy),
            Action::Report { number, answer, exchange, .. } => {
                let step = self.close(*number)?;
                let moved = self.hear(step, answer, now, policy);
                // Equivalent to a closed reference if the bank promises that it is final.
                let is_final = self.status == Status::Failed && *answer == BankAnswer::NeverReceived;
                let outcome = if is_final { AttemptOutcome::Closed } else { answer.outcome() };
                Ok(Moved { end: Some((outcome, exchange.clone())), ..moved })
            }
            Action::Release { number, .. } => {
                let step = self.close(*number)?;
                self.unsend(step);
                self.due = now..=now;
                Ok(Moved { end: Some((AttemptOutcome::Released, Exchange::default())), ..Moved::default() })
            }
            Action::Cancel { .. } if self.status == Status::Pending => {
                Ok(self.over(Status::Cancelled, EntryKind::Refund, EventKind::PayoutCancelled))
            }
            Action::Cancel { .. } => Err(Refusal::NotCancellable(self.status)),
            Action::Return { .. } if self.status != Status::Completed => Err(Refusal::NotReturnable(self.status)),
            Action::Return { .. } if sums.available + sums.held + self.amount() > i128::from(i64::MAX) => {
                Err(Refusal::BalanceTooLarge)
            }
            Action::Return { line, .. } => {
                self.credited = Some(line.id());
                Ok(self.over(Status::Returned, EntryKind::Return, EventKind::PayoutReturned))
            }
            Action::Ask { .. } => {
                self.unattended_doubt()?;
                let due = now.min(*self.due.end());
                self.due = due..=due;
                Ok(Moved::default())
            }
            Action::BringForward { .. } => {
                let alive = matches!(self.status, Status::Pending | Status::Processing);
                if !alive || *self.due.end() <= now + SignedDuration::from_hours(1) {
                    return Err(Refusal::NotFarAhead);
                }
                self.due = now..=now;
                Ok(Moved::default())
            }
            Action::Decide { verdict, .. } => {
                self.unattended_doubt()?;
                Ok(match verdict {
                    Verdict::Paid { .. } => self.over(Status::Completed, EntryKind::Settle, EventKind::PayoutCompleted),
                    Verdict::NotPaid => self.over(Status::Failed, EntryKind::Refund, EventKind::PayoutFailed),
                })
            }
            Action::Create { .. } | Action::Fund { .. } => unreachable!("no existing payout is meant"),
        }
    }

    /// The line's mismatch with the payout.
    fn mismatch(&self, line: &BankReturn) -> Option<ExceptionKind> {
        let is_paid = matches!(self.status, Status::Completed | Status::Returned);
        if self.credited == Some(line.id()) {
            return None;
        }
        Some(match self.status {
            Status::Failed | Status::Cancelled => ExceptionKind::ReturnOfUnpaid,
            _ if line.amount_paise != self.payout.amount.get() => ExceptionKind::ReturnOtherAmount,
            _ if is_paid && utr_of(&self.payout) != Some(&line.utr) => ExceptionKind::ReturnOtherUtr,
            Status::Returned => ExceptionKind::ReturnAgain,
            _ => return None,
        })
    }

    /// It is recorded once, and nothing else is written.
    fn check_exception(&mut self, line: &BankReturn, kind: ExceptionKind, log: &Writes) {
        assert_eq!(log.replies, [Ok(Reply::Exception(line.id()))]);
        let is_new = self.excepted.insert(line.id());
        let kinds: Vec<_> = log.exceptions.iter().map(|(_, e)| (e.id, e.kind, e.stated.amount_paise)).collect();
        assert_eq!(kinds, Vec::from_iter(is_new.then_some((line.id(), kind, Some(line.amount_paise)))));
        let rest = Writes { replies: Vec::new(), exceptions: Vec::new(), returns: Vec::new(), ..log.clone() };
        assert_eq!(rest, Writes::default());
    }

    /// Whether an operator may act on it.
    fn unattended_doubt(&self) -> Result<(), Refusal> {
        match (self.status, self.doubt, self.open) {
            (Status::Processing, Some(_), None) => Ok(()),
            (Status::Processing, Some(_), Some(_)) => Err(Refusal::Held),
            _ => Err(Refusal::NotInDoubt(self.status)),
        }
    }

    fn claim(&mut self, now: Timestamp, policy: &Policy) -> Result<Moved, Refusal> {
        let alive = matches!(self.status, Status::Pending | Status::Processing);
        // The exact due time is known from when it was written.
        if !alive || now < *self.due.end() {
            return Err(Refusal::NotDue);
        }
        let lost = self.open.is_some() && self.doubt.is_none();
        if self.open.is_some() {
            self.doubt.get_or_insert(now);
        }
        let step = self.next_step(policy);
        self.told |= step == AttemptKind::Submit;
        self.submissions += u32::from(step == AttemptKind::Submit);
        self.attempts += 1;
        self.open = Some(step);
        self.status = Status::Processing;
        self.due = now + policy.lease..=now + policy.lease;
        let event = if self.attempts == 1 {
            Some(EventKind::PayoutProcessing)
        } else {
            lost.then_some(EventKind::PayoutInDoubt)
        };
        Ok(Moved { event, ..Moved::default() })
    }

    /// An enquiry comes before each resubmission, and submissions do not exceed the policy's maximum.
    fn next_step(&self, policy: &Policy) -> AttemptKind {
        let closes = policy.can_close && !policy.never_received_is_final;
        match (self.told, self.is_used_up(policy)) {
            (_, true) if closes => AttemptKind::Close,
            (_, true) | (true, false) => AttemptKind::Enquire,
            (false, false) => AttemptKind::Submit,
        }
    }

    fn is_used_up(&self, policy: &Policy) -> bool {
        self.submissions >= policy.attempts_max.max(1)
    }

    /// Ends the attempt if it is the newest and still open.
    fn close(&mut self, number: u32) -> Result<AttemptKind, Refusal> {
        let newest = self.status == Status::Processing && number == self.attempts;
        self.open.take_if(|_| newest).ok_or(Refusal::StaleAttempt)
    }

    fn hear(&mut self, step: AttemptKind, answer: &BankAnswer, now: Timestamp, policy: &Policy) -> Moved {
        match answer {
            BankAnswer::Paid { .. } => {
                return self.over(Status::Completed, EntryKind::Settle, EventKind::PayoutCompleted);
            }
            BankAnswer::Refused { .. } | BankAnswer::Closed => {
                return self.over(Status::Failed, EntryKind::Refund, EventKind::PayoutFailed);
            }
            BankAnswer::NeverReceived if step == AttemptKind::Enquire => match self.is_used_up(policy) {
                true if policy.never_received_is_final => {
                    return self.over(Status::Failed, EntryKind::Refund, EventKind::PayoutFailed);
                }
                // Nothing proves that it will not be paid.
                true if !policy.can_close => {}
                _ => {
                    self.told = false;
                    self.due = now..=now;
                    return Moved::default();
                }
            },
            BankAnswer::Unreachable { .. } => {
                self.unsend(step);
                self.wait(now, policy);
                return Moved::default();
            }
            BankAnswer::NeverReceived | BankAnswer::NoAnswer { .. } => {}
        }
        let event = self.doubt.is_none().then_some(EventKind::PayoutInDoubt);
        self.doubt.get_or_insert(now);
        self.wait(now, policy);
        Moved { event, ..Moved::default() }
    }

    fn unsend(&mut self, step: AttemptKind) {
        self.submissions -= u32::from(step == AttemptKind::Submit);
        self.told &= step != AttemptKind::Submit;
    }

    /// 30 s, doubled with every unanswered call up to half an hour, plus up to a tenth.
    fn wait(&mut self, now: Timestamp, policy: &Policy) {
        self.unanswered += 1;
        let base = policy.retry_base.as_micros() << (self.unanswered - 1).min(40);
        let micros = base.min(policy.retry_max.as_micros()) as i64;
        let after = |micros| now + SignedDuration::from_micros(micros);
        self.due = after(micros)..=after(micros + micros / 10);
    }

    fn over(&mut self, status: Status, entry: EntryKind, event: EventKind) -> Moved {
        self.status = status;
        Moved { entry: Some(entry), event: Some(event), ..Moved::default() }
    }

    fn amount(&self) -> i128 {
        i128::from(self.payout.amount.get())
    }

    fn check(&mut self, before: Status, moved: &Moved, action: &Action, now: Timestamp, policy: &Policy, log: &Writes) {
        let [(_, after)] = &log.updated_payouts[..] else { panic!("not one update: {:?}", log.replies) };
        assert!(before.transition(after.status()).is_some(), "{before:?} to {:?}", after.status());
        assert_eq!(after.status(), self.status);
        assert_eq!(after.updated_at, now.max(self.payout.updated_at));
        assert_eq!(
            (after.attempts, after.submissions, after.unanswered),
            (self.attempts, self.submissions, self.unanswered)
        );
        self.check_state(action, policy, after);
        self.check_writes(moved, action, log, after);
        // Nothing else about a payout ever changes.
        let Payout { state, submissions, attempts, unanswered, updated_at, .. } = after.clone();
        self.payout = Payout { state, submissions, attempts, unanswered, updated_at, ..self.payout.clone() };
        assert_eq!(after, &self.payout);
    }

    fn check_state(&mut self, action: &Action, policy: &Policy, after: &Payout) {
        match (&after.state, action) {
            (State::Pending { due_at }, Action::BringForward { .. }) => {
                assert!(self.due.contains(due_at), "{due_at}");
            }
            (State::Processing(Progress { kind, due_at, leased_by, doubt }), _) => {
                match (action, &self.payout.state) {
                    (Action::Claim { worker, .. }, _) => assert_eq!(leased_by.as_ref(), Some(worker)),
                    // A claim stays a claim, so the next one asks the bank first.
                    (Action::BringForward { .. }, State::Processing(before)) => {
                        assert_eq!((leased_by, doubt), (&before.leased_by, &before.doubt));
                    }
                    _ => assert_eq!(leased_by.as_ref(), None),
                }
                assert_eq!(*kind, self.open.unwrap_or_else(|| self.next_step(policy)));
                assert_eq!(doubt.as_ref().map(|doubt| doubt.since), self.doubt);
                // Times are whole microseconds, so the jitter may have lost a fraction.
                assert!((*self.due.start()..=*self.due.end() + MICROSECOND).contains(due_at), "{due_at}");
                self.due = *due_at..=*due_at;
            }
            (State::Completed { utr }, Action::Report { answer, .. }) => {
                assert_eq!(answer, &BankAnswer::Paid { utr: utr.clone() });
            }
            (State::Failed { reason }, Action::Report { answer, .. }) => {
                let is_final = *answer == BankAnswer::NeverReceived && policy.never_received_is_final;
                let is_closed = *answer == BankAnswer::Closed || is_final;
                assert!(is_closed || *answer == BankAnswer::Refused { reason: reason.clone() });
            }
            (State::Completed { utr }, Action::Decide { verdict, .. }) => {
                assert_eq!(verdict, &Verdict::Paid { utr: utr.clone() });
            }
            (State::Failed { reason }, Action::Decide { verdict, reason: why, .. }) => {
                assert_eq!(verdict, &Verdict::NotPaid);
                assert_eq!(reason, &format!("An operator decided that the bank did not pay: {why}"));
            }
            (State::Returned { utr, .. }, Action::Return { .. }) => {
                assert_eq!(self.payout.state, State::Completed { utr: utr.clone() });
            }
            (State::Cancelled, Action::Cancel { .. }) => {}
            other => panic!("{other:?}"),
        }
    }

    fn check_writes(&self, moved: &Moved, action: &Action, log: &Writes, after: &Payout) {
        let entries: Vec<_> = log.entries.iter().map(|(_, entry)| (entry.kind, entry.payout, entry.amount)).collect();
        assert_eq!(entries, Vec::from_iter(moved.entry.map(|kind| (kind, Some(after.id), after.amount))));
        let events: Vec<_> = log.events.iter().map(|(_, event)| (event.kind, event.payout)).collect();
        let expected = Vec::from_iter(moved.event.map(|kind| (kind, Some(after.id))));
        assert_eq!(events, expected, "{action:?}");
        let ends: Vec<_> = log.closed.iter().map(|(_, end)| (end.outcome, end.exchange.clone())).collect();
        assert_eq!(ends, Vec::from_iter(moved.end.clone()));
        let told_of = |end: &AttemptEnd| (end.payout, end.number, end.ended_at);
        assert!(log.closed.iter().all(|(_, end)| told_of(end) == (after.id, self.attempts, after.updated_at)));
        match (&log.replies[0], action) {
            (Ok(Reply::Claimed { payout, attempt }), Action::Claim { worker, .. }) => {
                assert_eq!(payout, after);
                assert_eq!(log.opened, [(log.updated_payouts[0].0, attempt.clone())]);
                let told = (attempt.payout, attempt.number, Some(attempt.kind), &attempt.worker, attempt.started_at);
                assert_eq!(told, (after.id, self.attempts, self.open, worker, after.updated_at));
            }
            (reply, _) => {
                assert_eq!(reply, &Ok(Reply::Updated(after.clone())));
                assert!(log.opened.is_empty());
            }
        }
    }
}
