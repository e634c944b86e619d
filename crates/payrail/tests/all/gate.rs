//! A proxy to a server that holds back all data until it is opened.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Gate {
    /// The server's URL through this proxy.
    pub url: String,
    is_open: watch::Sender<bool>,
}

impl Gate {
    pub async fn before(server_url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server_url.trim_start_matches("http://").to_owned();
        let (is_open, opening) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(carry(caller, server.clone(), opening.clone()));
            }
        });
        Self { url, is_open }
    }

    /// Releases held data and everything after it.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }

    /// Holds back everything from now on.
    pub fn close(&self) {
        self.is_open.send_replace(false);
    }
}

async fn carry(caller: TcpStream, server: String, opening: watch::Receiver<bool>) {
    // A worker asks for the bank's identity before it calls. That connection is not held back, and carries nothing
    // else.
    let mut head = [0; 16];
    if matches!(caller.peek(&mut head).await, Ok(16)) && &head == b"GET /v1/identity" {
        return answer_once(caller, server).await;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((from_caller, mut to_caller), (mut from_server, to_server)) = (caller.into_split(), server.into_split());
    tokio::select! {
        _ = held_back(from_caller, to_server, opening) => {}
        _ = tokio::io::copy(&mut from_server, &mut to_caller) => {}
    }
}

/// Each piece waits until the gate is open.
async fn held_back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut opening: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        if opening.wait_for(|is_open| *is_open).await.is_err() || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn answer_once(mut caller: TcpStream, server: String) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let mut buffer = vec![0; 16 * 1024];
    let Ok(length) = caller.read(&mut buffer).await else { return };
    let request = String::from_utf8_lossy(&buffer[..length]).replacen("\r\n", "\r\nConnection: close\r\n", 1);
    if server.write_all(request.as_bytes()).await.is_ok() {
        let mut answer = Vec::new();
        let _ = server.read_to_end(&mut answer).await;
        let _ = caller.write_all(&answer).await;
    }
}
