//! `POST /admin/api/v1/merchants/{id}/fund`: money comes in, by an operator's hand, once per key.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use payrail_core::command::Action;
use payrail_core::ledger::Balances;
use payrail_core::money::{Amount, Paise};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::MayOperate;
use super::people::{by, merchant};
use crate::http::body::Object;
use crate::http::problem::Problem;
use crate::http::{Api, body, create, fields};

const DESCRIPTION_CHARACTERS: usize = 255;

#[derive(ToSchema)]
#[expect(dead_code, reason = "the form that `form` reads by hand, to say all that is wrong with it at once")]
pub struct Funding {
    /// Paise, a whole number.
    #[schema(minimum = 1)]
    amount_paise: i64,
    /// What the ledger says of it.
    #[schema(min_length = 1, max_length = 255)]
    description: String,
}

/// The entry that the funding made, and the balances after it.
#[derive(Serialize, ToSchema)]
pub struct Funded {
    entry_id: Uuid,
    /// Paise.
    #[schema(value_type = i64, minimum = 1)]
    amount_paise: Amount,
    /// Paise that can be spent.
    #[schema(value_type = i64, minimum = 0)]
    available_balance_paise: Paise,
    /// Paise held for payouts under way.
    #[schema(value_type = i64, minimum = 0)]
    held_balance_paise: Paise,
}

impl Funded {
    pub fn new(entry_id: Uuid, amount_paise: Amount, balances: Balances) -> Self {
        let Balances { available, held } = balances;
        Self { entry_id, amount_paise, available_balance_paise: available, held_balance_paise: held }
    }
}

/// Fund a merchant
///
/// A repeated request under the same key gets the first answer again and credits nothing more, whichever operator sends it.
#[utoipa::path(post, path = "/merchants/{id}/fund", operation_id = "fundMerchant", request_body = Funding,
    params(("id" = Uuid, Path), ("Idempotency-Key" = Uuid, Header,
        description = "Your name for this funding. A key funds at most once, for ever")),
    responses(
        (status = 201, description = "Credited; or the first answer again", body = Funded,
            headers(("Idempotent-Replayed" = Option<String>, description = "`true` on a repeated answer"))),
        (status = 400, description = "`idempotency_key_missing`, `idempotency_key_invalid`, `parse_error`, `invalid`, \
            `balance_too_large`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`in_progress`: nothing was done; again after `Retry-After`", body = Problem),
        (status = 422, description = "`idempotency_key_reused`: this key was used for another request; nothing was done",
            body = Problem),
    ))]
pub async fn fund(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    id: Result<Path<Uuid>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let merchant = merchant(&api, id.map_or(Uuid::nil(), |Path(id)| id)).await?;
    let key = create::key(request.headers())?;
    let (amount, description) = form(&body::object(&api, request).await?)?;
    let by = Some(by(&operator));
    create::answer(&api, merchant.id, Action::Fund { key, amount, description, by }).await
}

fn form(body: &Object) -> Result<(Amount, String), Problem> {
    let amount = fields::amount(body, "amount_paise");
    let description = fields::text(body.get("description"), DESCRIPTION_CHARACTERS);
    match (amount, description) {
        (Ok(amount), Ok(description)) => Ok((amount, description)),
        (amount, description) => {
            Err(fields::invalid([("amount_paise", amount.err()), ("description", description.err())])
                .unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field")))
        }
    }
}
