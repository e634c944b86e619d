//! A wire to PostgreSQL that can be cut at a chosen word, before the word gets through or after its
//! answer has come back.

use std::sync::{Arc, Mutex};

use payrail_store::testing::DEADLINE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub at: &'static str,
    /// The server gets the word and answers; only the client never learns of it.
    pub after_the_answer: bool,
}

pub struct Proxy {
    /// The database, by way of here.
    pub url: String,
    next: Arc<Mutex<Option<Cut>>>,
}

impl Proxy {
    pub async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap().to_string();
        let server = url.split(['@', '/']).nth(3).unwrap().to_owned();
        let proxy = Self { url: url.replace(&server, &here), next: Arc::default() };
        let next = proxy.next.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(carry(client, server, next.clone()));
            }
        });
        proxy
    }

    /// Cuts one connection, the next that says the word.
    pub fn cut(&self, cut: Cut) {
        *self.next.lock().unwrap() = Some(cut);
    }

    pub fn has_cut(&self) -> bool {
        self.next.lock().unwrap().is_none()
    }
}

/// How the server's answers end: it is ready for the next question. One byte follows, the transaction's state.
const READY: &[u8] = b"Z\0\0\0\x05";

/// Returns, and with that closes both ends, when either end does or when the wire is cut.
async fn carry(mut client: TcpStream, mut server: TcpStream, next: Arc<Mutex<Option<Cut>>>) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let (from_client, length) = tokio::select! {
            read = client.read(&mut asked) => (true, read.unwrap_or(0)),
            read = server.read(&mut answered) => (false, read.unwrap_or(0)),
        };
        if length == 0 {
            return;
        }
        let sent = if from_client {
            if let Some(cut) = take_if_said(&next, &asked[..length]) {
                if !cut.after_the_answer {
                    return;
                }
                let _ = server.write_all(&asked[..length]).await;
                return hear_out(&mut server, &mut answered, cut).await;
            }
            server.write_all(&asked[..length]).await
        } else {
            client.write_all(&answered[..length]).await
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Until the server has answered. Of a COMMIT the answer is waited for, and not one to an earlier question.
async fn hear_out(server: &mut TcpStream, answered: &mut [u8], cut: Cut) {
    let mut heard = Vec::new();
    let ends: [&[u8]; 3] = [b"COMMIT\0", b"ROLLBACK\0", b"SERROR\0"];
    let is_over = |heard: &[u8]| {
        let Some((_, answers)) = heard.split_last() else { return false };
        let is_answered = || ends.iter().any(|end| answers.windows(end.len()).any(|window| window == *end));
        answers.ends_with(READY) && (!cut.at.starts_with("COMMIT") || is_answered())
    };
    while !is_over(&heard) {
        match timeout(DEADLINE, server.read(answered)).await.expect("the server answers") {
            Ok(length @ 1..) => heard.extend_from_slice(&answered[..length]),
            _ => return,
        }
    }
}

fn take_if_said(next: &Mutex<Option<Cut>>, bytes: &[u8]) -> Option<Cut> {
    let mut next = next.lock().unwrap();
    let word = next.as_ref()?.at.as_bytes();
    let said = bytes.windows(word.len()).any(|window| window == word);
    if said { next.take() } else { None }
}
