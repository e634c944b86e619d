//! `payrail backup`: a copy of the embedded database, also beside a running server.

use std::path::{Path, PathBuf};

use payrail_store::StoreError;

use super::shared::Error;
use crate::settings::{BadSetting, Common};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to create; it must not exist
    file: PathBuf,
}

pub async fn run(common: &Common, args: &Args) -> Result<(), Error> {
    if common.is_postgres() {
        return Err(Box::new(BadSetting(
            "payrail backup copies the embedded SQLite file. On PostgreSQL use pg_basebackup or pg_dump: \
             docs/operations.md has the commands"
                .to_owned(),
        )));
    }
    check(&args.file)?;
    let store = common.open_existing().await?;
    let Some(store) = store.sqlite() else { return Ok(()) };
    store.copy_to(&args.file).await.map_err(|error| match error {
        StoreError::Unavailable(why) | StoreError::Refused(why) => format!("the copy cannot be written: {why}").into(),
        other => Error::from(other),
    })?;
    let bytes = std::fs::metadata(&args.file)?.len();
    let file = args.file.display();
    say!("Copied to {file} ({bytes} bytes). Check it: DATABASE_URL=sqlite://{file} payrail verify --no-bank");
    Ok(())
}

/// The errors that can be found before anything is read.
fn check(file: &Path) -> Result<(), BadSetting> {
    let shown = file.display();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Err(BadSetting(if file.is_dir() {
        format!("{shown} is a folder; name a new file in it")
    } else if file.exists() {
        format!("{shown} is there already, and a backup replaces nothing; name a new file")
    } else if !folder.is_dir() {
        format!("there is no folder {} for the copy", folder.display())
    } else {
        return Ok(());
    }))
}
