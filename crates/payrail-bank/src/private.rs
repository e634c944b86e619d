//! Only the owner may read the book, because it holds bank accounts. `payrail-store` has the same few lines for its
//! databases; the bank represents another party and shares no code with it.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;

/// Creates an empty file unless it exists, with a mode that ignores the umask. SQLite treats an empty file as a new
/// database, and gives its log and its index the same mode. An existing file keeps its mode.
pub fn create(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Logs a warning about a file that others can read. The mode stays, because somebody may have chosen it.
pub fn warn_if_open(file: &Path) {
    let Ok(metadata) = fs::metadata(file) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        let (file, mode) = (file.display(), format!("{mode:04o}"));
        tracing::warn!(%file, mode, "other users of this machine can read or write this file; `chmod 600` keeps them out");
    }
}
