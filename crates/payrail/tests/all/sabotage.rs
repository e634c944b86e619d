//! Removes the database's own protection, so that a test can plant what it would refuse.

use payrail_types::ids::{MerchantId, PayoutId};
use uuid::Uuid;

use crate::support::World;
use payrail_store::testing::Sql;

const TABLES: [&str; 9] = [
    "merchants",
    "ledger_entries",
    "payouts",
    "attempts",
    "idempotency_records",
    "outbox",
    "operator_actions",
    "bank_returns",
    "exceptions",
];
const RULES_OF_ONCE: [&str; 2] = ["ledger_once", "operator_actions_one_decision"];

/// A connection to a database without triggers, checks and the unique indexes that are rules.
pub async fn unprotected(world: &World) -> Sql {
    let mut sql = Sql::connect(&world.database.url).await;
    if sql.is_postgres() {
        for table in TABLES {
            sql.exec(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL")).await;
        }
        let checks = "SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname) \
                      FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace";
        for statement in sql.texts(checks).await {
            sql.exec(&statement).await;
        }
    } else {
        sql.exec("PRAGMA ignore_check_constraints = ON").await;
        for trigger in sql.texts("SELECT name FROM sqlite_master WHERE type = 'trigger'").await {
            sql.exec(&format!("DROP TRIGGER {trigger}")).await;
        }
    }
    for index in RULES_OF_ONCE {
        sql.exec(&format!("DROP INDEX {index}")).await;
    }
    sql
}

/// A connection to a database in which a payout needs no ledger entry, for rows that only have to be many.
pub async fn without_entries(world: &World) -> Sql {
    let mut sql = Sql::connect(&world.database.url).await;
    let on = if sql.is_postgres() { " ON payouts" } else { "" };
    for rule in ["payouts_held", "payouts_ended"] {
        sql.exec(&format!("DROP TRIGGER IF EXISTS {rule}{on}")).await;
    }
    sql
}

/// An id as a literal.
pub fn id(sql: &Sql, id: Uuid) -> String {
    if sql.is_postgres() { format!("'{id}'::uuid") } else { format!("x'{}'", id.simple()) }
}

/// The condition that finds the merchant's rows.
pub fn of(sql: &Sql, merchant: MerchantId) -> String {
    format!("bucket = {} AND merchant_id = {}", merchant.bucket().get(), id(sql, merchant.0))
}

/// Changes the payout's row, which must exist.
pub async fn alter_payout(sql: &mut Sql, payout: PayoutId, change: &str) {
    let statement = format!("UPDATE payouts SET {change} WHERE id = {}", id(sql, payout.0));
    assert_eq!(sql.exec(&statement).await, 1, "{statement}");
}
