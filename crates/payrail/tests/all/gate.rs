//! A wire to a server that holds back whatever is said until it is opened.

use tokio::io::copy_bidirectional;
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
    if opening.wait_for(|is_open| *is_open).await.is_err() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = copy_bidirectional(&mut caller, &mut server).await;
}
