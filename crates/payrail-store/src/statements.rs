//! Everything that does not pass the door: reads, merchants, keys. Its SQL is the same text on both stores, so it is
//! written once and instantiated for each driver (generics over sqlx's drivers would need a page of bounds a function).
//!
//! A limit is `$n + 0`: whenever the bare parameter of a LIMIT is bound, SQLite prepares the statement anew.

/// What every payout is read with.
macro_rules! payout_columns {
    () => {
        "merchant_id, id, amount_paise, bank_account_id, status, attempts, calls, unanswered, step, due_at, \
         leased_by, doubt_since, doubt_reason, utr, reason, created_at, updated_at, request_id"
    };
}
pub(crate) use payout_columns;

/// What every entry `e` is read with. Its payout by a sub-query, which has but one plan: to a join, on tables that
/// it has not yet analyzed, PostgreSQL may bring all of the merchant's payouts for each entry. And by one, which
/// brings the status (one word) and the account in one text: a second would look the payout up again.
macro_rules! entry_columns {
    () => {
        "e.seq, e.kind, e.amount_paise, e.available_after, e.held_after, e.payout_id, e.description, e.created_at, \
         (SELECT p.status || ' ' || p.bank_account_id FROM payouts p \
          WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id AND p.id = e.payout_id) AS payout"
    };
}
pub(crate) use entry_columns;

macro_rules! statements {
    ($connection:ty) => {
        use jiff::Timestamp;
        use payrail_core::ids::{MerchantId, PayoutId};
        use payrail_core::ledger::Tip;
        use payrail_core::operator::OperatorAction;
        use payrail_core::payout::Payout;
        use uuid::Uuid;

        use $crate::error::Result;
        use $crate::rows::*;
        use $crate::statements::{entry_columns, payout_columns};
        use $crate::types::At;

        type Connection = $connection;

        /// Whose key this is, if it is one and not revoked.
        pub async fn merchant_of_key(on: &mut Connection, hash: &[u8]) -> Result<Option<Merchant>> {
            let row: Option<MerchantRow> = sqlx::query_as(
                "SELECT m.id, m.name, m.email, m.created_at FROM api_keys k \
                 JOIN merchants m ON m.bucket = k.bucket AND m.id = k.merchant_id \
                 WHERE k.hash = $1 AND k.revoked_at IS NULL",
            )
            .bind(hash)
            .fetch_optional(on)
            .await?;
            Ok(row.map(Merchant::from))
        }

        pub async fn merchant_of_email(on: &mut Connection, email: &str) -> Result<Option<Merchant>> {
            let row: Option<MerchantRow> = sqlx::query_as(
                "SELECT m.id, m.name, m.email, m.created_at FROM merchant_directory d \
                 JOIN merchants m ON m.bucket = d.bucket AND m.id = d.merchant_id WHERE d.email = $1",
            )
            .bind(email)
            .fetch_optional(on)
            .await?;
            Ok(row.map(Merchant::from))
        }

        pub async fn merchant(on: &mut Connection, id: MerchantId) -> Result<Option<Merchant>> {
            let row: Option<MerchantRow> =
                sqlx::query_as("SELECT id, name, email, created_at FROM merchants WHERE bucket = $1 AND id = $2")
                    .bind(id.bucket().column())
                    .bind(id.0)
                    .fetch_optional(on)
                    .await?;
            Ok(row.map(Merchant::from))
        }

        /// All merchants after `after`, in the order of their ids within their buckets.
        pub async fn merchants(on: &mut Connection, after: Option<MerchantId>, limit: u32) -> Result<Vec<Merchant>> {
            let (bucket, id) = after.map_or((-1, Uuid::nil()), |id| (id.bucket().column(), id.0));
            let rows: Vec<MerchantRow> = sqlx::query_as(
                "SELECT id, name, email, created_at FROM merchants WHERE (bucket, id) > ($1, $2) \
                 ORDER BY bucket, id LIMIT $3 + 0",
            )
            .bind(bucket)
            .bind(id)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            Ok(rows.into_iter().map(Merchant::from).collect())
        }

        /// Both balances from the one newest entry: they can never disagree.
        pub async fn tip(on: &mut Connection, merchant: MerchantId) -> Result<Tip> {
            let row: Option<TipRow> = sqlx::query_as(
                "SELECT merchant_id, seq, available_after, held_after, NULL AS last_event, created_at AS last_at FROM ledger_entries \
                 WHERE bucket = $1 AND merchant_id = $2 ORDER BY seq DESC LIMIT 1",
            )
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .fetch_optional(on)
            .await?;
            Ok(row.map(|row| row.tip()).unwrap_or_default())
        }

        /// The entries that touch the available balance, newest first, older than entry `before`.
        pub async fn ledger(
            on: &mut Connection,
            merchant: MerchantId,
            before: i64,
            limit: u32,
        ) -> Result<Vec<LedgerLine>> {
            let rows: Vec<EntryRow> = sqlx::query_as(concat!(
                "SELECT ",
                entry_columns!(),
                " FROM ledger_entries e \
                 WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq < $3 AND e.kind <> 'settle' \
                 ORDER BY e.seq DESC LIMIT $4 + 0"
            ))
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(before)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            rows.into_iter().map(LedgerLine::try_from).collect()
        }

        /// Every entry after number `after`, in order.
        #[cfg(feature = "testing")]
        pub async fn entries_after(
            on: &mut Connection,
            merchant: MerchantId,
            after: i64,
            limit: u32,
        ) -> Result<Vec<LedgerLine>> {
            let rows: Vec<EntryRow> = sqlx::query_as(
                "SELECT seq, kind, amount_paise, available_after, held_after, payout_id, description, created_at \
                 FROM ledger_entries WHERE bucket = $1 AND merchant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0",
            )
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            rows.into_iter().map(LedgerLine::try_from).collect()
        }

        /// Newest first, older than payout `before`.
        pub async fn payouts(
            on: &mut Connection,
            merchant: MerchantId,
            before: Option<PayoutId>,
            limit: u32,
        ) -> Result<Vec<Payout>> {
            let rows: Vec<PayoutRow> = sqlx::query_as(concat!(
                "SELECT ",
                payout_columns!(),
                " FROM payouts WHERE bucket = $1 AND merchant_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4 + 0"
            ))
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(before.map_or(Uuid::max(), |id| id.0))
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            rows.into_iter().map(Payout::try_from).collect()
        }

        /// Oldest first, newer than payout `after`.
        #[cfg(feature = "testing")]
        pub async fn payouts_after(
            on: &mut Connection,
            merchant: MerchantId,
            after: Option<PayoutId>,
            limit: u32,
        ) -> Result<Vec<Payout>> {
            let rows: Vec<PayoutRow> = sqlx::query_as(concat!(
                "SELECT ",
                payout_columns!(),
                " FROM payouts WHERE bucket = $1 AND merchant_id = $2 AND id > $3 ORDER BY id LIMIT $4 + 0"
            ))
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(after.map_or(Uuid::nil(), |id| id.0))
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            rows.into_iter().map(Payout::try_from).collect()
        }

        pub async fn payout(on: &mut Connection, merchant: MerchantId, id: PayoutId) -> Result<Option<Payout>> {
            let row: Option<PayoutRow> = sqlx::query_as(concat!(
                "SELECT ",
                payout_columns!(),
                " FROM payouts WHERE bucket = $1 AND merchant_id = $2 AND id = $3"
            ))
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(id.0)
            .fetch_optional(on)
            .await?;
            row.map(Payout::try_from).transpose()
        }

        /// Whose payout this is: the way from a bank reference, which names no merchant, to its book.
        pub async fn merchant_of_payout(on: &mut Connection, id: PayoutId) -> Result<Option<MerchantId>> {
            // One look-up by primary key for each merchant of the bucket, however many payouts they have.
            // (CROSS JOIN keeps SQLite to that order.)
            let row: Option<(Uuid,)> = sqlx::query_as(
                "SELECT p.merchant_id FROM merchants m CROSS JOIN payouts p \
                 WHERE m.bucket = $1 AND p.bucket = m.bucket AND p.merchant_id = m.id AND p.id = $2",
            )
            .bind(id.bucket().column())
            .bind(id.0)
            .fetch_optional(on)
            .await?;
            Ok(row.map(|(id,)| MerchantId(id)))
        }

        pub async fn attempts(on: &mut Connection, merchant: MerchantId, payout: PayoutId) -> Result<Vec<AttemptLine>> {
            let rows: Vec<AttemptRow> = sqlx::query_as(
                "SELECT number, step, worker, started_at, outcome, sent, received, ended_at FROM attempts \
                 WHERE bucket = $1 AND merchant_id = $2 AND payout_id = $3 ORDER BY number",
            )
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(payout.0)
            .fetch_all(on)
            .await?;
            rows.into_iter().map(AttemptLine::try_from).collect()
        }

        /// The merchant's outbox after number `after`, in order.
        pub async fn events(
            on: &mut Connection,
            merchant: MerchantId,
            after: i64,
            limit: u32,
        ) -> Result<Vec<EventLine>> {
            let rows: Vec<EventRow> = sqlx::query_as(
                "SELECT seq, kind, payout_id, created_at FROM outbox \
                 WHERE bucket = $1 AND merchant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0",
            )
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            rows.into_iter().map(EventLine::try_from).collect()
        }

        /// The payouts that a worker may take now, the longest due first. No lock: whoever claims one
        /// passes the door, and the door looks again.
        pub async fn due(on: &mut Connection, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, PayoutId)>> {
            let rows: Vec<(Uuid, Uuid)> =
                sqlx::query_as("SELECT merchant_id, id FROM payouts WHERE due_at <= $1 ORDER BY due_at LIMIT $2 + 0")
                    .bind(At(now))
                    .bind(i64::from(limit))
                    .fetch_all(on)
                    .await?;
            Ok(rows.into_iter().map(|(merchant, id)| (MerchantId(merchant), PayoutId(id))).collect())
        }

        /// Those that fell due at `from` or later, and when each did. What was due once and is done stays at the
        /// head of the index until a vacuum takes it away: who knows that nothing earlier waits, need not pass it
        /// by at each look.
        pub async fn due_from(
            on: &mut Connection,
            from: Timestamp,
            now: Timestamp,
            limit: u32,
        ) -> Result<Vec<(MerchantId, PayoutId, Timestamp)>> {
            let rows: Vec<(Uuid, Uuid, At)> = sqlx::query_as(
                "SELECT merchant_id, id, due_at FROM payouts WHERE due_at >= $1 AND due_at <= $2 \
                 ORDER BY due_at LIMIT $3 + 0",
            )
            .bind(At(from))
            .bind(At(now))
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            Ok(rows.into_iter().map(|(merchant, id, at)| (MerchantId(merchant), PayoutId(id), at.0)).collect())
        }

        /// The payouts in doubt, the oldest doubt first.
        pub async fn doubtful(on: &mut Connection, limit: u32) -> Result<Vec<(MerchantId, Payout)>> {
            let rows: Vec<PayoutRow> = sqlx::query_as(concat!(
                "SELECT ",
                payout_columns!(),
                " FROM payouts WHERE doubt_since IS NOT NULL ORDER BY doubt_since, id LIMIT $1 + 0"
            ))
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            rows.into_iter().map(|row| Ok((MerchantId(row.merchant_id), Payout::try_from(row)?))).collect()
        }

        /// The payouts that are due after `after`, the latest first.
        pub async fn due_after(
            on: &mut Connection,
            after: Timestamp,
            limit: u32,
        ) -> Result<Vec<(MerchantId, Payout)>> {
            let rows: Vec<PayoutRow> = sqlx::query_as(concat!(
                "SELECT ",
                payout_columns!(),
                " FROM payouts WHERE due_at > $1 ORDER BY due_at DESC LIMIT $2 + 0"
            ))
            .bind(At(after))
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            rows.into_iter().map(|row| Ok((MerchantId(row.merchant_id), Payout::try_from(row)?))).collect()
        }

        pub async fn setting(on: &mut Connection, name: &str) -> Result<Option<String>> {
            let row: Option<(String,)> =
                sqlx::query_as("SELECT value FROM settings WHERE name = $1").bind(name).fetch_optional(on).await?;
            Ok(row.map(|(value,)| value))
        }

        pub async fn put_setting(on: &mut Connection, name: &str, value: &str) -> Result<()> {
            sqlx::query(
                "INSERT INTO settings (name, value) VALUES ($1, $2) \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            )
            .bind(name)
            .bind(value)
            .execute(on)
            .await?;
            Ok(())
        }

        /// A merchant, unless the e-mail address is taken. Neither moves money nor touches a book.
        pub async fn add_merchant(on: &mut Connection, merchant: &Merchant) -> Result<bool> {
            let bucket = merchant.id.bucket().column();
            let listed = sqlx::query(
                "INSERT INTO merchant_directory (email, bucket, merchant_id) VALUES ($1, $2, $3) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(&merchant.email)
            .bind(bucket)
            .bind(merchant.id.0)
            .execute(&mut *on)
            .await?;
            if listed.rows_affected() == 0 {
                return Ok(false);
            }
            sqlx::query("INSERT INTO merchants (bucket, id, name, email, created_at) VALUES ($1, $2, $3, $4, $5)")
                .bind(bucket)
                .bind(merchant.id.0)
                .bind(&merchant.name)
                .bind(&merchant.email)
                .bind(At(merchant.created_at))
                .execute(on)
                .await?;
            Ok(true)
        }

        pub async fn add_key(
            on: &mut Connection,
            merchant: MerchantId,
            hash: &[u8],
            prefix: &str,
            now: Timestamp,
        ) -> Result<()> {
            sqlx::query(
                "INSERT INTO api_keys (hash, prefix, bucket, merchant_id, created_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(hash)
            .bind(prefix)
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(At(now))
            .execute(on)
            .await?;
            Ok(())
        }

        /// A row of the audit log about something that does not pass the door, in the transaction of what
        /// it tells of. (What does pass it is written with the rest of its batch.)
        pub async fn add_action(on: &mut Connection, action: &OperatorAction) -> Result<()> {
            let merchant = $crate::types::owner(action);
            sqlx::query(
                "INSERT INTO operator_actions \
                 (bucket, merchant_id, id, at, operator, action, subject, reason, detail) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(action.id)
            .bind(At(action.at))
            .bind(&action.operator)
            .bind(&action.action)
            .bind(&action.subject)
            .bind(&action.reason)
            .bind(&action.detail)
            .execute(on)
            .await?;
            Ok(())
        }
    };
}
pub(crate) use statements;
