//! Everything anew: the tables, and the simulated bank's book, which would otherwise remember payouts
//! that nobody made.

use payrail_store::Store;

use crate::bank;

/// A bank elsewhere (`is_remote`) keeps its book: it is not ours to empty.
pub async fn all(store: &Store, bank: &bank::Settings, is_remote: bool) -> Result<(), std::io::Error> {
    store.reset().await.map_err(std::io::Error::other)?;
    if is_remote {
        tracing::warn!("the bank at PAYRAIL_BANK_URL keeps its book; `payrail verify` will name what it paid before");
        return Ok(());
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut file = bank.book.clone().into_os_string();
        file.push(suffix);
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
