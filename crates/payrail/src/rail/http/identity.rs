//! Who answers. A bank states its identity in the header `Bank-Identity` of each answer; one that states none is
//! known by its address.

use payrail_core::payout::BankAnswer;
use payrail_types::rail::BankId;
use payrail_types::word::Word;
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::call::{self, Answered};
use super::client::{ANSWER_MAX, Http};
use super::expected::State;

/// The setting in which a database remembers the bank of the rail that is there without a list of rails.
pub const IDENTITY: &str = "bank_identity";

const CHARACTERS_MAX: usize = 128;

#[derive(Deserialize)]
struct Stated {
    identity: String,
    can_be_reset: bool,
}

impl Http {
    /// Who answers at the address now. An error is no statement: nothing answered.
    pub async fn identity(&self) -> Result<String, String> {
        let answered = self.ask(Method::GET, &["v1", "identity"], None).await?;
        Ok(self.name_of(&answered))
    }

    /// From now on only this bank's answers count, and each call carries its name.
    pub fn expect(&self, bank: &str) {
        self.expected.write(|state| *state = State { bank: Some(bank.into()), met_another: false });
    }

    /// The bank whose answers count.
    pub fn expected_bank(&self) -> Option<BankId> {
        self.expected.read(|state| state.bank.as_deref().map(BankId::new))
    }

    /// Whether an answer came from another bank since [`Self::expect`].
    pub fn met_another(&self) -> bool {
        self.expected.read(|state| state.met_another)
    }

    /// An answer of another bank is no answer: it knows nothing of what was sent to the first.
    pub(super) fn refuse_another(&self, answered: &Answered) -> Result<(), String> {
        let met = self.name_of(answered);
        if self.expected.read(|state| state.bank.as_deref().is_none_or(|bank| bank == met)) {
            return Ok(());
        }
        self.expected.write(|state| state.met_another = true);
        Err(format!("another bank answered ({met}), which is no answer"))
    }

    /// Has a bank of demonstrations empty its book. Any other is not even asked.
    pub async fn reset(&self, identity: &str) -> Result<(), String> {
        let answered = self.ask(Method::GET, &["v1", "identity"], None).await?;
        let stated: Option<Stated> = serde_json::from_slice(&answered.reply.body).ok();
        if !stated.is_some_and(|stated| stated.can_be_reset && stated.identity == identity) {
            return Err("it does not offer that".to_owned());
        }
        let body = serde_json::json!({ "identity": identity }).to_string();
        let answered = self.ask(Method::POST, &["v1", "reset"], Some(body)).await?;
        match answered.reply.status {
            StatusCode::OK => Ok(()),
            status => Err(format!("it answered with HTTP status {status}")),
        }
    }

    async fn ask(&self, method: Method, path: &[&str], body: Option<String>) -> Result<Answered, String> {
        let asked = call::make(&self.client, method, self.url(path), body, None, ANSWER_MAX).await;
        asked.map_err(|unanswered| match unanswered {
            BankAnswer::Unreachable { why } | BankAnswer::NoAnswer { why } => why,
            other => other.outcome().as_str().to_owned(),
        })
    }

    /// What the bank that gave this answer is called here. No stated identity has a space in it.
    pub(super) fn name_of(&self, answered: &Answered) -> String {
        let stated = answered
            .bank
            .as_deref()
            .filter(|id| (1..=CHARACTERS_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
        stated.map_or_else(|| self.address(), str::to_owned)
    }

    fn address(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        format!("address {host}:{}", self.base.port_or_known_default().unwrap_or_default())
    }
}
