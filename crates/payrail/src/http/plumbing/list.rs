//! Lists. A page is a bare array; the next one is in the `Link` header (RFC 8288).

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use payrail_store::Position;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor;
use super::params::{Params, bad_parameter};
use super::problem::Problem;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// `full` opts in to every member. Without it, a list is the original's, byte for byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum View {
    #[default]
    Original,
    Full,
}

/// The parameters of every list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Limit {
    /// The maximum number of items, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The beginning of a page in a list over all merchants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Before {
    /// The end of the page before, from its `Link`. It is opaque.
    before: Option<String>,
}

impl Before {
    pub fn position(&self) -> Result<Option<Position>, Problem> {
        cursor::parse(self.before.as_deref())
    }
}

/// The beginning of the next page, as a parameter and its value.
pub type Next = (&'static str, String);

/// A request for a page.
#[derive(Debug)]
pub struct Page {
    pub limit: u32,
    /// The request's query, which the next page's link repeats.
    query: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Params(Limit { limit }) = Params::from_request_parts(parts, state).await?;
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(bad_parameter(format!("limit must be from 1 to {MAX_LIMIT}.")));
        }
        let Ok(RawQuery(query)) = RawQuery::from_request_parts(parts, state).await;
        Ok(Self { limit, query: query.unwrap_or_default() })
    }
}

impl Page {
    /// The last row of a full page. More rows may follow it.
    pub fn last_if_full<'a, T>(&self, rows: &'a [T]) -> Option<&'a T> {
        rows.last().filter(|_| rows.len() == self.limit as usize)
    }

    /// The answer: the items, and a link to the next page if there may be one.
    pub fn answer<T: Serialize>(&self, path: &str, items: &[T], next: Option<Next>) -> Response {
        let mut response = axum::Json(items).into_response();
        let link = next.and_then(|next| format!("<{path}?{}>; rel=\"next\"", self.following(&next)).parse().ok());
        if let Some(link) = link {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }

    /// The query of the next page: this page's query with another beginning.
    fn following(&self, (name, value): &Next) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair(name, value).append_pair("limit", &self.limit.to_string());
        let kept = form_urlencoded::parse(self.query.as_bytes());
        query.extend_pairs(kept.filter(|(key, _)| key != name && key != "limit"));
        query.finish()
    }
}

/// The beginning of the next page in a list over all merchants.
pub fn next_before(position: Option<Position>) -> Option<Next> {
    position.map(|position| ("before", cursor::text(&position)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_filters() {
        for (query, expected) in [
            ("", "before=7&limit=5"),
            ("limit=5&status=failed", "before=7&limit=5&status=failed"),
            (
                "before=9&search=a%20b%3E&limit=5&zone=Asia/Kolkata",
                "before=7&limit=5&search=a+b%3E&zone=Asia%2FKolkata",
            ),
        ] {
            let page = Page { limit: 5, query: query.to_owned() };
            assert_eq!(page.following(&("before", "7".to_owned())), expected);
        }
    }

    #[test]
    fn only_a_full_page_may_have_a_next_one() {
        let page = Page { limit: 2, query: String::new() };
        assert_eq!(page.last_if_full(&[1, 2]), Some(&2));
        assert_eq!(page.last_if_full(&[1]), None);
    }
}
