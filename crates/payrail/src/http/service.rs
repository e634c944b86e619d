//! The whole service: the routes, and the layers for every request and answer.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::get;
use tower::Layer;
use tower::util::MapResponseLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::plumbing::{problem, security, trace};
use super::probes::{health, metrics};
use super::routes::{self, Part};
use super::server::serve::Service;
use super::state::Api;
use super::{fallback, openapi, pages, paths};

/// The whole service. Paths with and without a trailing slash are equal.
pub fn service(api: Api, cors_origins: &[HeaderValue]) -> Service {
    let https_only = api.secure_cookies;
    let router =
        router().fallback(pages::elsewhere).method_not_allowed_fallback(fallback::wrong_method).with_state(api);
    let router = cors(cors_origins, router)
        .layer(CatchPanicLayer::custom(problem::from_panic))
        .layer(MapResponseLayer::new(move |response| security::mark(response, https_only)));
    NormalizePathLayer::trim_trailing_slash().layer(trace::traced(router))
}

/// Each part below its own path. Answers are for one caller at one moment, so nobody may cache them.
fn router() -> Router<Api> {
    let not_kept = SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let nest = |router: Router<Api>, part: Part| router.nest(part.path, part.router.layer(not_kept.clone()));
    let router = routes::parts().into_iter().fold(Router::new(), nest);
    let document = Router::new().route("/openapi.json", get(openapi::serve));
    let document = document.method_not_allowed_fallback(fallback::wrong_method).layer(not_kept);
    let router = router.nest(paths::MERCHANT, document);
    let router = router.route("/", get(pages::merchant)).route("/admin", get(pages::operator));
    router
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::show))
}

/// CORS is off without origins: other sites' pages get no access, and OPTIONS has no special meaning (the layer would
/// answer it for every path).
fn cors(origins: &[HeaderValue], router: Router) -> Router {
    if origins.is_empty() {
        return router;
    }
    let layer = CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-request-id"),
        ])
        // As in the original. Without it, a browser sends a preflight before nearly every request.
        .max_age(Duration::from_secs(86_400))
        .expose_headers([
            header::LINK,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotent-replayed"),
            HeaderName::from_static("x-request-id"),
        ]);
    router.layer(layer)
}
