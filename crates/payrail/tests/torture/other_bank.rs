//! A second bank with its own identity and book, which a worker is configured for by mistake for a while. It would pay
//! whatever it receives. The calls to it are logged for the auditor in other-bank.jsonl.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};

use crate::http::{Message, exchange};
use crate::wire::{Upstream, listen_anywhere};

pub const NOTES: &str = "other-bank.jsonl";
pub const BOOK: &str = "other-bank.db";

pub struct OtherBank {
    pub url: String,
    server: JoinHandle<()>,
}

impl OtherBank {
    pub async fn to(bank: Upstream, folder: &Path) -> Self {
        let notes = Arc::new(Mutex::new(File::create(folder.join(NOTES)).unwrap()));
        let (port, listener) = listen_anywhere().await;
        let server = tokio::spawn(async move {
            let mut callers = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                callers.spawn(talk(client, bank.clone(), notes.clone()));
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), server }
    }
}

impl Drop for OtherBank {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn talk(mut client: TcpStream, bank: Upstream, notes: Arc<Mutex<File>>) {
    while let Some(request) = Message::read(&mut client).await {
        writeln!(notes.lock().unwrap(), "{}", json!({ "call": first_words(&request) })).unwrap();
        let Some(address): Option<SocketAddr> = *bank.lock().unwrap() else { return };
        let Some(answer) = exchange(address, &request).await else { return };
        if client.write_all(&answer.bytes).await.is_err() {
            return;
        }
    }
}

/// `POST /v1/transfers`
fn first_words(request: &Message) -> String {
    let line = request.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    String::from_utf8_lossy(line).split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
