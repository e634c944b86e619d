use reqwest::{Client, Url};

use super::call;
use super::expected::Expected;
use crate::rail::types::{Access, Error};

/// The longest valid answer.
pub const ANSWER_MAX: usize = 64 * 1024;

/// A bank that is reached over HTTP. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Http {
    pub(super) client: Client,
    pub(super) base: Url,
    pub(super) expected: Expected,
}

impl Http {
    pub fn open(access: &Access<'_>) -> Result<Self, Error> {
        let Access { url, timeout, token } = *access;
        let unusable = |why: &str| Error::Address(url.to_owned(), why.to_owned());
        let base = Url::parse(url).map_err(|error| unusable(&error.to_string()))?;
        if base.scheme() != "http" || base.cannot_be_a_base() {
            return Err(unusable("it must begin with http://"));
        }
        let client = call::client(timeout, token).map_err(|error| unusable(&error))?;
        Ok(Self { client, base, expected: Expected::default() })
    }

    /// Each part becomes one segment, with any characters.
    pub(super) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}
