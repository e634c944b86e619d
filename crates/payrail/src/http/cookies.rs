//! The cookies of sessions: for our own pages only, and out of reach of their scripts.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

/// The cookie's value, if the browser sent one that is not empty.
pub fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = sent.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == name && !cookie.value().is_empty()).map(|cookie| cookie.value().to_owned())
}

/// As `Set-Cookie` has it. With no hours the browser forgets it at once.
pub fn write(name: &str, value: &str, path: &str, hours: i64, secure: bool) -> HeaderValue {
    let cookie = Cookie::build((name, value))
        .path(path)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(Duration::hours(hours))
        .build();
    HeaderValue::try_from(cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_among_many_is_found() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; payrail_session=; other=2".parse().unwrap());
        assert_eq!(read(&headers, "payrail_session"), None);
        headers.append(header::COOKIE, "payrail_session=abc".parse().unwrap());
        assert_eq!(read(&headers, "payrail_session").as_deref(), Some("abc"));
    }

    #[test]
    fn a_cookie_is_for_our_pages_only() {
        let set = write("payrail_session", "abc", "/api", 12, true);
        assert_eq!(set, "payrail_session=abc; HttpOnly; SameSite=Strict; Secure; Path=/api; Max-Age=43200");
        assert_eq!(write("n", "", "/", 0, false), "n=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    }
}
