//! The simulated bank: a small service of its own, over real HTTP, with its own durable book.
//!
//! It pays, refuses or stays silent, by odds or by the bank account's id ([`accounts`]), and like
//! a real bank it knows a transfer by its reference: however often one arrives, it is paid once.
//! What it answered as paid is on disk before the answer leaves. Each answer names the bank in the header
//! `Bank-Identity`, and what is meant for another bank is refused ([`identity`]).
//!
//! | request | answer |
//! |---|---|
//! | `POST /v1/transfers` | `paid` with its `utr`, or `refused` with a `reason` |
//! | `GET /v1/transfers/{reference}` | `paid`, `refused`, `closed` or `never_received` |
//! | `POST /v1/transfers/{reference}/close` | the same; what was never received is refused from now on |
//! | `GET /v1/transfers?after=N&limit=M` | what was really paid, in the book's order |
//! | `GET /v1/returns?after=N&limit=M` | what was paid and came back |
//! | `GET /v1/identity` | `identity`: who this bank is, and `can_be_reset` |
//! | `POST /v1/reset` with the `identity` | empties the book, which goes on under a new identity; in demo mode only |
//! | `GET /v1/statement?day=YYYY-MM-DD&after=N&limit=M` | the day's debits and credits (UTC) |
//!
//! An answer about one transfer is a JSON object with `status` and `reference`. `paid` and `refused` also carry the
//! transfer's `amount_paise` and `bank_account_id`; the payer takes an answer about anything else for no answer.
//! The rows of a list carry a `number`; the numbers of one list begin at 1 and have no gaps.

pub mod accounts;
mod book;
mod entry;
#[cfg(feature = "fill")]
mod fill;
mod http;
pub mod identity;
mod lists;
mod odds;
mod private;
mod settings;
mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use entry::utr;
#[cfg(feature = "fill")]
pub use fill::Filler;
pub use odds::{Fate, Odds};
pub use settings::Settings;

use book::Book;
use entry::Rules;

/// Why the book cannot be read or written: SQLite or the file system says it.
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

/// A bank at work. Dropping it stops it too, without waiting.
pub struct Running {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// Closes when the writer has closed the book.
    writer: oneshot::Receiver<()>,
    grace: Duration,
}

/// Opens the book and the port; the bank answers when this returns.
pub async fn start(settings: Settings) -> Result<Running, Error> {
    let Settings { book, odds, seed, .. } = settings.clone();
    let bank = open(settings).await?;
    tracing::info!(addr = %bank.addr, book = %book.display(), %odds, seed, "the simulated bank is open");
    Ok(bank)
}

/// The same for somebody who only reads the book: no bank goes into business, so none is announced.
pub async fn open(settings: Settings) -> Result<Running, Error> {
    settings.check()?;
    let rules = Rules { odds: settings.odds, seed: settings.seed, returns_after: settings.returns_after };
    let (book, writer) = Book::open(&settings.book, rules).await?;
    let unheard = |source| Error::Listen { addr: settings.addr, source };
    let listener = TcpListener::bind(settings.addr).await.map_err(unheard)?;
    let addr = listener.local_addr().map_err(unheard)?;

    let (stop, mut stopping) = watch::channel(false);
    let random_delay = if settings.odds.are_random() { settings.random_delay } else { Duration::ZERO };
    let Settings { delay, silence, can_be_reset, .. } = settings;
    let service = http::Service { book, can_be_reset, delay, random_delay, silence, stopping: stopping.clone() };
    let served = axum::serve(listener, http::router(Arc::new(service)))
        .with_graceful_shutdown(async move { drop(stopping.changed().await) });
    let server = tokio::spawn(async move {
        if let Err(error) = served.await {
            tracing::error!(%error, "the simulated bank stopped serving");
        }
    });
    Ok(Running { addr, stop, server, writer, grace: settings.grace })
}

impl Running {
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes no new calls, finishes those under way (silent ones give up at once), closes the book.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if timeout(self.grace, &mut self.server).await.is_err() {
            self.server.abort();
        }
        drop(timeout(self.grace, self.writer).await);
    }
}
