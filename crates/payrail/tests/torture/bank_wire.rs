//! A proxy in front of the bank. It can deliver a call late, twice, out of order or not at all, and answer in the
//! bank's place, but never with a definite answer. False statements about returns and UTRs come from the [`Forger`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{random, random_range};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as Turn, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::forger::Forger;
use crate::http::{Message, answer};
use crate::plan::Mischief;
use crate::wire::{Upstream, listen_again, listen_anywhere};

pub struct BankWire {
    pub port: u16,
    /// One fault at a time.
    pub turn: Turn<()>,
    desk: Arc<Desk>,
    server: JoinHandle<()>,
}

struct Desk {
    upstream: Upstream,
    forger: Forger,
    mischief: Mutex<Option<Mischief>>,
    is_refusing: watch::Sender<bool>,
    cuts: watch::Sender<u64>,
    last_answer: Mutex<Option<Message>>,
    calls: AtomicU64,
    spoiled: AtomicU64,
}

/// Longer than any client of the bank waits here.
const ENDLESS: Duration = Duration::from_secs(20);

impl BankWire {
    pub async fn to(upstream: Upstream, forger: Forger) -> Self {
        let (port, listener) = listen_anywhere().await;
        let desk = Arc::new(Desk {
            upstream,
            forger,
            mischief: Mutex::default(),
            is_refusing: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
            last_answer: Mutex::default(),
            calls: AtomicU64::new(0),
            spoiled: AtomicU64::new(0),
        });
        let server = tokio::spawn(serve(port, listener, desk.clone()));
        Self { port, turn: Turn::new(()), desk, server }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, mischief: Option<Mischief>) {
        *self.desk.mischief.lock().unwrap() = mischief;
    }

    pub fn refuse(&self, refuses: bool) {
        self.desk.is_refusing.send_replace(refuses);
    }

    pub fn cut(&self) {
        self.desk.cuts.send_modify(|count| *count += 1);
    }

    /// The number of calls, and how many of them were tampered with.
    pub fn calls(&self) -> (u64, u64) {
        (self.desk.calls.load(Ordering::SeqCst), self.desk.spoiled.load(Ordering::SeqCst))
    }
}

impl Drop for BankWire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(port: u16, mut listener: TcpListener, desk: Arc<Desk>) {
    let mut callers = JoinSet::new();
    let mut refusing = desk.is_refusing.subscribe();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                callers.spawn(listen_to(client, desk.clone()));
            }
            () = async { drop(refusing.wait_for(|refusing| *refusing).await) } => {
                drop(listener);
                let _ = refusing.wait_for(|refusing| !*refusing).await;
                listener = listen_again(port).await;
            }
            Some(_) = callers.join_next() => {}
        }
    }
}

/// Serves one connection, call by call, until either end closes it.
async fn listen_to(mut client: TcpStream, desk: Arc<Desk>) {
    let mut cuts = desk.cuts.subscribe();
    let talk = async {
        while let Some(request) = Message::read(&mut client).await {
            let Some(bytes) = desk.reply(request).await else { return };
            if client.write_all(&bytes.0).await.is_err() || bytes.1 {
                return;
            }
        }
    };
    tokio::select! {
        () = talk => {}
        _ = cuts.changed() => {}
    }
}

/// The bytes to write, and whether to close the connection after them.
type Said = Option<(Vec<u8>, bool)>;

impl Desk {
    async fn reply(self: &Arc<Self>, request: Message) -> Said {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mischief = *self.mischief.lock().unwrap();
        let Some(mischief) = mischief else {
            return self.forward(&request).await.map(|answer| (answer.bytes, false));
        };
        self.spoiled.fetch_add(1, Ordering::SeqCst);
        match mischief {
            Mischief::Late => {
                let answer = self.forward(&request).await?;
                sleep(Duration::from_millis(random_range(100..1_200))).await;
                Some((answer.bytes, false))
            }
            Mischief::Twice => self.twice(request).await,
            Mischief::OutOfOrder => {
                sleep(Duration::from_millis(random_range(0..350))).await;
                self.forward(&request).await.map(|answer| (answer.bytes, false))
            }
            Mischief::Error => Some((self.error(&request).await, false)),
            Mischief::Garbage => Some((self.garbage(&request).await, false)),
            Mischief::HalfAnAnswer => {
                let answer = self.forward(&request).await?;
                let half = random_range(1..answer.bytes.len());
                Some((answer.bytes[..half].to_vec(), true))
            }
            Mischief::SilentAfter => {
                self.forward(&request).await;
                sleep(ENDLESS).await;
                None
            }
            Mischief::SilentBefore => self.deaf(request).await,
            Mischief::Crossed => {
                let other = self.last_answer.lock().unwrap().clone();
                let answer = self.forward(&request).await?;
                // The list of returns has no reference that would reveal a swapped answer.
                let is_list = !request.bytes.windows(13).any(|window| window == b"/v1/transfers");
                Some((other.filter(|_| !is_list).unwrap_or(answer).bytes, false))
            }
        }
    }

    async fn forward(&self, request: &Message) -> Option<Message> {
        let upstream = (*self.upstream.lock().unwrap())?;
        let answer = timeout(ENDLESS, self.forger.exchange(upstream, request)).await.ok()??;
        if answer.body().windows(11).any(|window| window == b"\"reference\"") {
            *self.last_answer.lock().unwrap() = Some(answer.clone());
        }
        Some(answer)
    }

    /// Delivers the call twice at once, and a third time much later.
    async fn twice(self: &Arc<Self>, request: Message) -> Said {
        let (one, _) = tokio::join!(self.forward(&request), self.forward(&request));
        let desk = self.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(random_range(200..2_500))).await;
            desk.forward(&request).await;
        });
        one.map(|answer| (answer.bytes, false))
    }

    /// Delivers the call never, or too late.
    async fn deaf(self: &Arc<Self>, request: Message) -> Said {
        if random() {
            let desk = self.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(random_range(500..3_000))).await;
                desk.forward(&request).await;
            });
        }
        sleep(ENDLESS).await;
        None
    }

    async fn error(&self, request: &Message) -> Vec<u8> {
        if random() {
            self.forward(request).await;
        }
        let status = ["500 Internal Server Error", "503 Service Unavailable", "404 Not Found"][random_range(0..3)];
        let refused = br#"{"status":"refused","reason":"something went wrong"}"#;
        answer(status, "application/json", [&b"{}"[..], refused, b"oops"][random_range(0..3)])
    }

    async fn garbage(&self, request: &Message) -> Vec<u8> {
        if random() {
            self.forward(request).await;
        }
        let nonsense: [&[u8]; 7] = [
            b"",
            b"<html>paid</html>",
            b"{\"status\":\"pa",
            b"{\"status\":\"refused\"}",
            b"{\"status\":\"paid\",\"utr\":null}",
            b"[\"paid\",\"SIMB000000000001\"]",
            b"\x00\xff\xfe{\"status\":\"paid\",\"utr\":\"SIMB000000000001\"}",
        ];
        let content_type = ["application/json", "text/html"][random_range(0..2)];
        answer("200 OK", content_type, nonsense[random_range(0..nonsense.len())])
    }
}
