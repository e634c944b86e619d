//! A request id in and out, and one log line a request.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, Request};
use tower::ServiceBuilder;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// What a client may send as its request id; a longer one is cut in the log.
const LOGGED_CHARACTERS: usize = 64;

#[derive(Clone, Copy)]
struct TimeOrdered;

impl MakeRequestId for TimeOrdered {
    fn make_request_id<B>(&mut self, _: &Request<B>) -> Option<RequestId> {
        uuid::Uuid::now_v7().to_string().parse().ok().map(RequestId::new)
    }
}

/// The id is set first and propagated last, so that it is in every log line and every answer.
pub fn traced(router: Router) -> Router {
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(HEADER, TimeOrdered))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new().level(Level::INFO))
                // A 5xx is logged where it is handled, with its cause.
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::new(HEADER));
    router.layer(layers)
}

/// Never the headers: one of them is the key.
fn span(request: &Request<Body>) -> Span {
    let id: String = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .chars()
        .take(LOGGED_CHARACTERS)
        .collect();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), request_id = id)
}
