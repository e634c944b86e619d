//! A wire to a server that holds back whatever is said until it is opened.

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Gate {
    /// The server, by way of here.
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

    /// What was held back goes through, and so does what comes later.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }
}

async fn carry(mut caller: TcpStream, server: String, mut opening: watch::Receiver<bool>) {
    // A worker asks who the bank is before it calls: that is not held back, on a connection that serves nothing else.
    let mut head = [0; 16];
    if matches!(caller.peek(&mut head).await, Ok(16)) && &head == b"GET /v1/identity" {
        return answer_once(caller, server).await;
    }
    if opening.wait_for(|is_open| *is_open).await.is_err() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = copy_bidirectional(&mut caller, &mut server).await;
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
