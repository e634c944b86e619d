//! PgBouncer in front of the test server: Debian's program, with a configuration of the test's.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::wait::DEADLINE;

const PROGRAMS: [&str; 3] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
/// Below what the system hands out to clients, so that a guess rarely meets one.
const PORTS: std::ops::Range<u32> = 12_000..20_000;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Ends with the value.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    child: Child,
    folder: PathBuf,
    server: String,
}

/// What a test may set; the rest is Debian's or needed here.
#[derive(Clone, Debug)]
pub struct PgBouncerSettings {
    pub pool_mode: &'static str,
    pub pool_size: u32,
    pub more: &'static str,
}

impl Default for PgBouncerSettings {
    /// As docs/operations.md has it.
    fn default() -> Self {
        Self { pool_mode: "session", pool_size: 100, more: "" }
    }
}

impl PgBouncer {
    /// In front of the server that `url` names, for each of its databases.
    pub fn before(url: &str, settings: &PgBouncerSettings) -> Self {
        let server = url.split(['@', '/']).nth(3).expect("a user and a server in the address").to_owned();
        let name = format!("payrail_pgbouncer_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        // It runs as another user when we are root.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("permissions");
        loop {
            let port = free_port();
            std::fs::write(folder.join("pgbouncer.ini"), configuration(&server, port, settings)).expect("a file");
            let mut bouncer = Self { port, child: start(&folder), folder: folder.clone(), server: server.clone() };
            if bouncer.listens() {
                return bouncer;
            }
            // Another program took the port first.
            let _ = bouncer.child.wait();
            bouncer.folder = PathBuf::new();
        }
    }

    /// Of the program that is used: 1.18 is `(1, 18)`.
    pub fn version() -> (u32, u32) {
        let output = Command::new(program()).arg("--version").output().expect("PgBouncer starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = text.split_whitespace().nth(1).unwrap_or_default().split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
            _ => panic!("PgBouncer says of its version: {text:?}"),
        }
    }

    /// The address of the same database by way of here.
    pub fn url(&self, url: &str) -> String {
        url.replace(&self.server, &format!("127.0.0.1:{}", self.port))
    }

    /// Has it read a new configuration, as a careless administrator would in the middle of the day.
    pub fn reload(&self, settings: &PgBouncerSettings) {
        let text = configuration(&self.server, self.port, settings);
        std::fs::write(self.folder.join("pgbouncer.ini"), text).expect("a file");
        let sent = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    fn listens(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < DEADLINE {
            if self.child.try_wait().expect("a process of ours").is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("PgBouncer did not listen within {DEADLINE:?}: {:?}", self.folder);
    }
}

pub(super) fn free_port() -> u16 {
    let wide = PORTS.end - PORTS.start;
    loop {
        let port = PORTS.start + rand::random::<u32>() % wide;
        if let Ok(port) = u16::try_from(port)
            && TcpListener::bind(("127.0.0.1", port)).is_ok()
        {
            return port;
        }
    }
}

fn configuration(server: &str, port: u16, settings: &PgBouncerSettings) -> String {
    let (host, server_port) = server.split_once(':').unwrap_or((server, "5432"));
    let PgBouncerSettings { pool_mode, pool_size, more } = settings;
    let mut text = String::new();
    let _ = std::write!(
        text,
        "[databases]\n* = host={host} port={server_port} user=payrail\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
         pool_mode = {pool_mode}\ndefault_pool_size = {pool_size}\nmax_client_conn = 1000\n{more}\n"
    );
    text
}

/// PAYRAIL_TEST_PGBOUNCER, or where Debian has it.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("PAYRAIL_TEST_PGBOUNCER") {
        return named.into();
    }
    let found = PROGRAMS.iter().find(|path| std::path::Path::new(path).exists());
    found.expect("PgBouncer is not installed: run scripts/setup test").into()
}

/// It refuses to run as root; it dies with us, however we die.
fn start(folder: &std::path::Path) -> Child {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    }
    let log = std::fs::File::create(folder.join("log")).expect("a file");
    let log_too = log.try_clone().expect("a file");
    command.arg(program()).arg(folder.join("pgbouncer.ini"));
    command.stdin(Stdio::null()).stdout(log).stderr(log_too).spawn().expect("setpriv starts PgBouncer")
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
