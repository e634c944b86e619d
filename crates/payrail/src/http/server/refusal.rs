//! What is said to a connection for which there is no place: the same as to a request for which there is none.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::http::problem::Problem;

/// So many at a time are told why; to more the door is shut without a word.
const TOLD_AT_ONCE: usize = 64;
/// For an answer of one packet, and for the client to hang up: were we to hang up first, with its request unread, the
/// answer could get lost.
const PATIENCE: Duration = Duration::from_secs(1);

static ANSWER: LazyLock<String> = LazyLock::new(|| {
    let problem = serde_json::to_string(&Problem::crowded()).unwrap_or_default();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         retry-after: 1\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{problem}",
        problem.len()
    )
});

pub struct Refusals(Arc<Semaphore>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOLD_AT_ONCE)))
    }
}

impl Refusals {
    pub fn refuse(&self, stream: TcpStream) {
        let Ok(turn) = self.0.clone().try_acquire_owned() else { return };
        tokio::spawn(async move {
            let _ = tokio::time::timeout(PATIENCE, tell(stream)).await;
            drop(turn);
        });
    }
}

async fn tell(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(ANSWER.as_bytes()).await?;
    stream.shutdown().await?;
    let mut unheard = [0; 1024];
    while stream.read(&mut unheard).await? > 0 {}
    Ok(())
}
