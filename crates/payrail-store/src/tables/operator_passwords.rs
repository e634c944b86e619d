//! Operators' passwords. A new password ends the operator's sessions in the same transaction.

use jiff::Timestamp;
use payrail_types::operator::OperatorAction;
use uuid::Uuid;

use super::operator_actions::add_if;
use super::operators::end_sessions;
use crate::db::values;
use crate::error::Result;
use crate::store::Store;

impl Store {
    /// Ends the operator's sessions too.
    pub async fn set_password(&self, id: Uuid, password_hash: &str, done: &OperatorAction) -> Result<bool> {
        self.put_password(id, password_hash, None, done).await
    }

    /// Sets a one-time password that expires then. Ends the operator's sessions too.
    pub async fn set_temporary_password(
        &self,
        id: Uuid,
        password_hash: &str,
        until: Timestamp,
        done: &OperatorAction,
    ) -> Result<bool> {
        self.put_password(id, password_hash, Some(until), done).await
    }

    async fn put_password(
        &self,
        id: Uuid,
        password_hash: &str,
        temporary_until: Option<Timestamp>,
        done: &OperatorAction,
    ) -> Result<bool> {
        let mut on = self.central().begin().await?;
        let sql = "UPDATE operators SET password_hash = $2, temporary_until = $3 WHERE id = $1";
        let changed = on.execute(sql, values![id, password_hash, temporary_until]).await?;
        end_sessions(&mut on, id).await?;
        add_if(&mut on, changed == 1, done).await?;
        on.commit().await?;
        Ok(changed == 1)
    }

    /// A change by the operator. Every session but `kept` ends. False if the operator was disabled or the password
    /// changed since the check.
    pub async fn replace_password(
        &self,
        id: Uuid,
        checked_hash: &str,
        password_hash: &str,
        kept: &[u8],
        done: &OperatorAction,
    ) -> Result<bool> {
        let mut on = self.central().begin().await?;
        let sql = "UPDATE operators SET password_hash = $3, temporary_until = NULL \
                   WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
        let changed = on.execute(sql, values![id, checked_hash, password_hash]).await?;
        if changed == 1 {
            let others = "DELETE FROM operator_sessions WHERE operator_id = $1 AND hash <> $2";
            on.execute(others, values![id, kept]).await?;
        }
        add_if(&mut on, changed == 1, done).await?;
        on.commit().await?;
        Ok(changed == 1)
    }
}
