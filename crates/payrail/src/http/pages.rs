//! The dashboard's pages, which are part of the program: `/` for merchants, `/admin` for operators. The pages route
//! their own paths, so a browser gets the page for any of them.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::http::fallback;
use crate::http::plumbing::security;
use crate::http::plumbing::security::Nonce;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/pages"]
struct Pages;

/// The build leaves this placeholder in a page; the server replaces it.
const NONCE: &str = "__CSP_NONCE__";
/// The names of assets contain a hash of their content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Encodings in order of preference: the name in headers, and the suffix of the compressed file.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

pub async fn merchant() -> Response {
    page("index.html")
}

pub async fn operator() -> Response {
    page("admin/index.html")
}

/// Serves paths without a route: a file of the dashboard, a page for a browser, or 404.
pub async fn elsewhere(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    let is_ours = ["/api", "/admin/api", "/healthz", "/readyz"].iter().any(|place| is_under(path, place));
    if is_ours || !(method == Method::GET || method == Method::HEAD) {
        return fallback::no_such_path(uri).await.into_response();
    }
    match file(path.trim_start_matches('/'), &headers) {
        Some(file) => file,
        None if is_under(path, "/assets") || !wants_page(&headers) => fallback::no_such_path(uri).await.into_response(),
        None if is_under(path, "/admin") => operator().await,
        None => merchant().await,
    }
}

fn is_under(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| essence(range).eq_ignore_ascii_case("text/html"))
}

fn essence(item: &str) -> &str {
    item.split(';').next().unwrap_or_default().trim()
}

/// The page has a new nonce, so browsers must not cache it.
fn page(name: &str) -> Response {
    let Some(file) = Pages::get(name) else { return StatusCode::NOT_FOUND.into_response() };
    let nonce = Nonce::fresh();
    let html = String::from_utf8_lossy(&file.data).replace(NONCE, nonce.as_str());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, ASK_AGAIN),
        (header::CONTENT_SECURITY_POLICY, security::policy_of_page(&nonce)),
    ];
    (headers, html).into_response()
}

/// Any other file, in the best encoding that the browser accepts.
fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    if name.ends_with(".html") || ENCODINGS.iter().any(|(_, ending)| name.ends_with(ending)) {
        return None;
    }
    let plain = Pages::get(name)?;
    let media_type = media_type(&plain);
    let smaller =
        ENCODINGS.iter().filter_map(|(encoding, ending)| Some((*encoding, Pages::get(&format!("{name}{ending}"))?)));
    let smaller: Vec<_> = smaller.collect();
    let varies = !smaller.is_empty();
    let chosen = smaller.into_iter().find(|(encoding, _)| takes(headers, encoding));
    let (encoding, file) = chosen.map_or((None, plain), |(encoding, file)| (Some(encoding), file));

    let tag = tag(&file);
    let cache = if is_under(name, "assets") { FOR_EVER } else { ASK_AGAIN };
    let mut response = if has(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media_type)], Body::from(file.data.into_owned())).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::ETAG, tag);
    if varies {
        headers.insert(header::VARY, HeaderValue::from_name(header::ACCEPT_ENCODING));
    }
    encoding.map(|encoding| headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
    Some(response)
}

fn media_type(file: &EmbeddedFile) -> HeaderValue {
    let guessed = file.metadata.mimetype();
    let charset = if guessed.starts_with("text/") { "; charset=utf-8" } else { "" };
    let fallback = HeaderValue::from_static("application/octet-stream");
    HeaderValue::try_from(format!("{guessed}{charset}")).unwrap_or(fallback)
}

/// Half of a SHA-256 over the content.
fn tag(file: &EmbeddedFile) -> HeaderValue {
    let hash = hex::encode(&file.metadata.sha256_hash()[..16]);
    HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the browser has a current copy.
fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

/// Whether `Accept-Encoding` names the encoding without refusing it (`q=0`).
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut items = accepted.flat_map(|value| value.split(','));
    items.any(|item| {
        let weight = item.split(';').skip(1).find_map(|part| part.trim().strip_prefix("q="));
        let refused = weight.is_some_and(|weight| weight.trim().chars().all(|c| c == '0' || c == '.'));
        essence(item).eq_ignore_ascii_case(encoding) && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn an_encoding_is_taken_if_named_and_not_refused() {
        for (value, br, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("gzip;q=1.0, br;q=0", false, true),
            ("BR ; q=0.5", true, false),
            ("br;q=0.000, gzip;q=0.001", false, true),
            ("identity", false, false),
            ("", false, false),
        ] {
            let headers = accepting(header::ACCEPT_ENCODING, value);
            assert_eq!((takes(&headers, "br"), takes(&headers, "gzip")), (br, gzip), "{value}");
        }
        assert!(!takes(&HeaderMap::new(), "br"));
    }

    #[test]
    fn a_page_is_for_clients_that_accept_html() {
        for (value, wants) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("application/json, text/html;q=0.1", true),
            ("*/*", false),
            ("application/json", false),
        ] {
            assert_eq!(wants_page(&accepting(header::ACCEPT, value)), wants, "{value}");
        }
    }

    #[test]
    fn a_place_ends_at_a_slash() {
        assert!(is_under("/admin", "/admin") && is_under("/admin/payouts", "/admin"));
        assert!(!is_under("/administrators", "/admin") && !is_under("/", "/admin"));
    }
}
