//! The clients' notes, one JSON object per line: each request, its time, and the exact bytes of each answer. The
//! auditor knows nothing else about the clients.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use uuid::Uuid;

pub struct Notes {
    file: Mutex<File>,
    calls: AtomicU64,
    begun: Instant,
    acknowledged: Mutex<Vec<u64>>,
}

impl Notes {
    pub fn begin(path: &Path) -> Self {
        let file = Mutex::new(File::create(path).unwrap());
        Self { file, calls: AtomicU64::new(0), begun: Instant::now(), acknowledged: Mutex::default() }
    }

    /// Microseconds since the beginning.
    pub fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap()
    }

    /// A merchant's balances before the first request.
    pub fn opening(&self, merchant: Uuid, amount: i64) {
        self.write(&json!({ "event": "opening", "merchant": merchant, "amount": amount }));
    }

    /// The call's number.
    pub fn sent(&self, client: &str, merchant: Uuid, what: &Value) -> u64 {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let mut line =
            json!({ "event": "sent", "call": call, "at": self.now(), "client": client, "merchant": merchant });
        line.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        self.write(&line);
        call
    }

    pub fn answered(&self, call: u64, status: u16, replayed: bool, body: &str) {
        let at = self.now();
        let line =
            json!({ "event": "answer", "call": call, "at": at, "status": status, "replayed": replayed, "body": body });
        self.write(&line);
    }

    pub fn unanswered(&self, call: u64, why: &str) {
        self.write(&json!({ "event": "silence", "call": call, "at": self.now(), "why": why }));
    }

    /// A payout was acknowledged just now.
    pub fn acknowledged(&self) {
        self.acknowledged.lock().unwrap().push(self.now());
    }

    /// Microseconds from then to the next acknowledged payout.
    pub fn recovery(&self, from: u64) -> Option<u64> {
        let all = self.acknowledged.lock().unwrap();
        all.iter().filter(|at| **at > from).min().map(|at| at - from)
    }

    fn write(&self, line: &Value) {
        let mut bytes = line.to_string().into_bytes();
        bytes.push(b'\n');
        self.file.lock().unwrap().write_all(&bytes).unwrap();
    }
}
