//! Answers connections beyond the limit with 503, like requests to an overloaded server.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::http::plumbing::problem::Problem;

/// How many connections are answered at a time. Any more are closed without an answer.
const ANSWERED_AT_ONCE: usize = 64;
/// The time for an answer of one packet, and for the client to close the connection. If the server closed it first,
/// with the request unread, the answer could be lost.
const TIMEOUT: Duration = Duration::from_secs(1);

static ANSWER: LazyLock<String> = LazyLock::new(|| {
    let problem = serde_json::to_string(&Problem::too_many_connections()).unwrap_or_default();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         retry-after: 1\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{problem}",
        problem.len()
    )
});

pub struct Refusals(Arc<Semaphore>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ANSWERED_AT_ONCE)))
    }
}

impl Refusals {
    pub fn refuse(&self, stream: TcpStream) {
        let Ok(permit) = self.0.clone().try_acquire_owned() else { return };
        tokio::spawn(async move {
            let _ = tokio::time::timeout(TIMEOUT, answer(stream)).await;
            drop(permit);
        });
    }
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(ANSWER.as_bytes()).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
