//! The simulated bank: a small service of its own, over real HTTP, with its own durable book.
//!
//! It pays, refuses or stays silent, at random or by the bank account's id ([`accounts`]). Like a real bank it knows a
//! transfer by its reference, and pays it once, however often it arrives. A payment is on disk before its answer
//! leaves. Each answer names the bank in the header `Bank-Identity`, and a request that is meant for another bank is
//! refused.
//!
//! | request | answer |
//! |---|---|
//! | `POST /v1/transfers` | `paid` with its `utr`, or `refused` with a `reason` |
//! | `GET /v1/transfers/{reference}` | `paid`, `refused`, `closed` or `never_received` |
//! | `POST /v1/transfers/{reference}/close` | the same; an unknown reference is refused from now on |
//! | `GET /v1/transfers?after=N&limit=M` | the payments, in the book's order |
//! | `GET /v1/returns?after=N&limit=M` | the payments that came back |
//! | `GET /v1/identity` | the bank's `identity`, and `can_be_reset` |
//! | `POST /v1/reset` with the `identity` | empties the book and gives it a new identity; in demo mode only |
//! | `GET /v1/statement?day=YYYY-MM-DD&after=N&limit=M` | the day's debits and credits (UTC) |
//!
//! An answer about one transfer is a JSON object with `status` and `reference`. `paid` and `refused` also carry the
//! transfer's `amount_paise` and `bank_account_id`; the payer ignores an answer about any other transfer.
//! The rows of a list carry a `number`; the numbers of one list begin at 1 and have no gaps.

pub mod accounts;
mod book;
mod entry;
mod error;
pub mod file;
#[cfg(feature = "fill")]
mod fill;
mod http;
mod identity;
mod lists;
mod odds;
mod private;
mod problem;
mod service;
mod settings;
mod writer;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use entry::utr;
pub use error::Error;
#[cfg(feature = "fill")]
pub use fill::Filler;
pub use settings::{Odds, Settings};

use book::Book;
use entry::Rules;
use service::Service;

/// A running bank. Dropping it stops the bank without waiting.
pub struct Running {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// Closes after the writer has closed the book.
    writer: oneshot::Receiver<()>,
    grace: Duration,
}

/// Opens the book and the port; the bank answers when this returns.
pub async fn start(settings: Settings) -> Result<Running, Error> {
    let Settings { book, odds, seed, .. } = settings.clone();
    let bank = open(settings).await?;
    tracing::info!(addr = %bank.addr, book = %book.display(), %odds, seed, "the simulated bank is running");
    Ok(bank)
}

/// As [`start`], without the log line: for a caller that only reads the book.
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
    let service = Service { book, can_be_reset, delay, random_delay, silence, stopping: stopping.clone() };
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

    /// Takes no new calls, finishes the pending ones (silent ones end at once), and closes the book.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if timeout(self.grace, &mut self.server).await.is_err() {
            self.server.abort();
        }
        drop(timeout(self.grace, self.writer).await);
    }
}
