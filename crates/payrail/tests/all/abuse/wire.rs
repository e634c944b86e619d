//! A raw connection, because a client library would not send malformed requests.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{DEADLINE, Process, TINY, key};

pub const ORDER: &str = r#"{"amount_paise":1,"bank_account_id":"wire"}"#;

pub struct Wire(pub TcpStream);

/// What the server sent.
pub struct Told(pub String);

impl Wire {
    pub async fn to(server: &Process) -> Self {
        Self(TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap())
    }

    /// Whether it could be sent: the server may have closed the connection.
    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Sends one byte after the other; whether all could be sent.
    pub async fn drip(&mut self, bytes: &str, each: Duration) -> bool {
        for byte in bytes.bytes() {
            if !self.say([byte]).await || self.has_ended().await {
                return false;
            }
            tokio::time::sleep(each).await;
        }
        true
    }

    async fn has_ended(&self) -> bool {
        let mut byte = [0];
        matches!(tokio::time::timeout(Duration::ZERO, self.0.peek(&mut byte)).await, Ok(Ok(0)))
    }

    /// Everything until the server closes the connection, which it must.
    pub async fn heard_out(mut self) -> Told {
        let mut heard = Vec::new();
        let ended = tokio::time::timeout(DEADLINE, self.0.read_to_end(&mut heard)).await;
        assert!(ended.is_ok(), "the connection is still open after {:?}", String::from_utf8_lossy(&heard));
        Told(String::from_utf8_lossy(&heard).into_owned())
    }

    /// One answer, or a part of it if the connection ends.
    pub async fn answer(&mut self) -> Told {
        let mut heard = String::new();
        loop {
            let is_whole = heard.split_once("\r\n\r\n").is_some_and(|(head, body)| body.len() >= length(head));
            let mut bytes = [0; 4096];
            let read = if is_whole { Ok(0) } else { self.0.read(&mut bytes).await };
            match read {
                Ok(read @ 1..) => heard.push_str(&String::from_utf8_lossy(&bytes[..read])),
                _ => return Told(heard),
            }
        }
    }

    /// One answer, on a connection that stays open.
    pub async fn hear(&mut self) -> Told {
        let told = tokio::time::timeout(DEADLINE, self.answer()).await.expect("an answer");
        assert!(told.status() > 0, "the connection ended: {:?}", told.0);
        told
    }
}

fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:").map(str::to_owned));
    line.map_or(0, |length| length.trim().parse().unwrap())
}

impl Told {
    /// 0 if there is no answer.
    pub fn status(&self) -> u16 {
        self.0.strip_prefix("HTTP/1.").map_or(0, |rest| rest[2..5].parse().unwrap())
    }

    /// The statuses of all answers.
    pub fn statuses(&self) -> Vec<u16> {
        self.0.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
    }

    pub fn is_problem(&self, status: u16, code: &str) {
        let (head, body) = self.0.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {:?}", self.0));
        assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
        let problem: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {}", self.0));
        assert_eq!((self.status(), &problem["status"], problem["code"].as_str()), (status, &status.into(), Some(code)));
    }
}

/// The head of a payout request of Tiny Studio's, with these lines at its end.
pub fn order_head(lines: &str) -> String {
    format!(
        "POST /api/v1/payouts/ HTTP/1.1\r\nHost: payrail\r\nAuthorization: Api-Key {TINY}\r\nIdempotency-Key: {}\r\n\
         Content-Type: application/json\r\n{lines}\r\n",
        key()
    )
}

/// A whole payout request, which leaves the connection open.
pub fn order() -> String {
    format!("{}{ORDER}", order_head(&format!("Content-Length: {}\r\n", ORDER.len())))
}

pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: payrail\r\nAuthorization: Api-Key {TINY}\r\n\r\n")
}

/// The number of Tiny Studio's payouts, read over another connection.
pub async fn payouts(server: &Process) -> usize {
    server.json(TINY, "/api/v1/payouts/?limit=200").await.as_array().unwrap().len()
}
