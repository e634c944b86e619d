//! The routes of the operators' API.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::merchants::{fund, keys, manage};
use super::overview::show as overview;
use super::payouts::{doubtful, list as payouts};
use super::session::{password, sign_in};
use super::verify::handlers as verify;
use super::{actions, bank, exceptions, ledger, operators, records, search};
use crate::http::state::Api;

pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sign_in::show, sign_in::sign_in, sign_in::sign_out))
        .routes(routes!(password::change))
        .routes(routes!(operators::list, operators::invite))
        .routes(routes!(operators::disable))
        .routes(routes!(operators::enable))
        .routes(routes!(operators::reset_password))
        .routes(routes!(overview::show))
        .routes(routes!(bank::show))
        .routes(routes!(bank::list))
        .routes(routes!(bank::confirm))
        .routes(routes!(search::find))
        .routes(routes!(verify::show, verify::start))
        .routes(routes!(manage::list, manage::create))
        .routes(routes!(manage::show))
        .routes(routes!(keys::issue))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(fund::fund))
        .routes(routes!(payouts::list))
        .routes(routes!(payouts::show))
        .routes(routes!(doubtful::list))
        .routes(routes!(doubtful::list_far_ahead))
        .routes(routes!(doubtful::bring_forward))
        .routes(routes!(doubtful::ask))
        .routes(routes!(doubtful::decide))
        .routes(routes!(exceptions::list))
        .routes(routes!(exceptions::resolve))
        .routes(routes!(exceptions::waiting))
        .routes(routes!(ledger::list))
        .routes(routes!(records::list))
        .routes(routes!(actions::list))
}
