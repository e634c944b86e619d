//! A database's own settings, such as its purpose, the check value of its secret and the identity of its bank. If
//! several processes write a first value at the same moment, one wins.

use payrail_types::operator::OperatorAction;

use super::operator_actions;
use crate::connection::Connection;
use crate::db::values;
use crate::error::Result;
use crate::store::Store;

/// Names of settings that more than one part of the program reads.
pub mod names {
    /// The [`Purpose`], only written when the database is created.
    pub const CREATED_AS: &str = "created_as";
    /// A random id, which changes with a reset.
    pub const DATABASE_ID: &str = crate::cells::DATABASE_ID;
    /// A keyed hash of a constant, to recognise the `SECRET_KEY`.
    pub const SECRET_CHECK: &str = "secret_check";
}

/// The purpose of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It may be reset, and accepts the published keys.
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

impl Store {
    /// Whether the database was created as a demonstration. Databases of earlier versions were not.
    pub async fn is_demonstration(&self) -> Result<bool> {
        Ok(self.setting(names::CREATED_AS).await?.as_deref() == Some(Purpose::Demonstration.as_str()))
    }

    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        let sql = "SELECT value FROM settings WHERE name = $1";
        let row: Option<(String,)> = self.central().short_read().await?.optional(sql, values![name]).await?;
        Ok(row.map(|(value,)| value))
    }

    /// The names of all settings. There are few.
    pub async fn setting_names(&self) -> Result<Vec<String>> {
        let rows: Vec<(String,)> =
            self.central().short_read().await?.all("SELECT name FROM settings ORDER BY name", &[]).await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    pub async fn put_setting(&self, name: &str, value: &str) -> Result<()> {
        let mut on = self.central().begin().await?;
        put(&mut on, name, value).await?;
        on.commit().await
    }

    /// Writes the value unless there is one, and returns the value that is there. It is one statement, so that all
    /// processes get the same answer.
    pub async fn remember(&self, name: &str, value: &str) -> Result<String> {
        let mut on = self.central().begin().await?;
        let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET value = settings.value RETURNING value";
        let (kept,): (String,) = on.one(sql, values![name, value]).await?;
        on.commit().await?;
        Ok(kept)
    }

    /// Replaces `old` by `new`, with a row in the audit log. False, without a change, if the value is not `old` any
    /// more.
    ///
    /// The settings `forgotten`, which belong to the old value, are removed with it.
    pub async fn replace_setting(
        &self,
        name: &str,
        [old, new]: [&str; 2],
        forgotten: &[&str],
        done: &OperatorAction,
    ) -> Result<bool> {
        let mut on = self.central().begin().await?;
        let sql = "UPDATE settings SET value = $3 WHERE name = $1 AND value = $2";
        let is_replaced = on.execute(sql, values![name, old, new]).await? > 0;
        if is_replaced {
            for name in forgotten {
                remove(&mut on, name).await?;
            }
            operator_actions::add(&mut on, [done]).await?;
        }
        on.commit().await?;
        Ok(is_replaced)
    }

    pub async fn remove_setting(&self, name: &str) -> Result<()> {
        let mut on = self.central().begin().await?;
        remove(&mut on, name).await?;
        on.commit().await
    }

    /// Changes the secret: keys and sessions that were hashed under the old one become void. `kept` are the settings of
    /// the new secret; a setting without a value is removed.
    pub async fn change_secret(&self, kept: &[(&str, Option<&str>)], done: &OperatorAction) -> Result<()> {
        let mut on = self.central().begin().await?;
        on.execute("UPDATE api_keys SET revoked_at = $1 WHERE revoked_at IS NULL", values![done.at]).await?;
        on.execute("DELETE FROM merchant_sessions", &[]).await?;
        on.execute("DELETE FROM operator_sessions", &[]).await?;
        for (name, value) in kept {
            match value {
                Some(value) => put(&mut on, name, value).await?,
                None => remove(&mut on, name).await?,
            }
        }
        operator_actions::add(&mut on, [done]).await?;
        on.commit().await
    }
}

async fn put(on: &mut Connection, name: &str, value: &str) -> Result<()> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    on.execute(sql, values![name, value]).await.map(drop)
}

async fn remove(on: &mut Connection, name: &str) -> Result<()> {
    on.execute("DELETE FROM settings WHERE name = $1", values![name]).await.map(drop)
}
