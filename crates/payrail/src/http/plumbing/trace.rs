//! Request ids, and one log line per request, with its caller and its payout.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Request, Response};
use payrail_core::payout::Payout;
use payrail_types::ids::{MerchantId, PayoutId, RequestId as CleanId};
use tower::ServiceBuilder;
use tower::util::MapRequestLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::field::{Empty, display};
use tracing::{Span, debug, info, warn_span};

use super::client::Client;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longer paths are cut in the log.
const LOGGED_CHARACTERS: usize = 256;
/// Monitoring requests these every few seconds. In the log they would hide everything else.
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

/// The id is set first and copied to the answer last, so that every log line and every answer has it.
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

/// The id of the request with these headers, as in the logs.
pub fn request_id(headers: &HeaderMap) -> Option<CleanId> {
    let mut values = headers.get_all(HEADER).iter();
    let (first, second) = (values.next()?, values.next());
    second.is_none().then(|| first.to_str().ok().and_then(CleanId::parse))?
}

/// Replaces an id that is too long or not printable. The answer and the log have the same id.
fn without_a_bad_id(mut request: Request<Body>) -> Request<Body> {
    if request_id(request.headers()).is_none() {
        request.headers_mut().remove(HEADER);
    }
    request
}

/// The span never records the headers, because one of them is the key. Empty fields are filled in later. (A span below
/// the log's level would leave its lines without the ids.)
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

/// Records the calling merchant, and the visible part of its key. (An unknown key may be anything, even a password, so
/// no part of it is logged.)
/// The key is the one of the request, or the one that began its session.
pub fn caller(merchant: MerchantId, key_prefix: &str) {
    Span::current().record("merchant_id", display(merchant)).record("key", key_prefix);
}

pub fn operator(name: &str) {
    Span::current().record("operator", name);
}

/// Records the payout that the request creates, or may have created.
pub fn new_payout(id: PayoutId) {
    Span::current().record("payout_id", display(id));
}

/// Records the payout that the request is about, and the id of the request that created it.
pub fn payout(merchant: MerchantId, payout: &Payout) {
    let span = Span::current();
    span.record("merchant_id", display(merchant));
    span.record("payout_id", display(payout.id));
    payout.request_id.as_ref().map(|id| span.record("payout_request_id", id.as_str()));
}
