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
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::Error;
use super::book::open_to_write;
use super::http::{Desk, bad, problem, unreadable};

/// In an answer: the bank that gave it. In a request: the bank that it is for.
pub const HEADER: HeaderName = HeaderName::from_static("bank-identity");

const SCHEMA: &str = include_str!("schema.sql");

/// Makes the tables and the identity in an empty book.
pub(super) async fn begin(on: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(SCHEMA).execute(&mut *on).await?;
    give(on).await
}

/// A book of the first version had no identity.
pub(super) async fn add(on: &mut SqliteConnection) -> sqlx::Result<()> {
    let table = "CREATE TABLE identity (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL) STRICT;
                 PRAGMA user_version = 2;";
    sqlx::raw_sql(table).execute(&mut *on).await?;
    give(on).await
}

async fn give(on: &mut SqliteConnection) -> sqlx::Result<()> {
    let id = Uuid::new_v4();
    sqlx::query("INSERT INTO identity (only, id) VALUES (1, ?)").bind(id.to_string()).execute(on).await?;
    Ok(())
}

pub(super) async fn read(on: &mut SqliteConnection) -> sqlx::Result<String> {
    sqlx::query_scalar("SELECT id FROM identity").fetch_one(on).await
}

/// What is found in a book, before anything is removed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub identity: String,
    /// Nothing has been paid, refused or closed.
    pub is_empty: bool,
}

/// Opens the book, or begins a new one, and tells whose it is.
pub async fn look(path: &Path) -> Result<Found, Error> {
    let unreadable = |source| Error::Book { path: path.to_owned(), source };
    let mut book = open_to_write(path).await?;
    let identity = read(&mut book).await.map_err(unreadable)?;
    let is_empty = sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM transfers)").fetch_one(&mut book).await;
    let found = Found { identity, is_empty: is_empty.map_err(unreadable)? };
    book.close().await.map_err(unreadable)?;
    Ok(found)
}

/// Empties the book, which goes on under a new identity.
pub async fn reset(path: &Path) -> Result<String, Error> {
    let mut book = open_to_write(path).await?;
    let unwritable = |source| Error::Book { path: path.to_owned(), source };
    let identity = begin_anew(&mut book).await.map_err(unwritable)?;
    book.close().await.map_err(unwritable)?;
    Ok(identity)
}

/// The triggers go first: with foreign keys DROP TABLE deletes the rows through them.
async fn begin_anew(book: &mut SqliteConnection) -> sqlx::Result<String> {
    let mut tx = book.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(
        "DROP TRIGGER transfers_final; DROP TRIGGER transfers_kept; DROP TRIGGER returns_final;
         DROP TRIGGER returns_kept; DROP TABLE returns; DROP TABLE transfers; DROP TABLE identity;",
    )
    .execute(&mut *tx)
    .await?;
    begin(&mut tx).await?;
    let identity = read(&mut tx).await?;
    tx.commit().await?;
    Ok(identity)
}

/// Refuses what is meant for another bank; signs each answer, refusals too.
pub(super) async fn check(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let identity = desk.book.identity();
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

pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Json<Value> {
    Json(json!({ "identity": *desk.book.identity(), "can_be_reset": desk.can_be_reset }))
}

/// Whose book is to be emptied.
#[derive(Deserialize)]
struct Named {
    identity: Uuid,
}

/// Only a bank that was started for demonstrations offers it, and only to who can name it.
pub(super) async fn take_reset(State(desk): State<Arc<Desk>>, body: Bytes) -> Result<Json<Value>, Response> {
    if !desk.can_be_reset {
        let error = "this bank cannot be reset: it was not started in demo mode (PAYRAIL_DEMO=1)";
        return Err(problem(StatusCode::FORBIDDEN, error));
    }
    let named: Named = serde_json::from_slice(&body).map_err(bad)?;
    if named.identity.to_string() != *desk.book.identity() {
        return Err(problem(StatusCode::MISDIRECTED_REQUEST, "this is another bank: nothing was done"));
    }
    let identity = desk.book.reset().await.map_err(|error| match error {
        Error::Book { source, .. } => unreadable(source),
        other => problem(StatusCode::SERVICE_UNAVAILABLE, other.to_string()),
    })?;
    tracing::warn!(identity, "the book was emptied on request; the bank goes on under a new identity");
    Ok(Json(json!({ "identity": identity })))
}
