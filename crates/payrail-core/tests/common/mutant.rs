//! Faults planted on purpose. Each bends what goes into the real decision, what comes out of it, or the way a
//! store and a worker go about it; nothing of this is in the sources. The simulation and the model must find them.

use std::collections::BTreeMap;
use std::slice::from_ref;

use jiff::Timestamp;
use payrail_core::backoff::Policy;
use payrail_core::command::{Action, Command, Reply};
use payrail_core::decide::{self, Book, NotLoaded, Writes};
use payrail_core::event::EventKind;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{BankAnswer, Payout, Progress, State, Step};

use super::{note_needs, rules};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    // Of a store.
    /// Transactions of one merchant do not wait for each other.
    SkipLock,
    /// What is decided on was read before the lock was had.
    ReadBeforeLock,
    /// The answer leaves before the commit.
    AnswerBeforeCommit,
    /// A process that dies while it commits leaves the one half written.
    TornCommit,
    /// The records of the keys are not loaded.
    LoadNoKeys,
    /// The payouts that are named are not loaded.
    LoadNoPayouts,
    // Of keys.
    /// What was answered under a key is not looked up.
    ForgetReplay,
    /// A key answers whatever is asked under it.
    AnswerAnyRequest,
    /// A replay is the same JSON, and not the same bytes.
    RenderAgain,
    // Of money.
    /// A payout is accepted and its funds stay available.
    ForgetHold,
    /// The outbox misses a row.
    LoseEvent,
    /// No answer counts as a refusal.
    RefundOnSilence,
    /// "Never received" counts as a promise never to pay.
    TrustNeverReceived,
    /// A second word that the bank paid settles a second time.
    SettleTwice,
    // Of returns.
    /// What the payout paid is credited, although less came back.
    CreditPartialReturn,
    /// A return counts whatever UTR it names.
    IgnoreReturnUtr,
    /// A second return of a payout is credited as well.
    ReturnTwice,
    // Of calls to the bank.
    /// All payouts of a merchant go under one reference.
    ReuseReference,
    /// Every call goes under a reference of its own.
    NewReferences,
    /// A report is taken from whoever comes.
    LoseFencing,
    /// Who takes over from a lost worker tells the bank again instead of asking.
    ResubmitUnasked,
    /// A merchant may withdraw what a worker has claimed.
    CancelAfterClaim,
    /// The lease of a lost worker never runs out.
    EndlessLease,
}

impl Mutant {
    pub const ALL: [Mutant; 23] = [
        Self::SkipLock,
        Self::ReadBeforeLock,
        Self::AnswerBeforeCommit,
        Self::TornCommit,
        Self::LoadNoKeys,
        Self::LoadNoPayouts,
        Self::ForgetReplay,
        Self::AnswerAnyRequest,
        Self::RenderAgain,
        Self::ForgetHold,
        Self::LoseEvent,
        Self::RefundOnSilence,
        Self::TrustNeverReceived,
        Self::SettleTwice,
        Self::CreditPartialReturn,
        Self::IgnoreReturnUtr,
        Self::ReturnTwice,
        Self::ReuseReference,
        Self::NewReferences,
        Self::LoseFencing,
        Self::ResubmitUnasked,
        Self::CancelAfterClaim,
        Self::EndlessLease,
    ];
}

/// The real decision, or what a fault makes of it.
pub fn decide_all(
    mutant: Option<Mutant>,
    books: &mut BTreeMap<MerchantId, Book>,
    commands: &[Command],
    policy: &Policy,
    now: Timestamp,
) -> Result<Writes, NotLoaded> {
    let rules = &rules(*policy);
    let Some(mutant) = mutant else { return decide::decide_all(books, commands, rules, now) };
    let mut all = Writes::default();
    for command in commands {
        let mut command = command.clone();
        if let Some(book) = books.get_mut(&command.merchant) {
            // What is bent is loaded as bent.
            let before = command.action.clone();
            bend_what_goes_in(mutant, book, &mut command.action, now);
            if command.action != before {
                note_needs(book, &command.action);
            }
        }
        let mut writes = decide::decide_all(books, from_ref(&command), rules, now)?;
        bend_what_comes_out(mutant, &mut writes);
        append(&mut all, writes);
    }
    Ok(all)
}

/// What the bank is to know the payout by in call `number`.
pub fn reference(mutant: Option<Mutant>, payout: PayoutId, number: u32) -> String {
    match mutant {
        Some(Mutant::ReuseReference) => format!("PR{}", payout.bucket().get()),
        Some(Mutant::NewReferences) => format!("{}-{number}", payout.reference()),
        _ => payout.reference(),
    }
}

fn bend_what_goes_in(mutant: Mutant, book: &mut Book, action: &mut Action, now: Timestamp) {
    match (mutant, action) {
        (Mutant::LoadNoKeys, _) => {
            book.records.clear();
            book.loaded.keys.clear();
        }
        (Mutant::LoadNoPayouts, _) => {
            book.payouts.clear();
            book.loaded.payouts.clear();
        }
        (Mutant::ForgetReplay, Action::Create { key, .. }) => {
            book.records.remove(key);
        }
        (Mutant::AnswerAnyRequest, Action::Create { key, request, .. }) => {
            if let Some(record) = book.records.get_mut(key) {
                record.request = request.hash();
            }
        }
        (Mutant::RefundOnSilence, Action::Report { answer, .. }) => {
            if let BankAnswer::NoAnswer { why } = answer {
                *answer = BankAnswer::Refused { reason: why.clone() };
            }
        }
        (Mutant::TrustNeverReceived, Action::Report { answer: answer @ BankAnswer::NeverReceived, .. }) => {
            *answer = BankAnswer::Closed;
        }
        (Mutant::SettleTwice, Action::Report { payout, number, answer: BankAnswer::Paid { .. }, .. }) => {
            if let Some(payout) = book.payouts.get_mut(payout).filter(|payout| is_completed(payout)) {
                payout.state = held("one", now);
                payout.calls = *number;
            }
        }
        (Mutant::CreditPartialReturn, Action::Return { payout, line }) => {
            line.amount_paise = book.payouts.get(payout).map_or(line.amount_paise, |payout| payout.amount.get());
        }
        (Mutant::IgnoreReturnUtr, Action::Return { payout, line }) => {
            if let Some(State::Completed { utr }) = book.payouts.get(payout).map(|payout| &payout.state) {
                line.utr = utr.clone();
            }
        }
        (Mutant::ReturnTwice, Action::Return { payout, line }) => {
            if let Some(payout) = book.payouts.get_mut(payout)
                && let State::Returned { utr, .. } = &payout.state
                && !book.returns.contains_key(&line.id())
            {
                payout.state = State::Completed { utr: utr.clone() };
            }
        }
        (Mutant::LoseFencing, Action::Report { payout, number, .. } | Action::Release { payout, number }) => {
            let held =
                book.payouts.get(payout).filter(|payout| progress(payout).is_some_and(|p| p.leased_by.is_some()));
            *number = held.map_or(*number, |payout| payout.calls);
        }
        (Mutant::ResubmitUnasked, Action::Claim { payout, .. }) => {
            if let Some(State::Processing(progress)) = book.payouts.get_mut(payout).map(|payout| &mut payout.state)
                && progress.leased_by.is_some()
                && progress.due_at <= now
            {
                (progress.leased_by, progress.step) = (None, Step::Submit);
            }
        }
        (Mutant::CancelAfterClaim, Action::Cancel { payout }) => {
            if let Some(payout) = book.payouts.get_mut(payout).filter(|payout| progress(payout).is_some()) {
                payout.state = State::Pending { due_at: now };
            }
        }
        _ => {}
    }
}

fn bend_what_comes_out(mutant: Mutant, writes: &mut Writes) {
    match mutant {
        Mutant::ForgetHold => writes.entries.retain(|(_, entry)| entry.kind != EntryKind::Hold),
        Mutant::LoseEvent => writes.events.retain(|(_, event)| event.kind != EventKind::PayoutCompleted),
        Mutant::RenderAgain => {
            for reply in writes.replies.iter_mut().flatten() {
                if let Reply::Answered { answer, replayed: true } = reply {
                    answer.body = answer.body.replace("\":", "\": ");
                }
            }
        }
        Mutant::EndlessLease => {
            for (_, payout) in &mut writes.steps {
                if let State::Processing(progress @ Progress { leased_by: Some(_), .. }) = &mut payout.state {
                    progress.due_at = Timestamp::MAX;
                }
            }
        }
        _ => {}
    }
}

fn held(by: &str, until: Timestamp) -> State {
    State::Processing(Progress { step: Step::Enquire, due_at: until, leased_by: Some(by.to_owned()), doubt: None })
}

fn is_completed(payout: &Payout) -> bool {
    matches!(payout.state, State::Completed { .. })
}

fn progress(payout: &Payout) -> Option<&Progress> {
    match &payout.state {
        State::Processing(progress) => Some(progress),
        _ => None,
    }
}

fn append(all: &mut Writes, more: Writes) {
    all.entries.extend(more.entries);
    all.new_payouts.extend(more.new_payouts);
    all.steps.extend(more.steps);
    all.opened.extend(more.opened);
    all.closed.extend(more.closed);
    all.records.extend(more.records);
    all.events.extend(more.events);
    all.actions.extend(more.actions);
    all.returns.extend(more.returns);
    all.exceptions.extend(more.exceptions);
    all.replies.extend(more.replies);
}
