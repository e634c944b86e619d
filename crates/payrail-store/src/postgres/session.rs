//! What a session must be like before money moves in it. Every setting that correctness or liveness depends on is set
//! when the session begins and then read back: a pooler, a role, a database or a session before ours can drop it or
//! overrule it. (Startup options would not do: poolers ignore or refuse them.)

use std::collections::BTreeMap;

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::error::{Result, StoreError};

/// A name, the value that a session is given, and other values that serve as well.
struct Setting(&'static str, &'static str, &'static [&'static str]);

/// In the form in which PostgreSQL shows them.
const SET: &[Setting] = &[
    // What is answered is on disk. (A role's `remote_apply` is kept: it waits for more.)
    Setting("synchronous_commit", "on", &["remote_apply", "remote_write"]),
    // Lock in one statement, read in the next: under `repeatable read` the second would see the world before the lock.
    Setting("default_transaction_isolation", "read committed", &[]),
    // How long a command waits for a merchant's lock before its client is told to come back.
    Setting("lock_timeout", "5s", &[]),
    // No statement of ours takes longer; one that does is stuck.
    Setting("statement_timeout", "1min", &[]),
    // A process that dies between two statements must not keep its locks; nor one that the network has swallowed.
    // We think between two statements for some milliseconds.
    Setting("idle_in_transaction_session_timeout", "10s", &[]),
    // A pool's connections are idle by design.
    Setting("idle_session_timeout", "0", &[]),
    // We read and write by key. Without these the planner, on tables that it has not yet analyzed, may
    // make and keep a plan that scans them whole.
    Setting("enable_seqscan", "off", &[]),
    Setting("enable_hashjoin", "off", &[]),
    Setting("enable_mergejoin", "off", &[]),
    Setting("enable_indexscan", "on", &[]),
    Setting("enable_nestloop", "on", &[]),
    // Our plans are the same for all values: to make them anew for each batch costs as much as to run them.
    Setting("plan_cache_mode", "force_generic_plan", &[]),
    Setting("jit", "off", &[]),
    Setting("client_encoding", "UTF8", &[]),
    Setting("TimeZone", "UTC", &[]),
    Setting("application_name", "payrail", &[]),
];

/// Only the owner of the server may set it. As `replica` it switches off the triggers that keep the ledger.
const GIVEN: &[Setting] = &[Setting("session_replication_role", "origin", &[])];

/// What the server as a whole must do for a commit to survive a power cut: no session can change it.
const FLUSHES: [&str; 2] = ["fsync", "full_page_writes"];

/// Holds a value of this store's own. Where it is missing or another's, the session is not the one that was set up.
pub const MARK: &str = "payrail.session";

pub const POOLED: &str = "DATABASE_URL leads through a connection pooler that gives each transaction another session \
    (PgBouncer's pool_mode = transaction or statement), where settings do not last. Set pool_mode = session in \
    PgBouncer, or name PostgreSQL itself in DATABASE_URL (docs/operations.md, \"Connection poolers\")";

/// Whether the transaction is what [`begin`] promised, as one expression: for the statement that loads the books.
/// `$3` is the mark.
macro_rules! in_force {
    () => {
        "(SELECT coalesce(current_setting('payrail.session', true), '') = $3 \
          AND current_setting('synchronous_commit') IN ('on', 'remote_apply', 'remote_write') \
          AND current_setting('transaction_isolation') = 'read committed' \
          AND current_setting('transaction_read_only') = 'off' \
          AND current_setting('session_replication_role') = 'origin' \
          AND current_setting('lock_timeout') = '5s' \
          AND current_setting('statement_timeout') = '1min' \
          AND current_setting('idle_in_transaction_session_timeout') = '10s')"
    };
}
pub(super) use in_force;

/// The isolation level is ours, whatever the role's or the database's default is.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Of a store, so that no other process shares it.
pub fn mark() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Takes away what a session before ours may have left behind a pooler, gives the session its settings and its mark.
fn set_up(mark: &str) -> String {
    let mut script = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; DEALLOCATE ALL; \
        DISCARD TEMP; SELECT pg_advisory_unlock_all();"
        .to_owned();
    for Setting(name, value, _) in SET {
        let value = match *name {
            "synchronous_commit" => {
                format!("CASE current_setting('{name}') WHEN 'remote_apply' THEN 'remote_apply' ELSE '{value}' END")
            }
            _ => format!("'{value}'"),
        };
        script += &format!("SELECT set_config('{name}', {value}, false);");
    }
    // Not every version has it: PostgreSQL 17 and newer.
    script.push_str("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout';");
    script + &set_mark(mark)
}

pub fn set_mark(mark: &str) -> String {
    format!("SELECT set_config('{MARK}', '{mark}', false);")
}

/// Every setting that counts, by name and value.
fn read_back() -> String {
    let ours = SET.iter().chain(GIVEN).map(|Setting(name, ..)| *name);
    let names = ours.chain(FLUSHES).chain(["transaction_isolation", "transaction_read_only", MARK]);
    let names = names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    format!("SELECT n, coalesce(current_setting(n, true), '') FROM unnest(ARRAY[{names}]) n")
}

/// What a session says of itself.
pub struct Found(BTreeMap<String, String>);

impl Found {
    fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The first setting that differs, and why it may.
    pub fn check(&self, mark: &str) -> Result<()> {
        if self.value(MARK) != mark {
            return Err(StoreError::Session(POOLED.to_owned()));
        }
        for Setting(name, wanted, also) in SET.iter().chain(GIVEN) {
            let found = self.value(name);
            if found != *wanted && !also.contains(&found) {
                return Err(StoreError::Session(differs(name, found, wanted)));
            }
        }
        Ok(())
    }

    /// The same, and the database takes writes.
    pub fn check_write(&self, mark: &str) -> Result<()> {
        self.check(mark)?;
        match self.value("transaction_read_only") {
            "off" => Ok(()),
            _ => Err(StoreError::Unavailable(READ_ONLY.to_owned())),
        }
    }

    /// Why the transaction is not what was asked for.
    pub fn check_transaction(&self, mark: &str) -> Result<()> {
        self.check_write(mark)?;
        match self.value("transaction_isolation") {
            "read committed" => Err(StoreError::Session("the transaction's settings changed while it ran".to_owned())),
            other => Err(StoreError::Session(differs("transaction_isolation", other, "read committed"))),
        }
    }

    /// What an operator must hear of the server, although it is no reason to stop.
    pub fn warnings(&self) -> Vec<String> {
        let off = FLUSHES.into_iter().filter(|name| self.value(name) == "off");
        off.map(|name| {
            format!(
                "PostgreSQL runs with {name} = off: a power cut or a crash of the machine loses payouts that were \
                 accepted, or the whole database. Only tests may run so; set {name} = on in postgresql.conf"
            )
        })
        .collect()
    }
}

pub const READ_ONLY: &str = "the database takes no writes: it is a standby, or default_transaction_read_only is on for \
    the server, the database or the role (providers set it when the disk is full). Name the primary in DATABASE_URL, \
    or turn the setting off";

fn differs(name: &str, found: &str, wanted: &str) -> String {
    let cause = match name {
        "session_replication_role" => {
            "the role or the database sets it (ALTER ROLE … SET, ALTER DATABASE … SET); the triggers that protect the \
             ledger do not run under it"
        }
        _ => {
            "payrail set it when it connected, so a connection pooler drops it or shares the session (PgBouncer must \
             have pool_mode = session), or the role or the database forces another value (ALTER ROLE … SET, an extension)"
        }
    };
    format!("the database session has {name} = {found:?} where {wanted:?} is needed: {cause}")
}

/// Sets a connection up, and reads back what is in force.
pub async fn begin(client: &Client, mark: &str) -> Result<Found> {
    client.batch_execute(&set_up(mark)).await?;
    let found = read(client).await?;
    found.check(mark)?;
    Ok(found)
}

pub async fn read(client: &Client) -> Result<Found> {
    let messages = client.simple_query(&read_back()).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())),
        _ => None,
    });
    Ok(Found(rows.collect()))
}

/// The one value that a statement gives, as text.
pub async fn text(client: &Client, sql: &str) -> Result<String, tokio_postgres::Error> {
    let messages = client.simple_query(sql).await?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(value.unwrap_or_default().to_owned())
}
