//! On Citus a cell is a distributed schema, which one node holds. Sessions are made to that node: there the cell's
//! statements run in the session itself, with its settings. Sent to any other node, they would run in a session of Citus'
//! own, which has none of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::connect::Server;
use super::session::{identifier, literal};
use crate::error::Result;

/// Where a cell's sessions are made to.
#[derive(Debug)]
pub enum Location {
    Fixed(Server),
    OnCitus(Node),
}

impl Location {
    pub async fn server(&self) -> Result<Server> {
        match self {
            Self::Fixed(server) => Ok(server.clone()),
            Self::OnCitus(node) => node.server().await,
        }
    }

    /// Whether a connection that was made then leads elsewhere than one that is made now.
    pub fn has_moved_since(&self, made: Instant) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::OnCitus(node) => node.found().as_ref().is_some_and(|found| made < found.since),
        }
    }
}

/// The node of one schema.
#[derive(Debug)]
pub struct Node {
    coordinator: Server,
    schema: String,
    found: Mutex<Option<Found>>,
}

#[derive(Clone, Debug)]
struct Found {
    /// `None`: the schema is not distributed, and the coordinator has it.
    address: Option<(String, u16)>,
    server: Server,
    /// When this node was first found.
    since: Instant,
}

impl Node {
    pub const fn new(coordinator: Server, schema: String) -> Self {
        Self { coordinator, schema, found: Mutex::new(None) }
    }

    /// Asks each time, as an administrator may have moved the cell. While the coordinator does not answer, the node that
    /// was last found is taken: a cell does not move then.
    async fn server(&self) -> Result<Server> {
        let known = self.found().clone();
        let address = match (self.look().await, known) {
            (Ok(address), _) => address,
            (Err(_), Some(known)) => return Ok(known.server),
            (Err(error), None) => return Err(error),
        };
        let mut found = self.found();
        match &*found {
            Some(known) if known.address == address => Ok(known.server.clone()),
            _ => {
                let server = address
                    .as_ref()
                    .map_or_else(|| self.coordinator.clone(), |(host, port)| self.coordinator.at(host, *port));
                tracing::debug!(schema = self.schema, ?server, "the cell's node");
                *found = Some(Found { address, server: server.clone(), since: Instant::now() });
                Ok(server)
            }
        }
    }

    async fn look(&self) -> Result<Option<(String, u16)>> {
        look(&self.coordinator, &self.schema).await
    }

    fn found(&self) -> MutexGuard<'_, Option<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn look(coordinator: &Server, schema: &str) -> Result<Option<(String, u16)>> {
    let (client, _) = coordinator.connect().await?;
    let found = rows(&client, &node_of(schema)).await?;
    Ok(found.first().and_then(|node| Some((node.first()?.clone(), node.get(1)?.parse().ok()?))))
}

/// For tests: `host:port`.
#[cfg(any(test, feature = "testing"))]
pub async fn of_schema(url: &str, schema: &str) -> Option<String> {
    let coordinator = Server::read(url, "DATABASE_URL").ok()?;
    look(&coordinator, schema).await.ok()?.map(|(host, port)| format!("{host}:{port}"))
}

fn node_of(schema: &str) -> String {
    format!(
        "SELECT n.nodename, n.nodeport FROM pg_catalog.pg_dist_schema s
            JOIN pg_catalog.pg_dist_partition t ON t.colocationid = s.colocationid
            JOIN pg_catalog.pg_dist_shard h ON h.logicalrelid = t.logicalrelid
            JOIN pg_catalog.pg_dist_placement p ON p.shardid = h.shardid
            JOIN pg_catalog.pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary'
        WHERE s.schemaid = pg_catalog.to_regnamespace({}) LIMIT 1",
        literal(schema)
    )
}

/// For a transaction that makes or changes a cell: a new schema is distributed, and its tables have triggers. (Citus calls
/// them unsafe, as one could write elsewhere. Ours only read, and only the cell.)
pub const DISTRIBUTE: &str =
    "SET LOCAL citus.enable_schema_based_sharding = on; SET LOCAL citus.enable_unsafe_triggers = on";

/// Whether the database is a Citus cluster's.
pub async fn is_citus(client: &Client) -> Result<bool> {
    Ok(!rows(client, "SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus'").await?.is_empty())
}

/// Makes the functions of a cell's triggers read the shards themselves. A trigger runs on a shard. If it named the table,
/// Citus would plan its statement anew each time, and refuses the rows of the trigger's own statement in it.
///
/// A shard keeps its name for ever, also when it is moved, and has all of its table's rows: a cell has one of each table.
pub async fn bind_functions(client: &Client, schema: &str) -> Result<()> {
    let shards = rows(client, &shards_of(schema)).await?;
    for definition in rows(client, &functions_of(schema)).await? {
        let [definition] = &definition[..] else { continue };
        let bound = shards.iter().fold(definition.clone(), |text, shard| match &shard[..] {
            [table, number] => read_shard(&text, schema, table, number),
            _ => text,
        });
        if bound != *definition {
            client.batch_execute(&bound).await?;
        }
    }
    Ok(())
}

fn shards_of(schema: &str) -> String {
    format!(
        "SELECT c.relname, h.shardid FROM pg_catalog.pg_dist_shard h JOIN pg_catalog.pg_class c ON c.oid = h.logicalrelid
        WHERE c.relnamespace = pg_catalog.to_regnamespace({})",
        literal(schema)
    )
}

fn functions_of(schema: &str) -> String {
    format!(
        "SELECT pg_catalog.pg_get_functiondef(p.oid) FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = pg_catalog.to_regnamespace({}) AND p.prokind = 'f'",
        literal(schema)
    )
}

async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<String>>> {
    let messages = client.simple_query(sql).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).filter_map(|column| row.get(column).map(str::to_owned)).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}

/// Every `FROM table` and `JOIN table` of a function becomes one of the table's shard.
fn read_shard(text: &str, schema: &str, table: &str, number: &str) -> String {
    let names = [table.to_owned(), format!("{schema}.{table}"), format!("{}.{table}", identifier(schema))];
    let mut text = text.to_owned();
    for before in ["FROM", "JOIN"] {
        for name in &names {
            text = after_word(&text, &format!("{before} {name}"), &format!("_{number}"));
        }
    }
    text
}

/// Inserts a text after each place of a phrase that ends there.
fn after_word(text: &str, phrase: &str, suffix: &str) -> String {
    let mut parts = text.split(phrase);
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        done += phrase;
        done += if goes_on { "" } else { suffix };
        done += part;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_reads_the_shards_of_its_tables() {
        let text =
            "SELECT p.payouts FROM payouts p JOIN \"c\".payouts ON true LEFT JOIN c.payouts; FROM payouts_7; payouts";
        let bound = read_shard(text, "c", "payouts", "12");
        assert_eq!(
            bound,
            "SELECT p.payouts FROM payouts_12 p JOIN \"c\".payouts_12 ON true LEFT JOIN c.payouts_12; FROM payouts_7; payouts"
        );
        assert_eq!(read_shard(&bound, "c", "payouts", "12"), bound, "once is enough");
    }
}
