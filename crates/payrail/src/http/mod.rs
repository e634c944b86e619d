//! The HTTP API. A handler authenticates, acts and answers; one file a resource.

pub mod admin;
pub mod answers;
mod auth;
mod body;
pub mod client;
mod cookies;
mod create;
mod events;
mod export;
mod fallback;
mod fields;
mod find;
mod health;
mod insights;
mod integer;
mod known_keys;
mod ledger;
mod me;
mod metrics;
mod needle;
pub mod openapi;
mod pages;
mod paging;
pub mod parsers;
mod payouts;
pub mod period;
mod problem;
pub mod rate_limit;
mod routes;
mod same_origin;
mod search;
mod security;
pub mod server;
mod session;
mod shapes;
mod stream;
pub mod streams;
pub mod text;
mod trace;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use payrail_store::Store;
use tokio_util::sync::CancellationToken;
use tower::Layer;
use tower::util::MapResponseLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::NormalizePathLayer;

use crate::clock::Clock;
use crate::ids::PayoutIds;
use crate::keys::KeyHasher;
use crate::lanes::Door;
use crate::worker::BankWatch;
use known_keys::KnownKeys;
use rate_limit::Limit;
use streams::Streams;

/// What every handler can reach. Cheap to clone: every layer of every request does.
#[derive(Clone, Debug)]
pub struct Api(Arc<Parts>);

impl Api {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// What is stored of a session's token. A session that began in demo mode ends with it: whoever was let in by a
    /// published password is a stranger elsewhere.
    pub fn session_hash(&self, token: &str) -> [u8; 32] {
        match self.is_demo {
            true => self.hasher.hash(&format!("demo {token}")),
            false => self.hasher.hash(token),
        }
    }
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub door: Door,
    pub hasher: KeyHasher,
    pub known_keys: KnownKeys,
    pub clock: Clock,
    /// What the worker of this process knows of its bank, if it has a worker.
    pub bank: Option<Arc<BankWatch>>,
    /// By how much this machine's clock may differ from the database's.
    pub clock_tolerance: Duration,
    pub ids: PayoutIds,
    /// Whether the demo merchants' keys may be told to anyone.
    pub is_demo: bool,
    /// Whether cookies travel over HTTPS only.
    pub secure_cookies: bool,
    /// Cancelled when the server stops: streams end.
    pub stop: CancellationToken,
    pub streams: Streams,
    /// How long the body of a request may take.
    pub body_time: Duration,
    /// Attempts to sign in, by address.
    pub sign_ins: Limit<IpAddr>,
    pub desk: admin::Desk,
}

/// A person rarely mistypes thirty times in a row, nor signs in every two seconds.
pub fn sign_ins() -> Limit<IpAddr> {
    Limit::new(NonZeroU32::MIN.saturating_add(29), Duration::from_secs(2))
}

/// The whole service: paths with and without the last slash are the same.
pub fn service(api: Api, cors_origins: &[HeaderValue]) -> server::Service {
    let https_only = api.secure_cookies;
    let router =
        routes::router().fallback(pages::elsewhere).method_not_allowed_fallback(fallback::wrong_method).with_state(api);
    let router = cors(cors_origins, router)
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(MapResponseLayer::new(move |response| security::mark(response, https_only)));
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
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-request-id"),
        ])
        // As the original does: without it a browser asks again before nearly every request.
        .max_age(Duration::from_secs(86_400))
        .expose_headers([
            header::LINK,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotent-replayed"),
            HeaderName::from_static("x-request-id"),
        ]);
    router.layer(layer)
}
