//! `POST /api/v1/payouts/`. The contract fixes the order of checks: authentication, the key's header, the body, and
//! then, in the engine, the key's record and the balance.

use axum::extract::{Request, State};
use axum::response::Response;
use payrail_core::command::{Action, PayoutRequest};
use payrail_types::ids::RequestId;
use payrail_types::money::Amount;
use payrail_types::names::BankAccountId;
use utoipa::ToSchema;

use crate::http::idempotency::request as idempotency;
use crate::http::merchant::auth::Caller;
use crate::http::plumbing::form::{Fields, Form, Invalid, form};
use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::trace;
use crate::http::shapes::payout::PayoutSummary;
use crate::http::state::Api;

/// The requested payout. Unknown members are ignored; a repeated member is refused.
#[derive(Debug, ToSchema)]
pub struct NewPayout {
    /// Paise, a whole number.
    #[schema(value_type = i64, minimum = 1)]
    amount_paise: Amount,
    /// The bank account to pay to. Space around it is removed; control, invisible and bidirectional characters are
    /// refused.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    bank_account_id: BankAccountId,
}

impl Form for NewPayout {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let amount_paise = fields.amount("amount_paise");
        let bank_account_id = fields.name("bank_account_id");
        Ok(Self { amount_paise: amount_paise?, bank_account_id: bank_account_id? })
    }
}

impl NewPayout {
    pub fn request(self, request_id: Option<RequestId>) -> PayoutRequest {
        PayoutRequest { amount: self.amount_paise, bank_account_id: self.bank_account_id, rail: None, request_id }
    }
}

/// Ask for a payout
///
/// The transaction that accepts the request holds its funds. A repeated request under the same key gets the first
/// answer again, byte for byte. A key that created a payout never creates another one. A refusal for lack of funds is
/// repeated until the time in `remembered_until` (24 hours later by default); after that, the same request is decided
/// anew, and may create a payout.
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
    let key = idempotency::key(request.headers())?;
    let request_id = trace::request_id(request.headers());
    let request = form::<NewPayout>(&api, request).await?.request(request_id);
    let id = api.ids.next(merchant.id, api.clock.now());
    idempotency::send(&api, merchant.id, Action::Create { id, key, request }).await
}
