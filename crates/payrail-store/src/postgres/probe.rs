//! Detects poolers that share sessions. Such a pooler gives each transaction, or each statement, any free session, so
//! that a setting lasts for one transaction only.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Client;

use super::connect::Server;
use super::session::{self, FEW_SESSIONS, MARK, Sessions};
use crate::error::{Result, StoreError};

/// A free session is available at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Two connections set different marks and then look for them. Without a pooler, or with one that gives each client its
/// own session, each finds its mark.
///
/// A pooler that prefers the most recently used session (as PgBouncer does) gives both the same one. One that rotates
/// its sessions fails in one of these four queries. With other clients at work, all four may succeed by chance; then
/// the check of the mark in every transaction detects it.
pub async fn sessions(server: &Server) -> Result<Sessions> {
    let ((first, _), (second, _)) = (server.connect().await?, server.connect().await?);
    let clients = [(&first, "first"), (&second, "second")];
    for (client, mark) in clients {
        client.batch_execute(&session::set_mark(mark)).await.map_err(from_pooler)?;
    }
    let mut sessions = Sessions::Own;
    for (client, mark) in [clients[1], clients[0], clients[0], clients[1]] {
        if found(client).await? != mark {
            sessions = Sessions::Pooled;
        }
    }
    // A pooler in statement mode refuses transactions. In a single message it would accept one.
    first.batch_execute("BEGIN").await.map_err(from_pooler)?;
    first.batch_execute("ROLLBACK").await.map_err(from_pooler)?;
    if sessions == Sessions::Pooled {
        // Leave nothing for the next client.
        for client in [&first, &second] {
            client.batch_execute(&format!("RESET {MARK}")).await.map_err(from_pooler)?;
        }
        keeps_statements([&first, &second]).await?;
    }
    Ok(sessions)
}

/// Whether a statement can be prepared in one session and executed in another, as with PgBouncer 1.21.
async fn keeps_statements([first, second]: [&Client; 2]) -> Result<()> {
    let statement = first.prepare("SELECT 1").await.map_err(from_pooler)?;
    // A pooler that rotates its sessions gives it another one now.
    for _ in 0..2 {
        first.query(&statement, &[]).await.map_err(from_pooler)?;
    }
    // Any other pooler gives the most recently used one, which has the statement. So occupy that one.
    second.batch_execute("BEGIN").await.map_err(from_pooler)?;
    let few = |_| StoreError::Session(format!("{}{FEW_SESSIONS}", session::POOLED));
    timeout(PATIENCE, first.query(&statement, &[])).await.map_err(few)?.map_err(from_pooler)?;
    second.batch_execute("ROLLBACK").await.map_err(from_pooler)
}

async fn found(client: &Client) -> Result<String> {
    session::text(client, &format!("SELECT current_setting('{MARK}', true)")).await.map_err(from_pooler)
}

/// PostgreSQL accepts all of these statements. If one is refused, a pooler refused it.
fn from_pooler(error: tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(refusal) if refusal.code().code() == "08P01" => {
            StoreError::Session(format!("{}. It says: {}", session::POOLED, refusal.message()))
        }
        _ => error.into(),
    }
}
