//! What a database remembers of itself besides money: what it was created for, the check value of its secret, the
//! identity of its bank. The first value that is written wins, whoever else writes at the same moment.

use payrail_core::operator::OperatorAction;

use crate::Store;
use crate::db::{Connection, values};
use crate::error::Result;
use crate::statements::{add_action, put_setting};

/// Names of settings that more than one part of the program reads.
pub mod names {
    /// [`super::Purpose`], written in the moment of creation and never after.
    pub const CREATED_AS: &str = "created_as";
    /// A random id: after a reset it is another one.
    pub const DATABASE_ID: &str = "database_id";
    /// A keyed hash of a constant, by which a `SECRET_KEY` is recognised.
    pub const SECRET_CHECK: &str = "secret_check";
}

/// What a database was created for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// May be reset, and may be opened with the published keys.
    Demonstration,
    Ledger,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demonstration => "demonstration",
            Self::Ledger => "ledger",
        }
    }
}

/// A setting that a new database begins with.
pub(crate) const INITIAL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

impl Store {
    /// Whether the database was created as a demonstration. One of an earlier version was not.
    pub async fn is_demonstration(&self) -> Result<bool> {
        Ok(self.setting(names::CREATED_AS).await?.as_deref() == Some(Purpose::Demonstration.as_str()))
    }

    /// Writes the value unless there is one already, and tells which one is there: one statement, so that of many
    /// processes all hear the same.
    pub async fn remember(&self, name: &str, value: &str) -> Result<String> {
        write!(self, settings::remember(name, value))
    }

    /// Puts `new` in the place of `old`, with a row in the audit log; false, and nothing is written, when the value
    /// is not `old` any more.
    ///
    /// What hung on the old value, `forgotten`, goes with it.
    pub async fn replace_setting(
        &self,
        name: &str,
        [old, new]: [&str; 2],
        forgotten: &[&str],
        done: &OperatorAction,
    ) -> Result<bool> {
        write!(self, settings::replace_setting(name, [old, new], forgotten, done))
    }

    pub async fn remove_setting(&self, name: &str) -> Result<()> {
        write!(self, settings::remove_setting(name))
    }

    /// Another secret: what was hashed under the old one, keys and sessions, is void and shown as such. `kept` are
    /// the settings that go with the new secret; a setting without a value is removed.
    pub async fn change_secret(&self, kept: &[(&str, Option<&str>)], done: &OperatorAction) -> Result<()> {
        write!(self, settings::change_secret(kept, done))
    }
}

pub(crate) async fn remember(on: &mut Connection, name: &str, value: &str) -> Result<String> {
    let (kept,): (String,) = on
        .one(
            "INSERT INTO settings (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = settings.value RETURNING value",
            values![name, value],
        )
        .await?;
    Ok(kept)
}

pub(crate) async fn replace_setting(
    on: &mut Connection,
    name: &str,
    [old, new]: [&str; 2],
    forgotten: &[&str],
    done: &OperatorAction,
) -> Result<bool> {
    let replaced =
        on.execute("UPDATE settings SET value = $3 WHERE name = $1 AND value = $2", values![name, old, new]).await?;
    if replaced == 0 {
        return Ok(false);
    }
    for name in forgotten {
        remove_setting(on, name).await?;
    }
    add_action(on, done).await?;
    Ok(true)
}

pub(crate) async fn remove_setting(on: &mut Connection, name: &str) -> Result<()> {
    on.execute("DELETE FROM settings WHERE name = $1", values![name]).await?;
    Ok(())
}

pub(crate) async fn change_secret(
    on: &mut Connection,
    kept: &[(&str, Option<&str>)],
    done: &OperatorAction,
) -> Result<()> {
    on.execute("UPDATE api_keys SET revoked_at = $1 WHERE revoked_at IS NULL", values![done.at]).await?;
    on.execute("DELETE FROM merchant_sessions", &[]).await?;
    on.execute("DELETE FROM operator_sessions", &[]).await?;
    for (name, value) in kept {
        match value {
            Some(value) => put_setting(on, name, value).await?,
            None => remove_setting(on, name).await?,
        }
    }
    add_action(on, done).await
}
