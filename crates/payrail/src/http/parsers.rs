//! What reads what comes from outside, by name, for fuzz/ to reach it. Nothing else needs this room.

use axum::extract::Query;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use payrail_core::command::PayoutRequest;
use payrail_core::idempotency::IdempotencyKey;

use crate::http::idempotency::request as idempotency;
use crate::http::lookup::filter::{Filter, StatusFilter};
use crate::http::lookup::needle::Needle;
use crate::http::merchant::auth;
use crate::http::merchant::events::stream;
use crate::http::merchant::ledger::export;
use crate::http::merchant::payouts::create::NewPayout;
use crate::http::plumbing::client::{ForwardedHeader, Proxies};
use crate::http::plumbing::cursor;
use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::{body, cookies, form, period, same_origin};

/// The status that a refusal is answered with.
pub type Refused = u16;

fn refused<T>(read: Result<T, Problem>) -> Result<T, Refused> {
    read.map_err(|problem| problem.status())
}

fn headers(name: &'static str, value: &[u8]) -> Option<HeaderMap> {
    let value = HeaderValue::from_bytes(value).ok()?;
    Some(HeaderMap::from_iter([(HeaderName::from_static(name), value)]))
}

/// An order's body, of this content type.
pub fn order(content_type: &[u8], bytes: &[u8]) -> Option<Result<PayoutRequest, Refused>> {
    let headers = headers("content-type", content_type)?;
    Some(refused(
        body::json(&headers, bytes).and_then(|object| form::parse::<NewPayout>(&object)).map(|new| new.request(None)),
    ))
}

pub fn idempotency_key(value: &[u8]) -> Option<Result<IdempotencyKey, Refused>> {
    Some(refused(idempotency::key(&headers("idempotency-key", value)?)))
}

/// The API key of an `Authorization` header.
pub fn api_key(value: &[u8]) -> Option<String> {
    auth::key_of(&headers("authorization", value)?).map(str::to_owned)
}

pub fn cookie(value: &[u8], name: &str) -> Option<String> {
    cookies::read(&headers("cookie", value)?, name)
}

/// The client's address, of a request from 127.0.0.1, which is believed, with this header.
pub fn client(value: &[u8], standard: bool) -> Option<std::net::IpAddr> {
    let (name, header) = match standard {
        true => ("forwarded", ForwardedHeader::Forwarded),
        false => ("x-forwarded-for", ForwardedHeader::XForwardedFor),
    };
    let proxy = std::net::Ipv4Addr::LOCALHOST;
    let proxies = Proxies::new(&[proxy.to_string()], header).ok()?;
    Some(proxies.client(proxy.into(), &headers(name, value)?).0)
}

pub fn last_event_id(value: &[u8]) -> Option<Result<Option<i64>, Refused>> {
    Some(refused(stream::last_seen(&headers("last-event-id", value)?)))
}

/// Whether a request with a cookie may change something that comes from here and goes there.
pub fn may_change(origin: &[u8], host: &[u8]) -> Option<bool> {
    let mut both = headers("origin", origin)?;
    both.extend(headers("host", host)?);
    Some(same_origin::check(&Method::POST, &both).is_ok())
}

/// A cursor as it is sent, and as we would write it.
pub fn cursor(text: &str) -> Result<Option<String>, Refused> {
    refused(cursor::parse(Some(text))).map(|position| position.as_ref().map(cursor::text))
}

/// The bounds of a list, in microseconds.
pub fn window(from: Option<&str>, to: Option<&str>) -> Result<(Option<i64>, Option<i64>), Refused> {
    let window = refused(period::window(from, to, &jiff::tz::TimeZone::UTC))?;
    Ok((window.from.map(|at| at.as_microsecond()), window.to.map(|at| at.as_microsecond())))
}

#[derive(serde::Deserialize)]
struct Filtering {
    status: Option<StatusFilter>,
    search: Option<String>,
}

/// Whether a query of a list of payouts filters anything.
pub fn filter(query: &str) -> Option<Result<bool, Refused>> {
    let uri = Uri::try_from(format!("/?{query}")).ok()?;
    let Ok(Query(Filtering { status, search })) = Query::try_from_uri(&uri) else { return Some(Err(400)) };
    Some(refused(Filter::new(status, search.as_deref())).map(|filter| !filter.is_everything()))
}

/// What an exact search is for.
pub fn needle(text: &str) -> Result<Option<uuid::Uuid>, Refused> {
    refused(Needle::new(text)).map(|needle| needle.named().map(|id| id.0))
}

/// A text as a cell of an export.
pub fn cell(text: &str) -> String {
    export::harmless(text)
}
