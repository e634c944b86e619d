//! Session cookies. Only this server's pages send them, and scripts cannot read them.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use crate::http::state::Api;

/// The cookie of one kind of session. Over HTTPS its name begins with `__Host-`: a browser only accepts such a cookie
/// from this host, over HTTPS and for all paths. So neither another subdomain nor a plain connection can set it.
#[derive(Clone, Copy, Debug)]
pub struct SessionCookie {
    /// Its name over plain HTTP.
    pub name: &'static str,
    host_name: &'static str,
    /// The cookie's path over plain HTTP. Over HTTPS the name requires `/`.
    path: &'static str,
}

pub const MERCHANT: SessionCookie =
    SessionCookie { name: "payrail_session", host_name: "__Host-payrail_session", path: "/api" };
pub const OPERATOR: SessionCookie =
    SessionCookie { name: "payrail_operator", host_name: "__Host-payrail_operator", path: "/admin" };

impl SessionCookie {
    /// The session's token, if the browser sent one. Over HTTPS, the plain cookie is ignored, and vice versa.
    pub fn read(&self, api: &Api, headers: &HeaderMap) -> Option<String> {
        read(headers, self.name_and_path(api.secure_cookies).0)
    }

    /// The value of `Set-Cookie`. With zero hours, the browser deletes the cookie.
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

/// The cookie's value, if it is not empty.
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
