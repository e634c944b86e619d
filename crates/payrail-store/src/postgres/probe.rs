//! Whether DATABASE_URL leads to sessions of our own. In front of PostgreSQL there may be a pooler that gives each
//! transaction, or each statement, whatever session is free. There a setting lasts for one transaction, and prepared
//! statements are lost, so it is refused before anything else is tried.

use tokio_postgres::{Client, Config, NoTls};

use super::session::{self, MARK, POOLED};
use crate::error::{Result, StoreError};

/// Two connections, each with a mark of its own, look for their marks. Without a pooler, and with one that leaves a
/// session to its client, each finds its own.
///
/// A pooler that hands out the session that was free last (PgBouncer's habit) gives both the same one. One that hands
/// them out in turn cannot keep the order of these four questions. Beside other clients' work it may go well four
/// times by chance; then every transaction, which looks for the mark as well, finds out.
pub async fn sessions_are_ours(config: &Config) -> Result<()> {
    let [first, second] = [connect(config).await?, connect(config).await?];
    let clients = [(&first, "first"), (&second, "second")];
    for (client, mark) in clients {
        client.batch_execute(&session::set_mark(mark)).await.map_err(of_pooler)?;
    }
    for (client, mark) in [clients[1], clients[0], clients[0], clients[1]] {
        if found(client).await? != mark {
            return Err(StoreError::Session(POOLED.to_owned()));
        }
    }
    // What gives each statement its own session refuses transactions. Together in one message they would get through.
    first.batch_execute("BEGIN").await.map_err(of_pooler)?;
    first.batch_execute("ROLLBACK").await.map_err(of_pooler)
}

async fn connect(config: &Config) -> Result<Client> {
    let (client, connection) = config.connect(NoTls).await?;
    // It ends when the client is dropped.
    tokio::spawn(connection);
    Ok(client)
}

async fn found(client: &Client) -> Result<String> {
    session::text(client, &format!("SELECT current_setting('{MARK}', true)")).await.map_err(of_pooler)
}

/// PostgreSQL takes all of these statements; what it is that refuses one, stands before it.
fn of_pooler(error: tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(refusal) if refusal.code().code() == "08P01" => {
            StoreError::Session(format!("{POOLED}. It says: {}", refusal.message()))
        }
        _ => error.into(),
    }
}
