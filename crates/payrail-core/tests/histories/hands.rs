//! Every operator's action has its row in the audit log, and nothing else has one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use payrail_core::command::{Action, Command, Reply};
use payrail_core::payout::{Payout, State, Verdict};
use payrail_types::operator::{ByOperator, OperatorAction, OperatorActionKind};
use payrail_types::word::Word;
use uuid::Uuid;

use payrail_core::writes::Writes;

#[derive(Default)]
pub struct Hands {
    ids: BTreeSet<Uuid>,
}

impl Hands {
    pub fn see(&mut self, command: &Command, now: Timestamp, log: &Writes) {
        let row =
            |by: &ByOperator, kind: OperatorActionKind, subject: String, reason: Option<&str>, detail| OperatorAction {
                id: by.action_id,
                at: now,
                merchant: Some(command.merchant),
                operator: by.name.clone(),
                action: kind,
                subject: Some(subject),
                reason: reason.map(str::to_owned),
                detail,
            };
        let expected = match (&command.action, &log.replies[0]) {
            (Action::Fund { by: Some(by), amount, description, .. }, Ok(Reply::Answered { replayed: false, .. })) => {
                let entry = command.merchant.entry_id(log.entries[0].1.seq).to_string();
                Some(row(
                    by,
                    OperatorActionKind::Funded,
                    entry,
                    Some(description),
                    Some(format!("{} paise", amount.get())),
                ))
            }
            (Action::Ask { payout, by }, Ok(Reply::Updated(next))) => {
                let detail = Some(format!("next step: {}", step(next)));
                Some(row(by, OperatorActionKind::AskedBank, payout.to_string(), None, detail))
            }
            (Action::BringForward { payout, reason, by }, Ok(Reply::Updated(_))) => {
                let detail = log.actions.first().and_then(|action| action.detail.clone());
                assert!(detail.as_deref().is_some_and(|detail| detail.starts_with("it was due at 2")), "{detail:?}");
                Some(row(by, OperatorActionKind::BroughtForward, payout.to_string(), Some(reason), detail))
            }
            (Action::Decide { payout, verdict, reason, by }, Ok(Reply::Updated(_))) => Some(match verdict {
                Verdict::Paid { utr } => row(
                    by,
                    OperatorActionKind::DecidedPaid,
                    payout.to_string(),
                    Some(reason),
                    Some(format!("UTR {utr}")),
                ),
                Verdict::NotPaid => row(by, OperatorActionKind::DecidedNotPaid, payout.to_string(), Some(reason), None),
            }),
            _ => None,
        };
        assert_eq!(log.actions, Vec::from_iter(expected), "{command:?}");
        assert!(log.actions.iter().all(|action| self.ids.insert(action.id)), "one id, two rows");
    }
}

fn step(payout: &Payout) -> &'static str {
    match &payout.state {
        State::Processing(progress) => progress.kind.as_str(),
        other => panic!("asked about, and not under way: {other:?}"),
    }
}
