//! A request id in and out, and one log line for each request, which names who called and which payout it was about.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Request, Response};
use payrail_core::ids::{MerchantId, PayoutId, RequestId as CleanId};
use payrail_core::payout::Payout;
use tower::ServiceBuilder;
use tower::util::MapRequestLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::field::{Empty, display};
use tracing::{Span, debug, info, warn_span};

use super::client::Client;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Of the path: a longer one is cut in the log.
const LOGGED_CHARACTERS: usize = 256;
/// Asked every few seconds by whatever watches the process: in the log they would hide everything else.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// The name of a probe's span.
const PROBE: &str = "probe";

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
        .layer(MapRequestLayer::new(without_a_bad_id))
        .layer(SetRequestIdLayer::new(HEADER, TimeOrdered))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_response(answered)
                // A 5xx is logged where it is handled, with its cause.
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::new(HEADER));
    router.layer(layers)
}

/// The id of the request with these headers, as the logs have it.
pub fn request_id(headers: &HeaderMap) -> Option<CleanId> {
    let mut values = headers.get_all(HEADER).iter();
    let (first, second) = (values.next()?, values.next());
    second.is_none().then(|| first.to_str().ok().and_then(CleanId::parse))?
}

/// An id that is too long or not printable is replaced by ours, in the answer too: what the client reads there is
/// what the log has.
fn without_a_bad_id(mut request: Request<Body>) -> Request<Body> {
    if request_id(request.headers()).is_none() {
        request.headers_mut().remove(HEADER);
    }
    request
}

/// Never the headers: one of them is the key. What is empty here is filled in once it is known. (A span below the level
/// of the log would leave its lines without the ids.)
fn span(request: &Request<Body>) -> Span {
    let id = request_id(request.headers());
    let id = id.as_ref().map(CleanId::as_str);
    let (method, path) = (request.method(), request.uri().path());
    let client = request.extensions().get::<Client>().map(display);
    if PROBES.contains(&path) {
        return warn_span!(PROBE, %method, path, client, request_id = id);
    }
    let path: String = path.chars().take(LOGGED_CHARACTERS).collect();
    warn_span!(
        "request",
        %method,
        path,
        client,
        request_id = id,
        merchant_id = Empty,
        key = Empty,
        operator = Empty,
        payout_id = Empty,
        payout_request_id = Empty,
    )
}

fn answered<B>(response: &Response<B>, latency: Duration, span: &Span) {
    let (status, latency_us) = (response.status(), u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    let is_probe = span.metadata().is_some_and(|metadata| metadata.name() == PROBE);
    if is_probe && !status.is_server_error() {
        debug!(status = status.as_u16(), latency_us, "request finished");
    } else {
        info!(status = status.as_u16(), latency_us, "request finished");
    }
}

/// The merchant that calls, and the visible part of its key. (A key that is unknown may be anything, a password too:
/// no part of it is logged.)
pub fn caller(merchant: MerchantId, key_prefix: Option<&str>) {
    let span = Span::current();
    span.record("merchant_id", display(merchant));
    key_prefix.map(|prefix| span.record("key", prefix));
}

pub fn operator(name: &str) {
    Span::current().record("operator", name);
}

/// The payout that the request creates, or may have created.
pub fn new_payout(id: PayoutId) {
    Span::current().record("payout_id", display(id));
}

/// The payout that the request is about, and the id of the request that created it.
pub fn payout(merchant: MerchantId, payout: &Payout) {
    let span = Span::current();
    span.record("merchant_id", display(merchant));
    span.record("payout_id", display(payout.id));
    payout.request_id.as_ref().map(|id| span.record("payout_request_id", id.as_str()));
}
