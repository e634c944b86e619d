//! Cells as distributed schemas of a Citus cluster: how they are made, and what their triggers read.

use tokio_postgres::Client;

use super::session::{identifier, literal, rows};
use crate::error::Result;

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

/// Every `FROM table` and `JOIN table` of a function, in capitals as in all migrations, becomes one of the table's shard.
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
