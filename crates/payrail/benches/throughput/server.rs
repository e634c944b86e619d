//! The program itself, in its own process, as it is run.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const SECRET: &str = "the secret of a benchmark, not of a service";

pub struct Server {
    child: Child,
    pub addr: SocketAddr,
    /// From the start of the process to its first answer.
    pub first_answer: Duration,
}

impl Server {
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_payrail"))
            .env("SECRET_KEY", SECRET)
            .env("PAYRAIL_DEMO", "0")
            .env("PAYRAIL_ADDR", "127.0.0.1:0")
            .env("PAYRAIL_LOG", "error")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.map_while(Result::ok).find(|line| line.contains("listening on ")).expect("it listens");
        let url = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        let addr = url.replace("localhost", "127.0.0.1").parse().expect("an address");
        Self { child, addr, first_answer: begin.elapsed() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
