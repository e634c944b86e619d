//! The server of a cell's sessions. On Citus a cell is a distributed schema, which one node holds, and its sessions are made
//! to that node: there the cell's statements run in the session itself, with its settings. Sent to any other node, they
//! would run in a session of Citus' own, which has none of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::connect::Server;
use super::session::{literal, rows};
use crate::error::Result;

/// Where sessions are made to.
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
        let address = match (look(&self.coordinator, &self.schema).await, known) {
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
