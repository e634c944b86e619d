//! HTTP/1.1 messages as the bank and the rail write them: a head, and a body of a stated length.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Clone, Debug)]
pub struct Message {
    pub bytes: Vec<u8>,
    head: usize,
}

impl Message {
    /// `None` when the other end closes, or sends a malformed message.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            if let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = head + 4;
                let length = length(&bytes[..head])?;
                if bytes.len() >= head + length {
                    return Some(Self { bytes, head });
                }
            }
            match from.read(&mut chunk).await {
                Ok(read @ 1..) => bytes.extend_from_slice(&chunk[..read]),
                _ => return None,
            }
        }
    }

    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    /// The same head with another body length.
    pub fn with_body(&self, body: &[u8]) -> Self {
        let is_length = |line: &&str| line.to_ascii_lowercase().starts_with("content-length:");
        let length = format!("content-length: {}", body.len());
        let mut message = self.with_head(|head| {
            let lines = head.split("\r\n").map(|line| if is_length(&line) { length.as_str() } else { line });
            lines.collect::<Vec<_>>().join("\r\n")
        });
        message.bytes.truncate(message.head);
        message.bytes.extend_from_slice(body);
        message
    }

    pub fn with_head(&self, change: impl FnOnce(&str) -> String) -> Self {
        let head = change(&String::from_utf8_lossy(&self.bytes[..self.head]));
        Self { bytes: [head.as_bytes(), self.body()].concat(), head: head.len() }
    }
}

fn length(head: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(head).ok()?;
    let stated = text.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok()).flatten()
    });
    Some(stated.unwrap_or(0))
}

/// A made-up answer.
pub fn answer(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// One exchange on a connection of its own.
pub async fn exchange(to: std::net::SocketAddr, request: &Message) -> Option<Message> {
    let mut server = TcpStream::connect(to).await.ok()?;
    server.write_all(&request.bytes).await.ok()?;
    Message::read(&mut server).await
}
