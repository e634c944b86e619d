//! Authenticates merchants, by `Authorization: Api-Key <key>` or by the cookie of a session that such a key began. Keys
//! and tokens are looked up by their keyed hash. Their clear text is neither stored nor logged.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use payrail_store::{Merchant, MerchantSession};

use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::{cookies, same_origin, trace};
use crate::http::state::Api;
use crate::{keys, published};

/// The calling merchant.
#[derive(Debug)]
pub struct Caller(pub Merchant);

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let pass = Pass::of(api, parts)?;
        let (merchant, key_prefix) = match &pass {
            Pass::Key(_) => (pass.owner(api).await?, key_of(&parts.headers).map(keys::prefix).unwrap_or_default()),
            Pass::Session(hash) => {
                let session = open_session(api, hash).await?;
                (session.merchant, session.key_prefix)
            }
        };
        trace::caller(merchant.id, &key_prefix);
        Ok(Self(merchant))
    }
}

impl FromRequestParts<Api> for Pass {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Self::of(api, parts)
    }
}

/// A request's credential. It is valid for as long as its key, or its session.
#[derive(Clone, Debug)]
pub enum Pass {
    Key([u8; 32]),
    Session([u8; 32]),
}

impl Pass {
    /// The header takes precedence over the cookie. With a cookie, a change must come from this server's own pages.
    fn of(api: &Api, parts: &Parts) -> Result<Self, Problem> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let key = key_of(&parts.headers).ok_or_else(not_authenticated)?;
            return Self::from_key(api, key);
        }
        let token = cookies::MERCHANT.read(api, &parts.headers).ok_or_else(not_authenticated)?;
        same_origin::check(&parts.method, &parts.headers)?;
        Ok(Self::Session(api.session_hash(&token)))
    }

    /// Outside of demo mode its keys are refused, even if the database has them.
    pub fn from_key(api: &Api, key: &str) -> Result<Self, Problem> {
        if !api.is_demo && published::is_demo_key(key) {
            let prefix = keys::prefix(key);
            tracing::warn!(prefix, "a key of demo mode was refused: demo mode is off");
            return Err(invalid_key());
        }
        Ok(Self::Key(api.hasher.hash(key)))
    }

    pub fn hash(&self) -> &[u8; 32] {
        let (Self::Key(hash) | Self::Session(hash)) = self;
        hash
    }

    pub async fn owner(&self, api: &Api) -> Result<Merchant, Problem> {
        match self {
            Self::Key(hash) => {
                let merchant = api.known_keys.merchant(&api.store, hash).await?;
                merchant.ok_or_else(invalid_key)
            }
            Self::Session(hash) => Ok(open_session(api, hash).await?.merchant),
        }
    }
}

async fn open_session(api: &Api, hash: &[u8]) -> Result<MerchantSession, Problem> {
    let session = api.store.merchant_session(hash, api.clock.now()).await?;
    session.ok_or_else(|| Problem::unauthorized("The session has ended; sign in again.", "session_expired"))
}

fn invalid_key() -> Problem {
    Problem::unauthorized("Invalid API key", "invalid_api_key")
}

fn not_authenticated() -> Problem {
    Problem::unauthorized("Authentication credentials were not provided.", "not_authenticated")
}

/// Ignores the scheme's case and the space around the key.
pub fn key_of(headers: &HeaderMap) -> Option<&str> {
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
