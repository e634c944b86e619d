//! `payrail backup`: a copy of the embedded database, beside the server at work.

use std::path::PathBuf;

use payrail_store::Store;

use super::Error;
use crate::settings::{BadSetting, Common};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The copy to make; it must not be there yet
    file: PathBuf,
}

pub async fn run(common: &Common, args: &Args) -> Result<(), Error> {
    let Store::Sqlite(store) = common.open_existing().await? else {
        return Err(Box::new(BadSetting(
            "payrail backup copies the embedded SQLite file. On PostgreSQL use pg_basebackup or pg_dump: \
             docs/operations.md has the commands"
                .to_owned(),
        )));
    };
    store.copy_to(&args.file).await?;
    let bytes = std::fs::metadata(&args.file)?.len();
    let file = args.file.display();
    say!("Copied to {file} ({bytes} bytes). Check it: DATABASE_URL=sqlite://{file} payrail verify --no-bank");
    Ok(())
}
