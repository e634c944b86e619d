//! Every error is JSON: the original's members first, then those of RFC 9457 and a stable `code`.
//! The cause of a 5xx goes to the log and never to the client.

use std::any::Any;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payrail_core::command::Refusal;
use payrail_store::StoreError;
use payrail_types::word::Word;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::lanes::EngineError;
use crate::passwords;

#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    /// Stable: clients may branch on it.
    code: &'static str,
    /// Says what the client can do.
    detail: String,
    /// The original's own members, in its order.
    original: Vec<(String, Value)>,
    /// Members after the standard ones.
    last: Vec<(&'static str, Value)>,
    /// Boxed to keep results small that may be a problem.
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), original: Vec::new(), last: Vec::new(), header: None }
    }

    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.original.push((name.into(), value.into()));
        self
    }

    pub fn last_member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.last.push((name, value.into()));
        self
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some(Box::new((name, HeaderValue::from_static(value))));
        self
    }

    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.header = Some(Box::new((header::RETRY_AFTER, HeaderValue::from(seconds))));
        self
    }

    /// More commands are waiting than can be done in time.
    pub fn overloaded() -> Self {
        EngineError::Full.into()
    }

    /// The server has as many open connections as it allows.
    pub fn too_many_connections() -> Self {
        let detail = "Too many connections are open; try again.";
        Self::later(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail)
    }

    /// The body did not arrive in time. The connection is closed.
    pub fn too_slow(limit: Duration) -> Self {
        let detail = format!("The body was not complete within {limit:?}; nothing was done.");
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", detail).header(header::CONNECTION, "close")
    }

    /// The client may try again: nothing was decided, or the key finds the decision.
    fn later(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self::new(status, code, detail).header(header::RETRY_AFTER, "1")
    }

    pub fn unauthorized(detail: &'static str, code: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail).header(header::WWW_AUTHENTICATE, "Api-Key")
    }

    pub fn not_found(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// A fault of the server. The cause goes to the log.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        let detail = "The request could not be carried out; nothing was done. The server's log has the cause \
                      under this answer's X-Request-Id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.original {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("type", "about:blank")?;
        map.serialize_entry("title", self.status.canonical_reason().unwrap_or("Error"))?;
        map.serialize_entry("status", &self.status.as_u16())?;
        map.serialize_entry("detail", &self.detail)?;
        map.serialize_entry("code", self.code)?;
        for (name, value) in &self.last {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(&self)).into_response();
        response.headers_mut().extend(self.header.map(|header| *header));
        response
    }
}

impl From<passwords::Error> for Problem {
    fn from(error: passwords::Error) -> Self {
        match error {
            passwords::Error::Busy => Self::overloaded(),
            other => Self::internal(&other),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::of(EngineError::from(error))
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        // (Further log lines would make an overload worse. The request's own line has the 503.)
        if !matches!(error, EngineError::Full | EngineError::Failed(_)) {
            tracing::warn!(%error, "the command got no decision");
        }
        Self::of(error)
    }
}

impl Problem {
    fn of(error: EngineError) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            EngineError::Full => {
                Self::later(unavailable, "overloaded", "More is waiting than can be done in time; try again.")
            }
            EngineError::Busy => Self::later(
                StatusCode::CONFLICT,
                "in_progress",
                "The merchant's book is in use; nothing was done. Try again with the same Idempotency-Key.",
            ),
            EngineError::Unavailable => Self::later(
                unavailable,
                "unavailable",
                "The database cannot be reached; nothing was done. Try again with the same Idempotency-Key.",
            ),
            EngineError::Unknown | EngineError::TooLate => Self::later(
                unavailable,
                "outcome_unknown",
                "Whether the request was carried out is not known yet. Try again with the same Idempotency-Key: \
                 it cannot be carried out twice.",
            ),
            EngineError::Failed(_) => Self::internal(&error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request; nothing was done. Use a new key for a new \
                 request, or send the first request again unchanged.",
            )
            .member("error", "Idempotency-Key was used for another request"),
            Refusal::UnknownPayout | Refusal::UnknownMerchant => Self::not_found("There is no such payout."),
            Refusal::NotCancellable(status) => {
                Self::new(StatusCode::CONFLICT, "not_cancellable", text).member("payout_status", status.as_str())
            }
            Refusal::NotInDoubt(status) => {
                Self::new(StatusCode::CONFLICT, "not_in_doubt", text).member("payout_status", status.as_str())
            }
            Refusal::NotFarAhead => Self::new(StatusCode::CONFLICT, "not_far_ahead", text),
            Refusal::Held => Self::new(StatusCode::CONFLICT, "in_progress", text).header(header::RETRY_AFTER, "1"),
            Refusal::BalanceTooLarge => Self::new(StatusCode::BAD_REQUEST, "balance_too_large", text),
            Refusal::NotDue | Refusal::StaleAttempt | Refusal::NotReturnable(_) => {
                Self::new(StatusCode::CONFLICT, "conflict", text)
            }
            Refusal::Inconsistent(_) => Self::internal(&text),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub fn from_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Problem::internal(&text.as_deref().unwrap_or("a panic")).into_response()
}
