//! Lock and load, in one round trip. LATERAL with LIMIT 1 pins each look-up to its primary key, whatever the
//! planner believes about the tables' sizes.

use std::collections::BTreeSet;

use futures::try_join;
use jiff::Timestamp;
use payrail_core::ids::MerchantId;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::links::Link;
use super::session::{self, in_force};
use crate::error::{Result, StoreError};
use crate::needs::{Books, Needs, Rows, books};
use crate::rows::{KnownReturnRow, PayoutRow, RecordRow, TipRow, UtrRow};
use crate::types::At;

/// In the order of their ids, in every transaction: two lanes cannot deadlock.
const LOCK: &str = "SELECT m.id FROM unnest($1::smallint[], $2::uuid[]) AS n(bucket, id)
    JOIN merchants m ON m.bucket = n.bucket AND m.id = n.id ORDER BY m.id FOR NO KEY UPDATE OF m";

/// Each batch of merchants has the time with it, and whether the transaction is what was asked for: both are found out
/// once, after the locks, and cost no statement of their own.
const TIPS: &str = concat!(
    "SELECT n.merchant_id, e.seq, e.available_after, e.held_after, o.seq AS last_event, e.created_at AS last_at,
        (SELECT clock_timestamp()) AS now, ",
    in_force!(),
    " AS in_force
    FROM unnest($1::smallint[], $2::uuid[]) AS n(bucket, merchant_id)
    LEFT JOIN LATERAL (
        SELECT seq, available_after, held_after, created_at FROM ledger_entries l
        WHERE l.bucket = n.bucket AND l.merchant_id = n.merchant_id ORDER BY seq DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (
        SELECT seq FROM outbox b
        WHERE b.bucket = n.bucket AND b.merchant_id = n.merchant_id ORDER BY seq DESC LIMIT 1) o ON true"
);

const RECORDS: &str = "SELECT r.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[]) AS n(bucket, merchant_id, key)
    CROSS JOIN LATERAL (
        SELECT merchant_id, key, request_hash, status, body, payout_id, created_at, expires_at
        FROM idempotency_records i
        WHERE i.bucket = n.bucket AND i.merchant_id = n.merchant_id AND i.key = n.key LIMIT 1) r";

const PAYOUTS: &str = "SELECT r.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[]) AS n(bucket, merchant_id, id)
    CROSS JOIN LATERAL (
        SELECT merchant_id, id, amount_paise, bank_account_id, status, attempts, calls, unanswered, step, due_at,
               leased_by, doubt_since, doubt_reason, utr, reason, created_at, updated_at, request_id
        FROM payouts p
        WHERE p.bucket = n.bucket AND p.merchant_id = n.merchant_id AND p.id = n.id LIMIT 1) r";

const RETURNS: &str = "SELECT r.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::uuid[])
        AS n(bucket, merchant_id, payout_id, id)
    CROSS JOIN LATERAL (
        (SELECT merchant_id, id, payout_id, status FROM bank_returns b
         WHERE b.bucket = n.bucket AND b.merchant_id = n.merchant_id AND b.id = n.id LIMIT 1)
        UNION ALL
        (SELECT merchant_id, id, payout_id, status FROM bank_returns b
         WHERE b.bucket = n.bucket AND b.merchant_id = n.merchant_id AND b.payout_id = n.payout_id
           AND b.status = 'credited' LIMIT 1)) r";

/// Over all merchants: a UTR is the bank's, and it must be one payout's alone.
const UTRS: &str = "SELECT n.merchant_id, n.utr, r.id
    FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::text[]) AS n(bucket, merchant_id, payout_id, utr)
    CROSS JOIN LATERAL (SELECT id FROM payouts p WHERE p.utr = n.utr AND p.id <> n.payout_id LIMIT 1) r";

/// What a transaction has in hand once its merchants are locked.
pub struct Loaded {
    pub books: Books,
    /// The database's time.
    pub now: Timestamp,
}

/// Begins a transaction that has these merchants locked, and gives their books. Lock in one statement, read in
/// the next: a statement that waited for a lock sees the rest of the world as it was before the wait.
pub async fn begin(on: &Link, mark: &str, needs: &Needs) -> Result<Loaded> {
    let merchants = needs.merchants.iter().map(|merchant| (merchant.bucket().column(), merchant.0));
    let (buckets, merchants): (Vec<i16>, Vec<Uuid>) = merchants.unzip();
    let with_mark: [&(dyn ToSql + Sync); 3] = [&buckets, &merchants, &mark];
    let keys = triples(needs.keys.iter().map(|(merchant, key)| (*merchant, key.0)));
    let payouts = triples(needs.payouts.iter().map(|(merchant, payout)| (*merchant, payout.0)));
    let returns = fours(needs.returns.iter().map(|(merchant, payout, id)| (*merchant, payout.0, *id)));
    let utrs = fours(needs.utrs.iter().map(|(merchant, payout, utr)| (*merchant, payout.0, utr.as_str())));
    let prepared = try_join!(
        on.prepare_cached(LOCK),
        on.prepare_cached(TIPS),
        on.prepare_cached(RECORDS),
        on.prepare_cached(PAYOUTS),
        on.prepare_cached(RETURNS),
        on.prepare_cached(UTRS)
    );
    let (lock, tips, records, of_payouts, of_returns, of_utrs) = prepared?;
    let ((), locked, tips, records, payouts, returns, utrs) = try_join!(
        on.batch_execute(session::BEGIN),
        on.query(&lock, &with_mark[..2]),
        on.query(&tips, &with_mark),
        look_up(on, &records, &keys),
        look_up(on, &of_payouts, &payouts),
        look_up_about(on, &of_returns, &returns),
        look_up_about(on, &of_utrs, &utrs),
    )?;
    let Some(first) = tips.first() else { return Err(StoreError::Corrupt("a batch without a merchant".to_owned())) };
    let now = value(first, 6)?;
    if !value::<bool>(first, 7)? {
        session::read(on).await?.check_transaction(mark)?;
    }
    let locked = locked.iter().map(|row| value(row, 0)).collect::<Result<BTreeSet<Uuid>>>()?;
    // Who is not there cannot be locked, and has no book.
    let tips = read(&tips, tip)?.into_iter().filter(|tip| locked.contains(&tip.merchant_id)).collect();
    let (records, payouts) = (read(&records, record)?, read(&payouts, payout)?);
    let (returns, utrs) = (read(&returns, known_return)?, read(&utrs, utr)?);
    Ok(Loaded { books: books(needs, Rows { tips, records, payouts, returns, utrs })?, now })
}

type Triples = (Vec<i16>, Vec<Uuid>, Vec<Uuid>);

fn triples(items: impl Iterator<Item = (MerchantId, Uuid)>) -> Triples {
    items.map(|(merchant, id)| (merchant.bucket().column(), merchant.0, id)).collect()
}

async fn look_up(
    on: &Link,
    statement: &Statement,
    (buckets, merchants, ids): &Triples,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    if ids.is_empty() { Ok(Vec::new()) } else { on.query(statement, &[buckets, merchants, ids]).await }
}

type Fours<T> = (Vec<i16>, Vec<Uuid>, Vec<Uuid>, Vec<T>);

fn fours<T>(items: impl Iterator<Item = (MerchantId, Uuid, T)>) -> Fours<T> {
    let mut fours = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    fours.extend(items.map(|(merchant, payout, it)| (merchant.bucket().column(), merchant.0, payout, it)));
    fours
}

async fn look_up_about<T>(
    on: &Link,
    statement: &Statement,
    (buckets, merchants, payouts, about): &Fours<T>,
) -> Result<Vec<Row>, tokio_postgres::Error>
where
    Vec<T>: ToSql + Sync,
{
    if about.is_empty() {
        return Ok(Vec::new());
    }
    on.query(statement, &[buckets, merchants, payouts, about]).await
}

fn read<T>(rows: &[Row], of: impl Fn(&Row) -> Result<T>) -> Result<Vec<T>> {
    rows.iter().map(of).collect()
}

fn value<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn moment(row: &Row, column: usize) -> Result<At> {
    value::<Timestamp>(row, column).map(At)
}

fn moment_if_any(row: &Row, column: usize) -> Result<Option<At>> {
    value::<Option<Timestamp>>(row, column).map(|at| at.map(At))
}

fn tip(row: &Row) -> Result<TipRow> {
    Ok(TipRow {
        merchant_id: value(row, 0)?,
        seq: value(row, 1)?,
        available_after: value(row, 2)?,
        held_after: value(row, 3)?,
        last_event: value(row, 4)?,
        last_at: moment_if_any(row, 5)?,
    })
}

fn record(row: &Row) -> Result<RecordRow> {
    Ok(RecordRow {
        merchant_id: value(row, 0)?,
        key: value(row, 1)?,
        request_hash: value(row, 2)?,
        status: value(row, 3)?,
        body: value(row, 4)?,
        payout_id: value(row, 5)?,
        created_at: moment(row, 6)?,
        expires_at: moment_if_any(row, 7)?,
    })
}

fn known_return(row: &Row) -> Result<KnownReturnRow> {
    let (merchant_id, id) = (value(row, 0)?, value(row, 1)?);
    Ok(KnownReturnRow { merchant_id, id, payout_id: value(row, 2)?, status: value(row, 3)? })
}

fn utr(row: &Row) -> Result<UtrRow> {
    Ok(UtrRow { merchant_id: value(row, 0)?, utr: value(row, 1)?, other: value(row, 2)? })
}

fn payout(row: &Row) -> Result<PayoutRow> {
    Ok(PayoutRow {
        merchant_id: value(row, 0)?,
        id: value(row, 1)?,
        amount_paise: value(row, 2)?,
        bank_account_id: value(row, 3)?,
        status: value(row, 4)?,
        attempts: value(row, 5)?,
        calls: value(row, 6)?,
        unanswered: value(row, 7)?,
        step: value(row, 8)?,
        due_at: moment_if_any(row, 9)?,
        leased_by: value(row, 10)?,
        doubt_since: moment_if_any(row, 11)?,
        doubt_reason: value(row, 12)?,
        utr: value(row, 13)?,
        reason: value(row, 14)?,
        created_at: moment(row, 15)?,
        updated_at: moment(row, 16)?,
        request_id: value(row, 17)?,
    })
}
