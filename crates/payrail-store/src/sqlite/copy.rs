//! A consistent copy of a running database, for a backup. It blocks no other transaction.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use scopeguard::ScopeGuard;

use super::SqliteStore;
use crate::db::values;
use crate::error::{Result, StoreError};
use crate::private;

impl SqliteStore {
    /// Creates `file`, which must not exist. It gets its name once it is complete and on disk.
    pub async fn copy_to(&self, file: &Path) -> Result<()> {
        if file.exists() {
            return Err(StoreError::Refused(format!("{} is there already; name a new file", file.display())));
        }
        let part = with_part(file);
        let refused = |error: io::Error| StoreError::Unavailable(format!("{}: {error}", part.display()));
        let name = part.to_str().ok_or_else(|| refused(io::Error::other("not a name in UTF-8")))?;
        // Remove the remains of an interrupted copy.
        remove_if_there(&part).map_err(refused)?;
        let unfinished = scopeguard::guard(part.clone(), |part| drop(remove_if_there(&part)));
        private::create(&part).map_err(refused)?;
        // One read transaction, without later writes.
        self.long_read().await?.execute("VACUUM INTO $1", values![name]).await?;
        // SQLite does not flush the copy to disk.
        File::open(&part).and_then(|copy| copy.sync_all()).map_err(refused)?;
        fs::rename(&part, file).map_err(refused)?;
        ScopeGuard::into_inner(unfinished);
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused)
    }
}

fn with_part(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
