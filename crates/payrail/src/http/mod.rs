//! The HTTP API. A handler authenticates, acts and answers; one file a resource.

mod auth;
mod create;
mod events;
mod fallback;
mod health;
mod ledger;
mod me;
mod paging;
mod payouts;
mod problem;
mod trace;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::{get, post};
use payrail_store::Store;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::clock::Clock;
use crate::ids::PayoutIds;
use crate::keys::KeyHasher;
use crate::lanes::Door;

/// What every handler can reach.
#[derive(Clone, Debug)]
pub struct Api {
    pub store: Store,
    pub door: Door,
    pub hasher: KeyHasher,
    pub clock: Clock,
    pub ids: Arc<PayoutIds>,
}

/// The whole service: paths with and without the last slash are the same.
pub fn service(api: Api, cors_origins: &[HeaderValue]) -> NormalizePath<Router> {
    let v1 = Router::new()
        .route("/me", get(me::show))
        .route("/ledger", get(ledger::list))
        .route("/payouts", get(payouts::list).post(create::create))
        .route("/payouts/{id}", get(payouts::show))
        .route("/payouts/{id}/cancel", post(payouts::cancel))
        .route("/events", get(events::list))
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    let router = Router::new()
        .nest("/api/v1", v1)
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/", get(health::front))
        .fallback(fallback::no_such_path)
        .method_not_allowed_fallback(fallback::wrong_method)
        .with_state(api);
    let router = cors(cors_origins, router).layer(CatchPanicLayer::custom(problem::of_panic));
    NormalizePathLayer::trim_trailing_slash().layer(trace::traced(router))
}

/// Off unless origins are set: a browser on another site gets nothing, and OPTIONS is a method like
/// any other (the layer would answer it for every path).
fn cors(origins: &[HeaderValue], router: Router) -> Router {
    if origins.is_empty() {
        return router;
    }
    let layer = CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("idempotency-key")])
        .expose_headers([
            header::LINK,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotent-replayed"),
            HeaderName::from_static("x-request-id"),
        ]);
    router.layer(layer)
}
