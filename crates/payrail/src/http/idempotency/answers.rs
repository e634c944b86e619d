//! The answer to a request under an Idempotency-Key. The core stores it, and repeats it byte for byte.

use axum::http::StatusCode;
use payrail_core::backoff::Policy;
use payrail_core::decide::Rules;
use payrail_core::idempotency::{Answer, Answerable};
use serde::Serialize;

use crate::clock::timestamp;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::funding::Funded;
use crate::http::shapes::payout::PayoutSummary;

pub fn rules(policy: Policy) -> Rules {
    Rules::new(policy, render)
}

pub fn render(about: &Answerable<'_>) -> Answer {
    match *about {
        Answerable::Accepted(payout) => answer(StatusCode::CREATED, &PayoutSummary::from(payout)),
        Answerable::Funded { entry_id, amount, balances } => {
            answer(StatusCode::CREATED, &Funded::new(entry_id, amount, balances))
        }
        Answerable::InsufficientFunds { available, requested, remembered_until } => {
            let until = timestamp(remembered_until);
            let detail = format!(
                "{} paise are available; {} were requested. This Idempotency-Key gets this answer until {until}. To \
                 try again, use a new key.",
                available.get(),
                requested.get()
            );
            let problem = Problem::new(StatusCode::BAD_REQUEST, "insufficient_balance", detail)
                .member("error", "Insufficient balance")
                .member("available_balance_paise", available.get())
                .last_member("remembered_until", until);
            answer(StatusCode::BAD_REQUEST, &problem)
        }
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Answer {
    // Serializing structs of strings and numbers cannot fail.
    let body = serde_json::to_string(body).unwrap_or_default();
    Answer { status: status.as_u16(), body }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use payrail_core::ledger::Balances;
    use payrail_core::payout::Payout;
    use payrail_types::ids::{Bucket, PayoutId};
    use payrail_types::money::{Amount, Paise};
    use payrail_types::names::BankAccountId;
    use uuid::Uuid;

    use super::*;

    /// Clients compare a repeated answer with the first one byte by byte, and stored answers have these texts.
    #[test]
    fn the_answers_never_change() {
        let now = Timestamp::from_microsecond(1_800_000_000_000_120).unwrap();
        let amount = Amount::new(1_001).unwrap();
        let payout =
            Payout::new(PayoutId::new(now, Bucket::new(7), 9), amount, BankAccountId::from_stored("a \"b\""), now);
        let balances = Balances { available: Paise::new(650), held: Paise::new(400) };
        let available = Paise::new(1_000);
        let accepted = r#"{"id":"01a3185c-5000-7070-8000-000000000009","amount_paise":1001,"bank_account_id":"a \"b\"","status":"pending","attempts":0,"created_at":"2027-01-15T08:00:00.000120Z","updated_at":"2027-01-15T08:00:00.000120Z"}"#;
        let funded = r#"{"entry_id":"00000000-0000-0000-0000-000000000000","amount_paise":1001,"available_balance_paise":650,"held_balance_paise":400}"#;
        let refused = r#"{"error":"Insufficient balance","available_balance_paise":1000,"type":"about:blank","title":"Bad Request","status":400,"detail":"1000 paise are available; 1001 were requested. This Idempotency-Key gets this answer until 2027-01-15T08:00:00.000120Z. To try again, use a new key.","code":"insufficient_balance","remembered_until":"2027-01-15T08:00:00.000120Z"}"#;
        for (about, status, body) in [
            (Answerable::Accepted(&payout), 201, accepted),
            (Answerable::Funded { entry_id: Uuid::nil(), amount, balances }, 201, funded),
            (Answerable::InsufficientFunds { available, requested: amount, remembered_until: now }, 400, refused),
        ] {
            assert_eq!(render(&about), Answer { status, body: body.to_owned() });
        }
    }
}
