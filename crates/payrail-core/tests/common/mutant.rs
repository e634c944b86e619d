//! Planted faults. Each changes the input of the real decision, its output, or the behaviour of a store or a worker.
//! The program's sources contain none of this. The simulation and the model must find every fault.

use std::slice::from_ref;

use jiff::Timestamp;
use payrail_core::backoff::Policy;
use payrail_core::book::{Book, Books, DecisionError};
use payrail_core::command::{Action, Command, Reply};
use payrail_core::decide::{self, Rules};
use payrail_core::event::EventKind;
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{AttemptKind, BankAnswer, Payout, Progress, State};
use payrail_core::writes::Writes;
use payrail_types::ids::PayoutId;

use super::note_needs;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    // Of a store.
    /// Transactions of one merchant do not wait for each other.
    SkipLock,
    /// The data is read before the lock is taken.
    ReadBeforeLock,
    /// The answer is sent before the commit.
    AnswerBeforeCommit,
    /// A process that dies during a commit leaves half of it written.
    TornCommit,
    /// The records of the keys are not loaded.
    LoadNoKeys,
    /// The named payouts are not loaded.
    LoadNoPayouts,
    // Of keys.
    /// A key's stored answer is not looked up.
    ForgetReplay,
    /// A key answers any request under it.
    AnswerAnyRequest,
    /// A replay is the same JSON, but not the same bytes.
    RenderAgain,
    // Of money.
    /// An accepted payout's funds stay available.
    ForgetHold,
    /// The outbox misses a row.
    LoseEvent,
    /// No answer counts as a refusal.
    RefundOnSilence,
    /// "Never received" counts as a promise never to pay.
    TrustNeverReceived,
    /// A second report of a payment settles again.
    SettleTwice,
    // Of returns.
    /// The payout's full amount is credited although less was returned.
    CreditPartialReturn,
    /// A return counts whatever UTR it names.
    IgnoreReturnUtr,
    /// A second return of a payout is also credited.
    ReturnTwice,
    // Of calls to the bank.
    /// All payouts of a merchant have one reference.
    ReuseReference,
    /// Every call has a new reference.
    NewReferences,
    /// Any attempt may report.
    LoseFencing,
    /// After a lost worker, the next one submits again without an enquiry.
    ResubmitUnasked,
    /// A merchant may cancel a claimed payout.
    CancelAfterClaim,
    /// A lost worker's lease never expires.
    EndlessLease,
    // Of rails.
    /// Every bank is assumed to be able to close a reference.
    AssumeClosing,
    /// Every bank's "never received" is assumed to be final.
    AssumeFinal,
    /// Every rail gets the last one's policy.
    OnePolicy,
    /// A worker submits payouts of any rail to its own bank.
    MixRails,
}

impl Mutant {
    pub const ALL: [Mutant; 27] = [
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
        Self::AssumeClosing,
        Self::AssumeFinal,
        Self::OnePolicy,
        Self::MixRails,
    ];
}

/// The real decision, possibly with a fault.
pub fn decide_all(
    mutant: Option<Mutant>,
    books: &mut Books,
    commands: &[Command],
    rules: &Rules,
    now: Timestamp,
) -> Result<Writes, DecisionError> {
    let Some(mutant) = mutant else { return decide::decide_all(books, commands, rules, now) };
    let rules = &bend_rules(mutant, rules);
    let mut all = Writes::default();
    for command in commands {
        let mut command = command.clone();
        if let Some(Some(book)) = books.get_mut(&command.merchant) {
            // The changed command's needs count as loaded.
            let before = command.action.clone();
            bend_what_goes_in(mutant, book, &mut command.action, now);
            if command.action != before {
                note_needs(book, &command.action);
            }
        }
        let mut writes = decide::decide_all(books, from_ref(&command), rules, now)?;
        bend_what_comes_out(mutant, &mut writes);
        all.append(writes);
    }
    Ok(all)
}

fn bend_rules(mutant: Mutant, rules: &Rules) -> Rules {
    let last = rules.rails.last().map_or(rules.policy, |(_, policy)| *policy);
    let policy = match mutant {
        Mutant::AssumeClosing => Policy { can_close: true, never_received_is_final: false, ..last },
        Mutant::AssumeFinal => Policy { never_received_is_final: true, ..last },
        Mutant::OnePolicy => last,
        _ => return *rules,
    };
    Rules { policy, rails: &[], ..*rules }
}

/// The payout's reference in call `number`.
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
        }
        (Mutant::LoadNoPayouts, _) => {
            book.payouts.clear();
        }
        (Mutant::ForgetReplay, Action::Create { key, .. }) => {
            book.records.insert(*key, None);
        }
        (Mutant::AnswerAnyRequest, Action::Create { key, request, .. }) => {
            if let Some(Some(record)) = book.records.get_mut(key) {
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
            if let Some(payout) = payout_mut(book, *payout).filter(|payout| is_completed(payout)) {
                payout.state = held("one", now);
                payout.attempts = *number;
            }
        }
        (Mutant::CreditPartialReturn, Action::Return { payout, line }) => {
            line.amount_paise = payout_mut(book, *payout).map_or(line.amount_paise, |payout| payout.amount.get());
        }
        (Mutant::IgnoreReturnUtr, Action::Return { payout, line }) => {
            if let Some(State::Completed { utr }) = payout_mut(book, *payout).map(|payout| &payout.state) {
                line.utr = utr.to_string();
            }
        }
        (Mutant::ReturnTwice, Action::Return { payout, line }) => {
            let is_new = book.returns.get(&line.id()).is_none_or(Option::is_none);
            if let Some(payout) = payout_mut(book, *payout)
                && let State::Returned { utr, .. } = &payout.state
                && is_new
            {
                payout.state = State::Completed { utr: utr.clone() };
            }
        }
        (Mutant::LoseFencing, Action::Report { payout, number, .. } | Action::Release { payout, number }) => {
            let held =
                payout_mut(book, *payout).filter(|payout| progress(payout).is_some_and(|p| p.leased_by.is_some()));
            *number = held.map_or(*number, |payout| payout.attempts);
        }
        (Mutant::ResubmitUnasked, Action::Claim { payout, .. }) => {
            if let Some(State::Processing(progress)) = payout_mut(book, *payout).map(|payout| &mut payout.state)
                && progress.leased_by.is_some()
                && progress.due_at <= now
            {
                (progress.leased_by, progress.kind) = (None, AttemptKind::Submit);
            }
        }
        (Mutant::CancelAfterClaim, Action::Cancel { payout }) => {
            if let Some(payout) = payout_mut(book, *payout).filter(|payout| progress(payout).is_some()) {
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
            for (_, payout) in &mut writes.updated_payouts {
                if let State::Processing(progress @ Progress { leased_by: Some(_), .. }) = &mut payout.state {
                    progress.due_at = Timestamp::MAX;
                }
            }
        }
        _ => {}
    }
}

fn held(by: &str, until: Timestamp) -> State {
    State::Processing(Progress {
        kind: AttemptKind::Enquire,
        due_at: until,
        leased_by: Some(by.to_owned()),
        doubt: None,
    })
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

fn payout_mut(book: &mut Book, id: PayoutId) -> Option<&mut Payout> {
    book.payouts.get_mut(&id)?.as_mut()
}
