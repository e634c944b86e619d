//! The parts of a request's path.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The parts of a path. A part that cannot be of its type names nothing: the default takes its place, and no row has the nil
/// UUID or an empty name. So the handler answers as to anything that does not exist.
#[derive(Debug)]
pub struct PathOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        Ok(Self(found.map_or_else(|_| T::default(), |Path(parts)| parts)))
    }
}
