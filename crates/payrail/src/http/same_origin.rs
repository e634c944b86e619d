//! A cookie travels with every request of the browser, whoever's page made it. One that changes something is
//! taken from our own pages only. (The cookies are `SameSite=Strict` as well; a site may have several origins.)

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};

use super::problem::Problem;

/// Refuses an unsafe request that another origin's page has made.
pub fn check(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method.is_safe() || is_same_origin(headers) {
        return Ok(());
    }
    let detail = "A request that changes something must come from this server's own pages; nothing was done.";
    Err(Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail))
}

/// By what the browser says of it (a page cannot set these headers); who says neither is no browser's page.
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
    fn another_origin_may_look_and_not_touch() {
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
