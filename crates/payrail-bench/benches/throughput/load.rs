//! The load: HTTP/1.1 over kept-alive connections, written and read by hand, as every microsecond that
//! the client takes is taken from the same two cores.
//!
//! Closed loop: each connection sends its next request when it has its answer. Open loop: requests are
//! due at a fixed rate whatever the server does; one whose connection was still busy is timed from the
//! moment it was due, not from the moment it could be sent (coordinated omission).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

/// The bytes of request number n.
pub type Requests = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

#[derive(Clone)]
pub struct Load {
    pub addr: SocketAddr,
    pub connections: usize,
    pub duration: Duration,
    /// Requests a second; `None` for a closed loop.
    pub rate: Option<u32>,
    pub requests: Requests,
}

#[derive(Debug)]
pub struct Measured {
    pub elapsed: Duration,
    /// Answered 2xx.
    pub done: u64,
    /// Answered 4xx.
    pub refused: u64,
    /// Answered 503.
    pub shed: u64,
    /// In microseconds, of what was not answered 503.
    pub latency: Histogram<u64>,
    /// Of all, from the moment it was sent: what the server itself took, however late the client was.
    pub since_sent: Histogram<u64>,
}

impl Measured {
    fn new() -> Self {
        let empty = Histogram::new_with_bounds(1, 120_000_000, 3).expect("bounds that fit");
        Self { elapsed: Duration::ZERO, done: 0, refused: 0, shed: 0, latency: empty.clone(), since_sent: empty }
    }

    pub fn answered(&self) -> u64 {
        self.done + self.refused
    }

    /// Answers a second that are not 503.
    pub fn per_second(&self) -> u64 {
        per_second(self.answered(), self.elapsed)
    }

    fn add(&mut self, other: &Measured) {
        self.done += other.done;
        self.refused += other.refused;
        self.shed += other.shed;
        self.latency.add(&other.latency).expect("the same bounds");
        self.since_sent.add(&other.since_sent).expect("the same bounds");
    }

    fn take(&mut self, status: u16, since_due: Duration, since_sent: Duration) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        self.since_sent.saturating_record(micros(since_sent));
        let count = match status {
            200..=299 => &mut self.done,
            400..=499 => &mut self.refused,
            503 => &mut self.shed,
            other => panic!("answered {other}"),
        };
        *count += 1;
        if status != 503 {
            self.latency.saturating_record(micros(since_due));
        }
    }
}

pub fn per_second(count: u64, elapsed: Duration) -> u64 {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000_000) / micros
}

/// Runs the load to its end on this thread.
pub fn run(load: &Load) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, all(load))
}

async fn all(load: &Load) -> Measured {
    let mut connections = JoinSet::new();
    let begin = Instant::now();
    for number in 0..load.connections {
        connections.spawn_local(connection(load.clone(), number, begin));
    }
    let mut sum = Measured::new();
    while let Some(measured) = connections.join_next().await {
        sum.add(&measured.expect("a connection does its work"));
    }
    sum.elapsed = begin.elapsed();
    sum
}

async fn connection(load: Load, number: usize, begin: Instant) -> Measured {
    let mut measured = Measured::new();
    let mut stream = connect(load.addr).await;
    let mut buffer = Vec::with_capacity(64 * 1024);
    let mut turn = number;
    loop {
        let due = load.rate.map(|rate| begin + Duration::from_secs(1) * u32::try_from(turn).unwrap_or(u32::MAX) / rate);
        let from = match due {
            // Idle until its time: the timer's own lateness is not the server's.
            Some(due) if due > Instant::now() => {
                tokio::time::sleep_until(due.into()).await;
                Instant::now()
            }
            Some(due) => due,
            None => Instant::now(),
        };
        if from.duration_since(begin) >= load.duration {
            return measured;
        }
        let sent = Instant::now();
        let request = (load.requests)(turn);
        let status = loop {
            match exchange(&mut stream, &mut buffer, &request).await {
                Some(status) => break status,
                // A server closes connections that were idle for long, or to admit others. Clients then open a new one.
                None => stream = connect(load.addr).await,
            }
        };
        measured.take(status, from.elapsed(), sent.elapsed());
        turn += load.connections;
    }
}

async fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    stream
}

/// Sends one request, reads the answer to its end and gives its status; `None` if the connection was closed before any
/// of the answer came.
async fn exchange(stream: &mut TcpStream, buffer: &mut Vec<u8>, request: &[u8]) -> Option<u16> {
    buffer.clear();
    stream.write_all(request).await.ok()?;
    loop {
        let read = stream.read_buf(buffer).await.unwrap_or(0);
        if read == 0 && buffer.is_empty() {
            return None;
        }
        assert!(read > 0, "the server closed the connection in the middle of an answer");
        if let Some((status, length)) = head(buffer) {
            while buffer.len() < length {
                assert!(stream.read_buf(buffer).await.expect("a body comes in") > 0, "the body was cut off");
            }
            return Some(status);
        }
    }
}

/// Status and whole length of the answer, once its head is there.
fn head(bytes: &[u8]) -> Option<(u16, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).expect("HTTP") else { return None };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    Some((response.code?, head + length.expect("a length: no answer here is streamed")))
}
