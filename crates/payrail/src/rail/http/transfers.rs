//! The three calls about one transfer.

use payrail_core::payout::{AttemptKind, BankAnswer};
use reqwest::Method;

use super::client::{ANSWER_MAX, Http};
use super::{answer, call};
use crate::rail::types::{Exchange, Instruction, excerpt};

/// How many characters of a call are stored with its attempt.
const KEPT_MAX: usize = 2_000;

impl Http {
    /// Tells the bank to pay.
    pub async fn submit(&self, instruction: Instruction<'_>) -> Exchange {
        // Strings and a number always serialize; and without a body the bank would pay nothing.
        let body = serde_json::to_string(&instruction).ok();
        self.exchange(AttemptKind::Submit, instruction, Method::POST, &["v1", "transfers"], body).await
    }

    /// Asks what became of the instruction.
    pub async fn enquire(&self, about: Instruction<'_>) -> Exchange {
        self.exchange(AttemptKind::Enquire, about, Method::GET, &["v1", "transfers", about.reference], None).await
    }

    /// Asks, and has the bank refuse the reference from now on if it never received it.
    pub async fn close(&self, about: Instruction<'_>) -> Exchange {
        self.exchange(AttemptKind::Close, about, Method::POST, &["v1", "transfers", about.reference, "close"], None)
            .await
    }

    async fn exchange(
        &self,
        step: AttemptKind,
        about: Instruction<'_>,
        method: Method,
        path: &[&str],
        body: Option<String>,
    ) -> Exchange {
        let url = self.url(path);
        let sent = format!("{method} {} {}", url.path(), body.as_deref().unwrap_or_default());
        let meant = self.expected.stated();
        let (received, answer) = match call::make(&self.client, method, url, body, meant.as_deref(), ANSWER_MAX).await {
            Ok(answered) => match self.refuse_another(&answered) {
                Ok(()) => (answered.reply.to_string(), answer::read(step, about, &answered.reply)),
                Err(why) => (answered.reply.to_string(), BankAnswer::NoAnswer { why }),
            },
            Err(unanswered) => (String::new(), unanswered),
        };
        Exchange { sent: excerpt(sent.trim_end(), KEPT_MAX), received: excerpt(&received, KEPT_MAX), answer }
    }
}
