use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the book cannot be read or written, in the words of SQLite or the file system.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Setting(String),
    #[error("the simulated bank cannot listen on {addr}: {source}")]
    Listen { addr: SocketAddr, source: std::io::Error },
    #[error("the simulated bank cannot open its book {path}: {source}")]
    Book { path: PathBuf, source: Failure },
    #[error("{0} is not a book that this simulated bank can read")]
    NotABook(PathBuf),
}
