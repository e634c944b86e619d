//! `Authorization: Api-Key <key>`. Keys are looked up by their keyed hash; the clear text is neither
//! stored nor logged.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use payrail_store::Merchant;

use super::Api;
use super::problem::Problem;

/// The merchant whose key the request carries.
#[derive(Debug)]
pub struct Caller(pub Merchant);

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        caller(api, &parts.headers).await.map(Self)
    }
}

pub async fn caller(api: &Api, headers: &HeaderMap) -> Result<Merchant, Problem> {
    let key = key_of(headers)
        .ok_or_else(|| Problem::unauthorized("Authentication credentials were not provided.", "not_authenticated"))?;
    let merchant = api.store.merchant_of_key(&api.hasher.hash(key)).await?;
    merchant.ok_or_else(|| Problem::unauthorized("Invalid API key", "invalid_api_key"))
}

/// The scheme's case does not matter, nor does space around the key.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("Api-Key") && !key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_what_follows_the_scheme() {
        for (value, key) in [
            ("Api-Key abc", Some("abc")),
            ("api-key   abc  ", Some("abc")),
            ("API-KEY abc", Some("abc")),
            ("Api-Key", None),
            ("Api-Key ", None),
            ("Bearer abc", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            assert_eq!(key_of(&headers), key, "{value:?}");
        }
        assert_eq!(key_of(&HeaderMap::new()), None);
    }
}
