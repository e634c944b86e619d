//! The dashboard's pages, which are in the program itself: `/` for merchants, `/admin` for operators. Their paths
//! are the pages' own business, so a browser that asks for any of them gets the page.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::fallback;
use super::security::{self, Nonce};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/pages"]
struct Pages;

/// What the build leaves in a page for the server to fill in.
const NONCE: &str = "__CSP_NONCE__";
/// Names of assets carry a hash of what is in them.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// In the order of our liking: what the browser calls it, and how the file beside the plain one ends.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

pub async fn merchant() -> Response {
    page("index.html")
}

pub async fn operator() -> Response {
    page("admin/index.html")
}

/// Where no route is: a file of the dashboard, a page for a browser, or nothing.
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

/// With a fresh nonce, so it is never kept.
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

/// Any other file, as small as the browser takes it.
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
    let told = response.headers_mut();
    told.insert(header::CACHE_CONTROL, cache);
    told.insert(header::ETAG, tag);
    if varies {
        told.insert(header::VARY, HeaderValue::from_name(header::ACCEPT_ENCODING));
    }
    encoding.map(|encoding| told.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
    Some(response)
}

fn media_type(file: &EmbeddedFile) -> HeaderValue {
    let guessed = file.metadata.mimetype();
    let charset = if guessed.starts_with("text/") { "; charset=utf-8" } else { "" };
    let fallback = HeaderValue::from_static("application/octet-stream");
    HeaderValue::try_from(format!("{guessed}{charset}")).unwrap_or(fallback)
}

/// Half of a SHA-256 over what is sent.
fn tag(file: &EmbeddedFile) -> HeaderValue {
    let hash: String = file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the browser has it already.
fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

/// Whether `Accept-Encoding` names it, and not to refuse it (`q=0`).
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
    fn a_page_is_for_who_takes_html() {
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
