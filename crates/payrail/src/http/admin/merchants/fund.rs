//! `POST /admin/api/v1/merchants/{id}/fund`: an operator credits a merchant, once per key.

use axum::extract::{Request, State};
use axum::response::Response;
use payrail_core::command::Action;
use payrail_types::money::Amount;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::admin::people::{by, merchant};
use crate::http::admin::session::guard::MayOperate;
use crate::http::idempotency::request as idempotency;
use crate::http::plumbing::form::{Fields, Form, Invalid, form};
use crate::http::plumbing::path::PathOf;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::funding::Funded;
use crate::http::state::Api;

const DESCRIPTION_CHARACTERS: usize = 255;

#[derive(Debug, ToSchema)]
pub struct Funding {
    /// Paise, a whole number.
    #[schema(value_type = i64, minimum = 1)]
    amount_paise: Amount,
    /// The description in the ledger.
    #[schema(min_length = 1, max_length = 255)]
    description: String,
}

impl Form for Funding {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let amount_paise = fields.amount("amount_paise");
        let description = fields.line("description", DESCRIPTION_CHARACTERS);
        Ok(Self { amount_paise: amount_paise?, description: description? })
    }
}

/// Fund a merchant
///
/// A repeated request under the same key gets the first answer again and credits nothing more, whoever sends it.
#[utoipa::path(post, path = "/merchants/{id}/fund", operation_id = "fundMerchant", request_body = Funding,
    params(("id" = Uuid, Path), ("Idempotency-Key" = Uuid, Header,
        description = "Your name for this funding. A key funds at most once, for ever")),
    responses(
        (status = 201, description = "Credited; or the first answer again", body = Funded,
            headers(("Idempotent-Replayed" = Option<String>, description = "`true` on a repeated answer"))),
        (status = 400, description = "`idempotency_key_missing`, `idempotency_key_invalid`, `parse_error`, `invalid`, \
            `balance_too_large`", body = Problem),
        (status = 409, description = "`in_progress`: nothing was done; again after `Retry-After`", body = Problem),
        (status = 422, description = "`idempotency_key_reused`: this key was used for another request; nothing was done",
            body = Problem),
    ))]
pub async fn fund(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    PathOf(id): PathOf<Uuid>,
    request: Request,
) -> Result<Response, Problem> {
    let merchant = merchant(&api, id).await?;
    let key = idempotency::key(request.headers())?;
    let Funding { amount_paise: amount, description } = form(&api, request).await?;
    let by = Some(by(&operator));
    idempotency::send(&api, merchant.id, Action::Fund { key, amount, description, by }).await
}
