//! Who this bank is. A random id is created with the book; every answer carries it in the header `Bank-Identity`, and
//! a request may carry the id of the bank that it is meant for: any other bank refuses it with 421, before anything
//! is done. With a book that begins anew comes a new identity, as of another bank: it knows nothing of what was paid.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use rusqlite::{Connection, TransactionBehavior};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Error;
use crate::book::{blocking, open_to_write};
use crate::http::{Service, bad, problem, unreadable};

/// In an answer: the bank that gave it. In a request: the bank that it is for.
pub const HEADER: HeaderName = HeaderName::from_static("bank-identity");

const SCHEMA: &str = include_str!("schema.sql");

/// Makes the tables and the identity in an empty book.
pub(crate) fn create(book: &Connection) -> rusqlite::Result<()> {
    book.execute_batch(SCHEMA)?;
    give(book)
}

/// A book of the first version had no identity.
pub(crate) fn add(book: &Connection) -> rusqlite::Result<()> {
    let table = "CREATE TABLE identity (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL) STRICT;
                 PRAGMA user_version = 2;";
    book.execute_batch(table)?;
    give(book)
}

fn give(book: &Connection) -> rusqlite::Result<()> {
    book.execute("INSERT INTO identity (only, id) VALUES (1, ?)", [Uuid::new_v4().to_string()])?;
    Ok(())
}

pub(crate) fn read(book: &Connection) -> rusqlite::Result<String> {
    book.query_row("SELECT id FROM identity", [], |row| row.get(0))
}

/// What is found in a book, before anything is removed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub identity: String,
    /// Nothing has been paid, refused or closed.
    pub is_empty: bool,
}

/// Opens the book, or creates a new one, and tells whose it is.
pub async fn look(path: &Path) -> Result<Found, Error> {
    with_book(path, |book| {
        let identity = read(book)?;
        let is_empty = book.query_row("SELECT NOT EXISTS (SELECT 1 FROM transfers)", [], |row| row.get(0))?;
        Ok(Found { identity, is_empty })
    })
    .await
}

/// Empties the book, which goes on under a new identity.
pub async fn reset(path: &Path) -> Result<String, Error> {
    with_book(path, create_anew).await
}

/// Opens the book for as long as the work takes.
async fn with_book<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let path = path.to_owned();
    blocking(move || {
        let mut book = open_to_write(&path)?;
        let done = work(&mut book).and_then(|done| book.close().map(|()| done).map_err(|(_, error)| error));
        done.map_err(|error| Error::Book { path, source: error.into() })
    })
    .await
}

/// The triggers go first: with foreign keys DROP TABLE deletes the rows through them.
fn create_anew(book: &mut Connection) -> rusqlite::Result<String> {
    let tx = book.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(
        "DROP TRIGGER transfers_final; DROP TRIGGER transfers_kept; DROP TRIGGER returns_final;
         DROP TRIGGER returns_kept; DROP TABLE returns; DROP TABLE transfers; DROP TABLE identity;",
    )?;
    create(&tx)?;
    let identity = read(&tx)?;
    tx.commit()?;
    Ok(identity)
}

/// Refuses what is meant for another bank; signs each answer, refusals too.
pub(crate) async fn check(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let identity = service.book.identity();
    let mut response = match meant_for(request.headers()) {
        Some(other) if other != identity.as_bytes() => {
            problem(StatusCode::MISDIRECTED_REQUEST, "this request is meant for another bank: nothing was done")
        }
        _ => next.run(request).await,
    };
    if let Ok(value) = HeaderValue::from_str(&identity) {
        response.headers_mut().entry(HEADER).or_insert(value);
    }
    response
}

fn meant_for(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(HEADER).map(HeaderValue::as_bytes)
}

pub(crate) async fn show(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({ "identity": *service.book.identity(), "can_be_reset": service.can_be_reset }))
}

/// Whose book is to be emptied.
#[derive(Deserialize)]
struct Named {
    identity: Uuid,
}

/// Only a bank that was started for demonstrations offers it, and only to who can name it.
pub(crate) async fn take_reset(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Response> {
    if !service.can_be_reset {
        let error = "this bank cannot be reset: it was not started in demo mode (PAYRAIL_DEMO=1)";
        return Err(problem(StatusCode::FORBIDDEN, error));
    }
    let named: Named = serde_json::from_slice(&body).map_err(bad)?;
    if named.identity.to_string() != *service.book.identity() {
        return Err(problem(StatusCode::MISDIRECTED_REQUEST, "this is another bank: nothing was done"));
    }
    let identity = service.book.reset().await.map_err(|error| match error {
        Error::Book { source, .. } => unreadable(source),
        other => problem(StatusCode::SERVICE_UNAVAILABLE, other.to_string()),
    })?;
    tracing::warn!(identity, "the book was emptied on request; the bank goes on under a new identity");
    Ok(Json(json!({ "identity": identity })))
}
