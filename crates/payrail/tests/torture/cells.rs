//! A database of several cells, and views over all of them.

use std::path::Path;

use payrail_store::testing::Sql;
use tokio::process::Command;

const CELLS: usize = 4;
/// The schema of the views.
const OF_ALL: &str = "of_all_cells";
const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'payrail_cell_00'";

/// Creates the tables, and a view per table of the rows of all cells.
pub async fn make(url: &str, folder: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payrail"));
    command.args(["migrate", "--demo", "1", "--cells", &CELLS.to_string()]).current_dir(folder);
    let made = command.env("DATABASE_URL", url).env("DEBUG", "1").output().await.unwrap();
    assert!(made.status.success(), "{made:?}");
    let mut sql = Sql::connect(url).await;
    sql.exec(&format!("CREATE SCHEMA {OF_ALL}")).await;
    for table in sql.texts(TABLES).await {
        let cells = (0..CELLS).map(|cell| format!("SELECT * FROM payrail_cell_{cell:02}.{table}"));
        let rows: Vec<_> = cells.chain([format!("SELECT * FROM public.{table}")]).collect();
        sql.exec(&format!("CREATE VIEW {OF_ALL}.{table} AS {}", rows.join(" UNION ALL "))).await;
    }
}

/// A URL under which the tables' names refer to the views.
pub fn of_all(url: &str) -> String {
    format!("{url}?options=-csearch_path%3D{OF_ALL}")
}
