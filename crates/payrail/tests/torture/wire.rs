//! A TCP proxy that can refuse, cut, delay or freeze connections, or lose an answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::random_range;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as Turn, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// A wire's destination. A process has another port after each start.
pub type Upstream = Arc<Mutex<Option<SocketAddr>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Open,
    Refusing,
    Slow(Duration),
    Frozen,
    /// A client that sends the word gets no answer: the wire is cut at the answer's first byte or after its last.
    Unanswered {
        word: &'static str,
        at_once: bool,
    },
    /// Everything that is sent now, and later on the same connection, is dropped.
    Swallowing,
}

pub struct Wire {
    pub port: u16,
    /// One fault at a time.
    pub turn: Turn<()>,
    line: Arc<Line>,
    server: JoinHandle<()>,
}

struct Line {
    upstream: Upstream,
    mode: watch::Sender<Mode>,
    /// Counts the cuts.
    cuts: watch::Sender<u64>,
}

impl Wire {
    pub async fn to(upstream: Upstream) -> Self {
        let (port, listener) = listen_anywhere().await;
        let line = Arc::new(Line { upstream, mode: watch::Sender::new(Mode::Open), cuts: watch::Sender::new(0) });
        let server = tokio::spawn(serve(port, listener, line.clone()));
        Self { port, turn: Turn::new(()), line, server }
    }

    pub fn set(&self, mode: Mode) {
        self.line.mode.send_replace(mode);
    }

    /// Cuts all existing connections and accepts new ones.
    pub fn cut(&self) {
        self.line.cuts.send_modify(|count| *count += 1);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Below the ephemeral ports, so that no other process gets it while the wire refuses.
pub async fn listen_anywhere() -> (u16, TcpListener) {
    for _ in 0..1_000 {
        let port = random_range(10_000..20_000);
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
            return (port, listener);
        }
    }
    panic!("no free port");
}

pub async fn listen_again(port: u16) -> TcpListener {
    loop {
        match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => return listener,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn serve(port: u16, mut listener: TcpListener, line: Arc<Line>) {
    let mut calls = JoinSet::new();
    let mut mode = line.mode.subscribe();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                calls.spawn(carry(client, line.clone()));
            }
            () = async { drop(mode.wait_for(|mode| *mode == Mode::Refusing).await) } => {
                drop(listener);
                let _ = mode.wait_for(|mode| *mode != Mode::Refusing).await;
                listener = listen_again(port).await;
            }
            Some(_) = calls.join_next() => {}
        }
    }
}

/// Returns, and so closes both ends, when either end closes or the wire is cut.
async fn carry(client: TcpStream, line: Arc<Line>) {
    let mut cuts = line.cuts.subscribe();
    let upstream = *line.upstream.lock().unwrap();
    let Some(upstream) = upstream else { return };
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let fate = AtomicU8::new(WHOLE);
    tokio::select! {
        () = questions(from_client, to_server, &line, &fate) => {}
        () = answers(from_server, to_client, &line, &fate) => {}
        _ = cuts.changed() => {}
    }
}

/// The fate of a connection.
const WHOLE: u8 = 0;
const CUT_AT_ONCE: u8 = 1;
const CUT_WHEN_ALL_IS_SAID: u8 = 2;

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Line, fate: &AtomicU8) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if let Mode::Unanswered { word, at_once } = line.pass().await
            && bytes[..length].windows(word.len()).any(|window| window == word.as_bytes())
        {
            fate.store(if at_once { CUT_AT_ONCE } else { CUT_WHEN_ALL_IS_SAID }, Ordering::SeqCst);
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: &Line, fate: &AtomicU8) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        line.pass().await;
        match fate.load(Ordering::SeqCst) {
            WHOLE => {}
            CUT_AT_ONCE => return,
            _ => {
                while let Ok(Ok(1..)) = timeout(Duration::from_millis(150), from.read(&mut bytes)).await {}
                return;
            }
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

impl Line {
    /// Waits according to the wire's mode, for ever if it drops everything.
    async fn pass(&self) -> Mode {
        let mut mode = self.mode.subscribe();
        let now = *mode.borrow_and_update();
        match now {
            Mode::Slow(by) => sleep(by).await,
            Mode::Frozen => {
                let _ = mode.wait_for(|mode| *mode != Mode::Frozen).await;
            }
            Mode::Swallowing => std::future::pending().await,
            _ => {}
        }
        now
    }
}
