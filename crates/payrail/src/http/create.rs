//! `POST /api/v1/payouts/`. The order of checks is the contract's: authentication, the key's header,
//! the body, then, at the door, the key's record and the balance.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payrail_core::command::{Action, Command, PayoutRequest, Reply};
use payrail_core::idempotency::{Answer, IdempotencyKey};
use payrail_core::ids::{MerchantId, PayoutId};
use utoipa::ToSchema;

use super::auth::Caller;
use super::body::Object;
use super::problem::Problem;
use super::shapes::payout::PayoutSummary;
use super::{Api, body, fields, trace};
use crate::lanes::DoorError;

const ACCOUNT_LIMIT_CHARACTERS: usize = 255;

/// What a payout is for. Unknown members are ignored; a member that is there twice is refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form that `form` reads by hand, to say all that is wrong with it at once")]
pub struct NewPayout {
    /// Paise, a whole number.
    #[schema(minimum = 1)]
    amount_paise: i64,
    /// The bank account to pay to. Space around it is removed; control, invisible and bidirectional characters are
    /// refused.
    #[schema(min_length = 1, max_length = 255)]
    bank_account_id: String,
}

/// Ask for a payout
///
/// Its funds are held in the transaction that accepts it. A repeated request under the same key gets the
/// first answer again, byte for byte. A key that made a payout never makes another one. A refusal for lack of funds
/// is repeated for a time that the server sets (24 hours by default), which the answer names in `remembered_until`;
/// later the same request is decided anew, and may pay.
#[utoipa::path(post, path = "/payouts", operation_id = "createPayout", request_body = NewPayout,
    params(("Idempotency-Key" = Uuid, Header, description = "Your name for this request. A key makes at most one \
        payout, for ever")),
    responses(
        (status = 201, description = "Accepted, its funds held; or the first answer again", body = PayoutSummary,
            headers(("Idempotent-Replayed" = Option<String>, description = "`true` on a repeated answer"))),
        (status = 400, description = "`idempotency_key_missing`, `idempotency_key_invalid`, `parse_error`, `invalid`, \
            `insufficient_balance` (with `available_balance_paise` and `remembered_until`)", body = Problem),
        (status = 409, description = "`in_progress`: nothing was done; again after `Retry-After`", body = Problem),
        (status = 413, description = "`body_too_large`", body = Problem),
        (status = 415, description = "`unsupported_media_type`", body = Problem),
        (status = 422, description = "`idempotency_key_reused`: this key was used for another request; nothing was done",
            body = Problem),
    ))]
pub async fn create(State(api): State<Api>, Caller(merchant): Caller, request: Request) -> Result<Response, Problem> {
    let key = key(request.headers())?;
    let request_id = trace::request_id(request.headers());
    let request = PayoutRequest { request_id, ..form(&body::object(&api, request).await?)? };
    let id = api.ids.next(merchant.id, api.clock.now());
    answer(&api, merchant.id, Action::Create { id, key, request }).await
}

/// What the door answers to a request under a key.
pub async fn answer(api: &Api, merchant: MerchantId, action: Action) -> Result<Response, Problem> {
    let new = if let Action::Create { id, .. } = &action { Some(*id) } else { None };
    let outcome = api.door.send(Command { merchant, action }).await;
    if let (Some(new), Err(DoorError::Unknown | DoorError::TooLate)) = (new, &outcome) {
        trace::new_payout(new);
    }
    match outcome?? {
        Reply::Answered { answer, replayed } => {
            if let Some(payout) = new.and_then(|_| named(&answer)) {
                trace::new_payout(payout);
            }
            Ok(respond(answer, replayed))
        }
        _ => Err(Problem::internal(&"the door answered a request with something else")),
    }
}

/// The kept answer, to the byte; that it is a replay is said in a header only.
fn respond(answer: Answer, replayed: bool) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = [(header::CONTENT_TYPE, "application/json")];
    if replayed {
        (status, json, [("idempotent-replayed", "true")], answer.body).into_response()
    } else {
        (status, json, answer.body).into_response()
    }
}

/// The payout that a kept answer is about: a replay is about the first request's.
fn named(answer: &Answer) -> Option<PayoutId> {
    #[derive(serde::Deserialize)]
    struct Created {
        id: PayoutId,
    }
    if answer.status != StatusCode::CREATED {
        return None;
    }
    serde_json::from_str(&answer.body).ok().map(|Created { id }| id)
}

/// The request's `Idempotency-Key`.
pub fn key(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let bad = |code, text: &'static str| Problem::new(StatusCode::BAD_REQUEST, code, text).member("error", text);
    // Two headers are one with a comma between (RFC 9110 §5.3), so they are no UUID: to take either
    // would be to guess.
    let values: Vec<_> = headers.get_all("idempotency-key").iter().map(|value| value.as_bytes()).collect();
    let value = values.join(&b","[..]);
    let value = value.trim_ascii();
    if value.is_empty() {
        return Err(bad("idempotency_key_missing", "Idempotency-Key header is required"));
    }
    std::str::from_utf8(value)
        .ok()
        .and_then(IdempotencyKey::parse)
        .ok_or_else(|| bad("idempotency_key_invalid", "Idempotency-Key must be a valid UUID"))
}

pub fn form(body: &Object) -> Result<PayoutRequest, Problem> {
    let amount = fields::amount(body, "amount_paise");
    let account = fields::identifier(body.get("bank_account_id"), ACCOUNT_LIMIT_CHARACTERS);
    match (amount, account) {
        (Ok(amount), Ok(bank_account_id)) => Ok(PayoutRequest { amount, bank_account_id, request_id: None }),
        (amount, account) => Err(fields::invalid([("amount_paise", amount.err()), ("bank_account_id", account.err())])
            .unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field"))),
    }
}
