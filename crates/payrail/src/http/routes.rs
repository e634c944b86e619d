//! Which handler is where. Handlers bring their words for the OpenAPI document along.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::routing::get;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    Api, admin, create, events, export, fallback, find, health, insights, ledger, me, metrics, openapi, pages, payouts,
    session, stream,
};

/// A part of the service with its own callers.
pub struct Part {
    /// What its paths begin with.
    pub path: &'static str,
    /// The document's names of what lets its callers in.
    pub schemes: &'static [&'static str],
    /// The document's word for its callers.
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
    Part { path: admin::PATH, schemes: &["OperatorSession"], tag: "operator", router, document }
}

fn merchants() -> Part {
    let (router, document) = OpenApiRouter::new()
        .routes(routes!(me::show))
        .routes(routes!(ledger::list))
        .routes(routes!(export::export))
        .routes(routes!(payouts::list, create::create))
        .routes(routes!(payouts::show))
        .routes(routes!(payouts::cancel))
        .routes(routes!(find::find))
        .routes(routes!(insights::show))
        .routes(routes!(events::list))
        .routes(routes!(stream::listen))
        .split_for_parts();
    let router = router.method_not_allowed_fallback(fallback::method_not_allowed);
    // Where nobody need be known, a wrong method is one whoever calls.
    let (open, open_document) =
        OpenApiRouter::new().routes(routes!(session::show, session::sign_in, session::sign_out)).split_for_parts();
    let open = open.route("/openapi.json", get(openapi::serve)).method_not_allowed_fallback(fallback::wrong_method);
    Part {
        path: "/api/v1",
        schemes: &["ApiKey", "MerchantSession"],
        tag: "merchant",
        router: router.merge(open),
        document: document.merge_from(open_document),
    }
}

/// Everything below its own path. What is said to a caller is for that caller, now.
pub fn router() -> Router<Api> {
    let not_kept = SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nest = |router: Router<Api>, part: Part| router.nest(part.path, part.router.layer(not_kept.clone()));
    let router = parts().into_iter().fold(Router::new(), nest);
    let router = router.route("/", get(pages::merchant)).route("/admin", get(pages::operator));
    router
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
}
