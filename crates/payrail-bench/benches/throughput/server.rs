//! The program itself, in its own process, as it is run.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use payrail_store::testing;

pub const SECRET: &str = "the secret of a benchmark, not of a service";

/// Which build of the program is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    This,
    /// The one that PAYRAIL_BENCH_BASELINE names.
    Baseline,
}

impl Build {
    /// The program, if it is to be measured.
    pub fn program(self) -> Option<PathBuf> {
        match self {
            Self::This => Some(testing::program("payrail")),
            Self::Baseline => std::env::var_os("PAYRAIL_BENCH_BASELINE").map(PathBuf::from),
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::This => "this",
            Self::Baseline => "baseline",
        }
    }
}

/// The program with these arguments, on this database, and no setting of the outer environment.
pub fn command(program: &Path, database_url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PAYRAIL_")) {
        command.env_remove(name);
    }
    command.args(arguments).env("DATABASE_URL", database_url).env("SECRET_KEY", SECRET).env("DEBUG", "0");
    command.env("PAYRAIL_LOG", "error");
    command
}

pub struct Server {
    child: Child,
    pub addr: SocketAddr,
    /// From the start of the process to its first answer.
    pub first_answer: Duration,
}

impl Server {
    pub fn start(mut command: Command) -> Self {
        let begin = Instant::now();
        command.env("PAYRAIL_DEMO", "0").env("PAYRAIL_ADDR", "127.0.0.1:0");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
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
