//! The routes. Each handler brings its part of the OpenAPI document.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::admin::router as admin;
use super::fallback;
use super::merchant::events::{list as events, stream};
use super::merchant::ledger::{export, list as ledger};
use super::merchant::payouts::{create, list as payouts, show as payout};
use super::merchant::{insights, me, search, session};
use super::paths;
use super::state::Api;

/// A part of the service with its own authentication.
pub struct Part {
    /// The prefix of its paths.
    pub path: &'static str,
    /// Its security schemes in the OpenAPI document.
    pub schemes: &'static [&'static str],
    /// Its tag in the OpenAPI document.
    pub tag: &'static str,
    pub router: Router<Api>,
    pub document: OpenApi,
}

pub fn parts() -> Vec<Part> {
    vec![merchants(), operators()]
}

fn operators() -> Part {
    let (router, document) = admin::router().split_for_parts();
    let router = router.method_not_allowed_fallback(fallback::wrong_method);
    Part { path: paths::ADMIN, schemes: &["OperatorSession"], tag: "operator", router, document }
}

fn merchants() -> Part {
    let (router, document) = OpenApiRouter::new()
        .routes(routes!(me::show))
        .routes(routes!(ledger::list))
        .routes(routes!(export::export))
        .routes(routes!(payouts::list, create::create))
        .routes(routes!(payout::show))
        .routes(routes!(payout::cancel))
        .routes(routes!(search::find))
        .routes(routes!(insights::show))
        .routes(routes!(events::list))
        .routes(routes!(stream::listen))
        .split_for_parts();
    let router = router.method_not_allowed_fallback(fallback::method_not_allowed);
    // Without authentication, a wrong method has the same answer for every caller.
    let (open, open_document) =
        OpenApiRouter::new().routes(routes!(session::show, session::sign_in, session::sign_out)).split_for_parts();
    let open = open.method_not_allowed_fallback(fallback::wrong_method);
    Part {
        path: paths::MERCHANT,
        schemes: &["ApiKey", "MerchantSession"],
        tag: "merchant",
        router: router.merge(open),
        document: document.merge_from(open_document),
    }
}
