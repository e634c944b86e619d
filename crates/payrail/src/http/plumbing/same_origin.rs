//! A browser sends a cookie with every request, from any page. So a request that changes something must come from this
//! server's own pages. (The cookies are `SameSite=Strict` too, but a site may have several origins.)

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};

use super::problem::Problem;

/// Refuses an unsafe request from another origin's page.
pub fn check(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method.is_safe() || is_same_origin(headers) {
        return Ok(());
    }
    let detail = "A request that changes something must come from this server's own pages; nothing was done.";
    Err(Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail))
}

/// Checks headers that a browser sets and a page cannot change. A client without them is not a browser.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin.as_ref().and_then(Uri::authority), host) {
        (Some(origin), Some(host)) => origin.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_origin_can_read_but_not_write() {
        for (site, origin, is_ours) in [
            (None, None, true),
            (Some("same-origin"), None, true),
            (Some("none"), None, true),
            (Some("same-site"), None, false),
            (Some("cross-site"), None, false),
            (Some("same-origin"), Some("https://evil.example"), true),
            (Some("cross-site"), Some("https://pay.example:8000"), false),
            (None, Some("https://pay.example:8000"), true),
            (None, Some("https://PAY.example:8000"), true),
            (None, Some("https://pay.example"), false),
            (None, Some("https://evil.example:8000"), false),
            (None, Some("null"), false),
            (None, Some(""), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", "pay.example:8000".parse().unwrap());
            site.map(|value| headers.insert("sec-fetch-site", value.parse().unwrap()));
            origin.map(|value| headers.insert("origin", value.parse().unwrap()));
            assert_eq!(check(&Method::POST, &headers).is_ok(), is_ours, "{site:?} {origin:?}");
            assert_eq!(check(&Method::DELETE, &headers).is_ok(), is_ours, "{site:?} {origin:?}");
            assert!(check(&Method::GET, &headers).is_ok());
        }
    }
}
