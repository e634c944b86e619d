//! The cookies of sessions: for our own pages only, and out of reach of their scripts.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use super::Api;

/// The cookie of one kind of session. Over HTTPS its name begins with `__Host-`: a browser takes such a cookie only from
/// this very host, over HTTPS and for all paths, so that neither a neighbour's page nor a plain connection can plant one.
#[derive(Clone, Copy, Debug)]
pub struct SessionCookie {
    /// Its name over plain HTTP.
    pub name: &'static str,
    host_name: &'static str,
    /// Where it is sent over plain HTTP; over HTTPS the name demands `/`.
    path: &'static str,
}

pub const MERCHANT: SessionCookie =
    SessionCookie { name: "payrail_session", host_name: "__Host-payrail_session", path: "/api" };
pub const OPERATOR: SessionCookie =
    SessionCookie { name: "payrail_operator", host_name: "__Host-payrail_operator", path: "/admin" };

impl SessionCookie {
    /// The session's token, if the browser sent one. A cookie of the other kind of connection is not read.
    pub fn read(&self, api: &Api, headers: &HeaderMap) -> Option<String> {
        read(headers, self.name_and_path(api.secure_cookies).0)
    }

    /// As `Set-Cookie` has it. With no hours the browser forgets it at once.
    pub fn write(&self, api: &Api, token: &str, hours: i64) -> HeaderValue {
        self.written(api.secure_cookies, token, hours)
    }

    fn name_and_path(&self, secure: bool) -> (&'static str, &'static str) {
        if secure { (self.host_name, "/") } else { (self.name, self.path) }
    }

    fn written(&self, secure: bool, value: &str, hours: i64) -> HeaderValue {
        let (name, path) = self.name_and_path(secure);
        let cookie = Cookie::build((name, value))
            .path(path)
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(secure)
            .max_age(Duration::hours(hours))
            .build();
        HeaderValue::try_from(cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// The cookie's value, if the browser sent one that is not empty.
pub fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = sent.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == name && !cookie.value().is_empty()).map(|cookie| cookie.value().to_owned())
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
        assert_eq!(read(&headers, "__Host-payrail_session"), None);
    }

    #[test]
    fn a_cookie_is_for_our_pages_only() {
        let set = MERCHANT.written(true, "abc", 12);
        assert_eq!(set, "__Host-payrail_session=abc; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=43200");
        let set = MERCHANT.written(false, "abc", 12);
        assert_eq!(set, "payrail_session=abc; HttpOnly; SameSite=Strict; Path=/api; Max-Age=43200");
        let ended = OPERATOR.written(true, "", 0);
        assert_eq!(ended, "__Host-payrail_operator=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0");
    }
}
