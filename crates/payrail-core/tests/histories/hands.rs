//! What must be written of everything that a person did, and of nothing else.

use std::collections::BTreeSet;

use jiff::Timestamp;
use payrail_core::command::{Action, Command, Reply};
use payrail_core::operator::{ByOperator, OperatorAction};
use payrail_core::payout::{Payout, State, Verdict};
use uuid::Uuid;

use crate::common::Log;

#[derive(Default)]
pub struct Hands {
    ids: BTreeSet<Uuid>,
}

impl Hands {
    pub fn see(&mut self, command: &Command, now: Timestamp, log: &Log) {
        let row = |by: &ByOperator, action: &str, subject: String, reason: Option<&str>, detail| OperatorAction {
            id: by.action_id,
            at: now,
            merchant: Some(command.merchant),
            operator: by.name.clone(),
            action: action.to_owned(),
            subject: Some(subject),
            reason: reason.map(str::to_owned),
            detail,
        };
        let expected = match (&command.action, &log.replies[0]) {
            (Action::Fund { by: Some(by), amount, description, .. }, Ok(Reply::Answered { replayed: false, .. })) => {
                let entry = command.merchant.entry_id(log.entries[0].1.seq).to_string();
                Some(row(by, "funded", entry, Some(description), Some(format!("{} paise", amount.get()))))
            }
            (Action::Ask { payout, by }, Ok(Reply::Stepped(next))) => {
                let detail = Some(format!("next step: {}", step(next)));
                Some(row(by, "asked_bank", payout.to_string(), None, detail))
            }
            (Action::BringForward { payout, reason, by }, Ok(Reply::Stepped(_))) => {
                let detail = log.actions.first().and_then(|action| action.detail.clone());
                assert!(detail.as_deref().is_some_and(|detail| detail.starts_with("it was due at 2")), "{detail:?}");
                Some(row(by, "brought_forward", payout.to_string(), Some(reason), detail))
            }
            (Action::Decide { payout, verdict, reason, by }, Ok(Reply::Stepped(_))) => Some(match verdict {
                Verdict::Paid { utr } => {
                    row(by, "decided_paid", payout.to_string(), Some(reason), Some(format!("UTR {utr}")))
                }
                Verdict::NotPaid => row(by, "decided_not_paid", payout.to_string(), Some(reason), None),
            }),
            _ => None,
        };
        assert_eq!(log.actions, Vec::from_iter(expected), "{command:?}");
        assert!(log.actions.iter().all(|action| self.ids.insert(action.id)), "one id, two rows");
    }
}

fn step(payout: &Payout) -> &'static str {
    match &payout.state {
        State::Processing(progress) => progress.step.as_str(),
        other => panic!("asked about, and not under way: {other:?}"),
    }
}
