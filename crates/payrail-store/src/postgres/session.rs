//! The required settings of a session. Every setting that correctness or liveness depends on is set when the session
//! begins and then read back, because a pooler, a role, a database or an earlier session can drop or override it.
//! (Poolers ignore or refuse startup options.)

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::cells::CellPlace;
use crate::error::{Result, StoreError};

/// How long a connection keeps its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// For as long as it lives.
    Own,
    /// For one transaction. The pooler keeps prepared statements.
    Pooled,
}

/// A name, the value to set, and other acceptable values.
struct Setting(&'static str, &'static str, &'static [&'static str]);

/// In the form of PostgreSQL's SHOW.
const SET: &[Setting] = &[
    // An answered command is on disk, also on the synchronous standby's. (A role's `remote_apply` waits for more.)
    Setting("synchronous_commit", "on", &["remote_apply"]),
    // One statement locks, the next reads. Under `repeatable read` the second would read the state before the lock.
    Setting("default_transaction_isolation", "read committed", &[]),
    // How long a command waits for a merchant's lock before its client must retry.
    Setting("lock_timeout", "5s", &[]),
    // A statement that takes longer is stuck. (A COMMIT may wait for a standby: see `COMMIT`.)
    Setting("statement_timeout", "1min", &[]),
    // A process that dies or loses its network between two statements must not keep its locks. A live one needs some
    // milliseconds between them.
    Setting("idle_in_transaction_session_timeout", "10s", &[]),
    // A pool's connections are idle by design.
    Setting("idle_session_timeout", "0", &[]),
    // All reads and writes are by key. Without these settings the planner may choose full scans on tables that it has
    // not analyzed yet, and keep that plan.
    Setting("enable_seqscan", "off", &[]),
    Setting("enable_hashjoin", "off", &[]),
    Setting("enable_mergejoin", "off", &[]),
    Setting("enable_indexscan", "on", &[]),
    Setting("enable_nestloop", "on", &[]),
    // The plans are the same for all values. Planning for each batch would cost as much as executing.
    Setting("plan_cache_mode", "force_generic_plan", &[]),
    Setting("jit", "off", &[]),
    Setting("client_encoding", "UTF8", &[]),
    Setting("TimeZone", "UTC", &[]),
    Setting("application_name", "payrail", &[]),
];

/// Only a superuser may set it. `replica` would disable the triggers that protect the ledger.
const GIVEN: &[Setting] = &[Setting("session_replication_role", "origin", &[])];

/// The server settings without which a commit may not survive a power cut. No session can change them.
const FLUSHES: [&str; 2] = ["fsync", "full_page_writes"];

/// Has this store's own mark. If it is missing or different, this is not the session that was set up.
pub const MARK: &str = "payrail.session";

/// The schema in which names are looked up first.
const SCHEMA: &str = "current_schema()";

pub const POOLED: &str = "DATABASE_URL leads through a connection pooler that gives each transaction another session, \
    and does not keep prepared statements. PgBouncer keeps them from version 1.21 on, with pool_mode = transaction and \
    max_prepared_statements = 200; an older one needs pool_mode = session. Or name PostgreSQL itself in DATABASE_URL \
    (docs/operations.md, \"Connection poolers\")";

pub const FEW_SESSIONS: &str = ". If a connection pooler stands before PostgreSQL, it must have a session for every \
    connection of every process (PgBouncer's default_pool_size)";

const LOST: &str = "the connection has another database session than the one that payrail set up: a connection pooler \
    shares its sessions. Restart payrail, which then finds out how the pooler works; its pool_mode must be the same all \
    the time: pool_mode = session, or with PgBouncer 1.21 and newer transaction (docs/operations.md, \"Connection poolers\")";

/// The requirements for a store's sessions.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Empty behind a pooler that shares sessions: those have no mark.
    mark: String,
    /// The schema of the tables.
    schema: String,
    /// The pooler's role, for the message about that role's settings.
    role: String,
    /// Which cell the database must be, if it is one of its own.
    place: Option<CellPlace>,
}

impl Terms {
    pub fn new(sessions: Sessions, schema: String, role: String) -> Self {
        let mark = match sessions {
            Sessions::Own => format!("{:032x}", rand::random::<u128>()),
            Sessions::Pooled => String::new(),
        };
        Self { mark, schema, role, place: None }
    }

    pub fn with_place(self, place: CellPlace) -> Self {
        Self { place: Some(place), ..self }
    }

    pub const fn place(&self) -> Option<&CellPlace> {
        self.place.as_ref()
    }

    pub const fn is_pooled(&self) -> bool {
        self.mark.is_empty()
    }

    pub fn mark(&self) -> &str {
        &self.mark
    }

    pub fn schema(&self) -> &str {
        &self.schema
    }
}

/// Whether the transaction has the settings of [`BEGIN`] and these terms, as one expression for the statement that
/// loads the books. `$3` is the mark, and `$4` the schema.
pub static IN_FORCE: LazyLock<String> = LazyLock::new(|| {
    let mut all = format!(
        "(SELECT ($3 = '' OR coalesce(current_setting('{MARK}', true), '') = $3) AND {SCHEMA} = $4 \
         AND current_setting('transaction_isolation') = 'read committed' \
         AND current_setting('transaction_read_only') = 'off'"
    );
    for Setting(name, wanted, also) in SET.iter().chain(GIVEN) {
        let values: Vec<_> = [*wanted].iter().chain(*also).map(|value| format!("'{value}'")).collect();
        let _ = std::write!(all, " AND current_setting('{name}') IN ({})", values.join(", "));
    }
    all + ")"
});

/// Sets the isolation level explicitly, because the role or the database may have another default.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// A COMMIT waits while a synchronous standby is unreachable. If a timeout ended the wait, PostgreSQL would report a
/// commit that only the primary has. So there is no timeout.
pub const COMMIT: &str = "SET LOCAL statement_timeout = 0; COMMIT";

/// Removes what an earlier client may have left in a pooler's session, and sets the settings and the mark.
fn set_up(terms: &Terms) -> String {
    let mut script = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; DEALLOCATE ALL; \
        DISCARD TEMP; SELECT pg_catalog.pg_advisory_unlock_all();"
        .to_owned();
    for Setting(name, value, _) in SET {
        let value = match *name {
            "synchronous_commit" => format!(
                "CASE pg_catalog.current_setting('{name}') WHEN 'remote_apply' THEN 'remote_apply' ELSE '{value}' END"
            ),
            _ => format!("'{value}'"),
        };
        script += &format!("SELECT pg_catalog.set_config('{name}', {value}, false);");
    }
    // Only PostgreSQL 17 and newer have it.
    script.push_str(
        "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout';",
    );
    let schema = literal(&terms.schema);
    script += &format!("SELECT pg_catalog.set_config('search_path', pg_catalog.quote_ident({schema}), false);");
    script + &set_mark(&terms.mark)
}

pub fn set_mark(mark: &str) -> String {
    format!("SELECT pg_catalog.set_config('{MARK}', '{mark}', false);")
}

/// A text as an SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Reads all required settings.
fn read_back() -> String {
    let ours = SET.iter().chain(GIVEN).map(|Setting(name, ..)| *name);
    let names = ours.chain(FLUSHES).chain(["transaction_isolation", "transaction_read_only", MARK]);
    let names = names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT n, coalesce(current_setting(n, true), '') FROM unnest(ARRAY[{names}]) n \
         UNION ALL SELECT '{SCHEMA}', coalesce({SCHEMA}, '')"
    )
}

/// A session's actual settings.
pub struct Found(BTreeMap<String, String>);

impl Found {
    fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The first setting that differs, and a likely reason.
    pub fn check(&self, terms: &Terms) -> Result<()> {
        if !terms.is_pooled() && self.value(MARK) != terms.mark {
            return Err(StoreError::Session(LOST.to_owned()));
        }
        let differing: Vec<_> = SET.iter().chain(GIVEN).filter(|setting| !self.has(setting)).collect();
        let is_elsewhere = self.value(SCHEMA) != terms.schema;
        if terms.is_pooled() && (is_elsewhere || !differing.is_empty()) {
            return Err(StoreError::Session(give_the_role(terms, &differing, is_elsewhere)));
        }
        if let Some(Setting(name, wanted, _)) = differing.first() {
            return Err(StoreError::Session(differs(name, self.value(name), wanted)));
        }
        if is_elsewhere {
            return Err(StoreError::Session(differs(SCHEMA, self.value(SCHEMA), &terms.schema)));
        }
        Ok(())
    }

    fn has(&self, Setting(name, wanted, also): &Setting) -> bool {
        let found = self.value(name);
        found == *wanted || also.contains(&found)
    }

    /// As above; the database must also accept writes.
    pub fn check_write(&self, terms: &Terms) -> Result<()> {
        self.check(terms)?;
        match self.value("transaction_read_only") {
            "off" => Ok(()),
            _ => Err(StoreError::Unavailable(READ_ONLY.to_owned())),
        }
    }

    /// Why the transaction does not have the required settings.
    pub fn check_transaction(&self, terms: &Terms) -> Result<()> {
        self.check_write(terms)?;
        match self.value("transaction_isolation") {
            // On Citus the cell may have been moved to another node, which then ran the statement.
            "read committed" => Err(StoreError::Retry("its statements ran outside of the session".to_owned())),
            other => Err(StoreError::Session(differs("transaction_isolation", other, "read committed"))),
        }
    }

    /// The server settings because of which a power cut may lose commits.
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
        SCHEMA => {
            "the tables are in that schema, and payrail set search_path to it when it connected; the role may have no \
             right to use it (GRANT USAGE ON SCHEMA), or a connection pooler drops the setting (PgBouncer: pool_mode = \
             session)"
        }
        _ => {
            "payrail set it when it connected, so a connection pooler drops it or shares the session (PgBouncer must \
             have pool_mode = session), or the role or the database forces another value (ALTER ROLE … SET, an extension)"
        }
    };
    format!("the database session has {name} = {found:?} where {wanted:?} is needed: {cause}")
}

/// The SQL for an administrator, for poolers where a session's own settings do not last.
fn give_the_role(terms: &Terms, differing: &[&Setting], is_elsewhere: bool) -> String {
    let role = identifier(&terms.role);
    let mut text = "DATABASE_URL leads through a connection pooler that gives each transaction another session. What \
        payrail sets does not last there: the settings that it needs must be the role's own. As an administrator enter \
        this in PostgreSQL, then RECONNECT in PgBouncer's console, so that its sessions begin anew, and start payrail \
        again:"
        .to_owned();
    for Setting(name, wanted, _) in differing {
        let _ = std::write!(text, "\n  ALTER ROLE {role} SET {name} = '{wanted}';");
    }
    if is_elsewhere {
        let _ = std::write!(text, "\n  ALTER ROLE {role} SET search_path = {};", identifier(&terms.schema));
    }
    text
}

/// Sets up a connection, if settings last, and reads them back.
pub async fn begin(client: &Client, terms: &Terms) -> Result<Found> {
    if !terms.is_pooled() {
        client.batch_execute(&set_up(terms)).await?;
    }
    let found = read(client).await?;
    found.check(terms)?;
    Ok(found)
}

pub async fn read(client: &Client) -> Result<Found> {
    let rows = rows(client, &read_back()).await?;
    Ok(Found(rows.into_iter().filter_map(|row| Some((row.first()?.clone(), row.get(1)?.clone()))).collect()))
}

/// A statement's only value, as text.
pub async fn text(client: &Client, sql: &str) -> Result<String, tokio_postgres::Error> {
    Ok(rows(client, sql).await?.into_iter().flatten().next().unwrap_or_default())
}

/// A statement's rows, as texts. A NULL is left out.
pub async fn rows(client: &Client, sql: &str) -> Result<Vec<Vec<String>>, tokio_postgres::Error> {
    let messages = client.simple_query(sql).await?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).filter_map(|column| row.get(column).map(str::to_owned)).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(sessions: Sessions) -> Terms {
        Terms::new(sessions, "public".to_owned(), "some \"role\"".to_owned())
    }

    /// A session with all required settings.
    fn well(terms: &Terms) -> Found {
        let settings = SET.iter().chain(GIVEN).map(|Setting(name, value, _)| (*name, *value));
        let others = [("transaction_isolation", "read committed"), ("transaction_read_only", "off")];
        let own = [(MARK, terms.mark()), (SCHEMA, terms.schema())];
        let all = settings.chain(others).chain(own).chain(FLUSHES.map(|name| (name, "on")));
        Found(all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn with(terms: &Terms, name: &str, value: &str) -> Found {
        let mut found = well(terms);
        assert!(found.0.insert(name.to_owned(), value.to_owned()).is_some(), "{name} is read back");
        found
    }

    fn complaint(checked: Result<()>) -> String {
        match checked {
            Err(StoreError::Session(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_setting_is_demanded_by_name_and_with_a_cause() {
        let terms = terms(Sessions::Own);
        well(&terms).check_write(&terms).unwrap();
        for Setting(name, _, also) in SET.iter().chain(GIVEN) {
            let why = complaint(with(&terms, name, "other").check(&terms));
            assert!(why.contains(&format!("has {name} = \"other\"")), "{why}");
            assert!(why.contains("ALTER ROLE"), "{why}");
            also.iter().for_each(|value| with(&terms, name, value).check(&terms).unwrap());
        }
        let why = complaint(with(&terms, SCHEMA, "other").check(&terms));
        assert!(why.contains("current_schema() = \"other\" where \"public\"") && why.contains("search_path"), "{why}");
        let why = complaint(with(&terms, "transaction_isolation", "serializable").check_transaction(&terms));
        assert!(why.contains("transaction_isolation = \"serializable\"") && why.contains("pooler"), "{why}");
        let why = complaint(with(&terms, MARK, "another's").check(&terms));
        assert!(why.contains("pool_mode = session"), "{why}");
        let standby = with(&terms, "transaction_read_only", "on");
        standby.check(&terms).unwrap();
        assert!(matches!(standby.check_write(&terms), Err(StoreError::Unavailable(why)) if why.contains("standby")));
        for name in FLUSHES {
            let warnings = with(&terms, name, "off").warnings();
            assert!(warnings.len() == 1 && warnings[0].contains(&format!("{name} = on")), "{warnings:?}");
        }
        // Without a flush on the standby, a commit is lost with the primary.
        for weak in ["off", "local", "remote_write"] {
            assert!(with(&terms, "synchronous_commit", weak).check(&terms).is_err(), "{weak}");
        }
    }

    #[test]
    fn every_transaction_looks_at_all_that_a_session_is_given() {
        for Setting(name, value, also) in SET.iter().chain(GIVEN) {
            for value in [*value].iter().chain(*also) {
                let condition = format!("current_setting('{name}') IN (");
                let (_, values) = IN_FORCE.split_once(&condition).expect(name);
                assert!(values.split_once(')').unwrap().0.contains(&format!("'{value}'")), "{name}");
            }
        }
        for other in ["transaction_isolation", "transaction_read_only", MARK, SCHEMA] {
            assert!(IN_FORCE.contains(other), "{other}");
        }
    }

    #[test]
    fn behind_a_pooler_the_statements_to_enter_are_shown() {
        let terms = terms(Sessions::Pooled);
        well(&terms).check(&terms).unwrap();
        for Setting(name, value, _) in SET.iter().chain(GIVEN) {
            let why = complaint(with(&terms, name, "other").check(&terms));
            let (_, statements) = why.split_once('\n').unwrap();
            assert_eq!(statements, format!("  ALTER ROLE \"some \"\"role\"\"\" SET {name} = '{value}';"));
        }
        let why = complaint(with(&terms, SCHEMA, "other").check(&terms));
        assert!(why.ends_with("SET search_path = \"public\";"), "{why}");
    }
}
