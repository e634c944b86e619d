//! Finds the schema of the tables. A database has one ledger, which roles with different `search_path`s must all find.

use super::citus;
use super::connect::Server;
use super::session::{Sessions, identifier, literal, rows, text};
use crate::cells::CellPlace;
use crate::error::{Result, StoreError};

/// Facts about the database that a store needs first.
#[derive(Debug)]
pub struct Place {
    pub schema: String,
    /// The role of the connection.
    pub role: String,
    /// From [`identity`].
    pub identity: String,
    pub is_citus: bool,
}

/// The schemas that contain PayRail's tables, by a set of names that no other program uses.
const WITH_TABLES: &str = "SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND 3 = (
    SELECT count(*) FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid
    AND c.relkind IN ('r', 'p') AND c.relname IN ('_sqlx_migrations', 'merchants', 'api_keys')) ORDER BY 1";

/// Begins the names of the cells' schemas.
const CELL: &str = "payrail_cell_";

/// The schema of a cell.
pub fn of_cell(number: u16) -> String {
    format!("{CELL}{number:02}")
}

fn is_cell(schema: &str) -> bool {
    schema.starts_with(CELL)
}

/// Whether Citus keeps the schema on one of its nodes.
pub async fn is_distributed(client: &tokio_postgres::Client, schema: &str) -> Result<bool> {
    Ok(is_cell(schema) && citus::is_citus(client).await?)
}

const IDENTITY: &str = "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system())::text || ' ' || oid::text
    FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";

/// Identifies the database, over any connection, including its standbys and their successors.
pub async fn identity(client: &tokio_postgres::Client) -> Result<String> {
    Ok(text(client, IDENTITY).await?)
}

pub async fn look(server: &Server, sessions: Sessions) -> Result<Place> {
    let (client, _) = server.connect().await?;
    if sessions == Sessions::Own {
        // Behind a pooler, an earlier client may have left something in the session.
        client.batch_execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL").await?;
    }
    let schema = match with_tables(&client).await?.as_slice() {
        [] => text(&client, "SELECT pg_catalog.current_schema()").await?,
        [schema] => schema.clone(),
        several => return Err(two_ledgers(several)),
    };
    if is_cell(&schema) {
        return Err(StoreError::Session(format!(
            "search_path leads to the schema {schema}, whose name is one of a cell: name another schema, or leave \
             search_path out"
        )));
    }
    if schema.is_empty() {
        return Err(StoreError::Session(
            "the database role has no schema for tables: its search_path names none that exists and that it may use. \
             CREATE SCHEMA, or ALTER ROLE … SET search_path"
                .to_owned(),
        ));
    }
    let role = text(&client, "SELECT session_user::text").await?;
    Ok(Place { schema, role, identity: identity(&client).await?, is_citus: citus::is_citus(&client).await? })
}

/// Checked under the migration's lock, because another process may have created the tables in another schema.
pub async fn check(client: &tokio_postgres::Client, schema: &str) -> Result<()> {
    if is_cell(schema) {
        return make_cell(client, schema).await;
    }
    match with_tables(client).await?.as_slice() {
        [] => Ok(()),
        [found] if found == schema => Ok(()),
        [found] => Err(StoreError::Retry(format!(
            "another process has just made the tables in the schema {found:?}, and this one was about to make them in \
             {schema:?}: start again"
        ))),
        several => Err(two_ledgers(several)),
    }
}

/// What a database says of itself as a cell. `None`: it has no tables.
pub async fn cell_setting(client: &tokio_postgres::Client, schema: &str) -> Result<Option<Option<String>>> {
    let table = format!("{}.settings", identifier(schema));
    if text(client, &format!("SELECT pg_catalog.to_regclass({}) IS NULL", literal(&table))).await? == "t" {
        return Ok(None);
    }
    let found = text(client, &format!("SELECT value FROM {table} WHERE name = '{}'", CellPlace::SETTING)).await?;
    Ok(Some((!found.is_empty()).then_some(found)))
}

/// Refuses a cell that was out of reach when the others were migrated.
pub async fn check_version(client: &tokio_postgres::Client, schema: &str, newest: i64) -> Result<()> {
    let sql = format!("SELECT coalesce(max(version), 0) FROM {}._sqlx_migrations", identifier(schema));
    let found = text(client, &sql).await?;
    if found == newest.to_string() {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "the cell's schema is at version {found}, and this payrail needs {newest}: `payrail migrate` brings it there"
    )))
}

async fn make_cell(client: &tokio_postgres::Client, schema: &str) -> Result<()> {
    if is_distributed(client, schema).await? {
        client.batch_execute(citus::DISTRIBUTE).await?;
    }
    // Only its creation needs the right to create one.
    if text(client, &format!("SELECT pg_catalog.to_regnamespace('{schema}') IS NULL")).await? == "t" {
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    Ok(())
}

async fn with_tables(client: &tokio_postgres::Client) -> Result<Vec<String>> {
    let names = rows(client, WITH_TABLES).await?.into_iter().flatten();
    Ok(names.filter(|name| !is_cell(name)).collect())
}

fn two_ledgers(schemas: &[String]) -> StoreError {
    StoreError::Session(format!(
        "the database has more than one schema with payrail's tables ({}), and one ledger must not be taken for another. \
         Keep each in a database of its own (pg_dump --schema, pg_restore), or remove what is not used",
        schemas.join(", ")
    ))
}
