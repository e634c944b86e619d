//! PostgreSQL servers of a test's own: with certificates, with a standby, and to be killed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::pgbouncer::free_port;
use super::wait::DEADLINE;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Small and quick: no test cuts its power.
const CONFIGURATION: &str =
    "listen_addresses = '127.0.0.1'\nfsync = off\nshared_buffers = 32MB\nmax_connections = 200\n";

/// Stopped and removed with the value.
#[derive(Debug)]
pub struct TestServer {
    folder: PathBuf,
    port: u16,
}

impl TestServer {
    /// A new one. `files`: name and content, beside its data, which only its own user may read. In `configuration` the
    /// folder is called `{folder}`. `hba`: who may connect, and how; all from this machine, unless it says otherwise.
    pub fn start(files: &[(&str, &str)], configuration: &str, hba: Option<&str>) -> Self {
        let server = Self::in_new_folder();
        let data = server.data();
        run("initdb", &["-D", &data, "--auth=trust", "-U", "payrail", "-E", "UTF8", "--no-locale", "--no-sync"]);
        for (name, content) in files {
            server.put(&server.folder.join(name), content);
        }
        let folder = server.folder.display().to_string();
        let text = format!("{CONFIGURATION}{}", configuration.replace("{folder}", &folder));
        let path = Path::new(&data).join("postgresql.conf");
        let before = fs::read_to_string(&path).expect("initdb wrote it");
        server.put(&path, &format!("{before}\n{text}"));
        if let Some(hba) = hba {
            server.put(&Path::new(&data).join("pg_hba.conf"), hba);
        }
        server.begin();
        server
    }

    /// A copy that follows, with whatever the primary had. It answers reads only.
    pub fn standby(&self) -> Self {
        let standby = Self::in_new_folder();
        let port = self.port.to_string();
        run(
            "pg_basebackup",
            &["-D", &standby.data(), "-h", "127.0.0.1", "-p", &port, "-U", "payrail", "-R", "--no-sync", "-c", "fast"],
        );
        standby.begin();
        standby
    }

    /// One whose data a script lays out, run as [`Self::shell`] does; it is told where.
    pub fn laid_out_by(script: impl FnOnce(&str) -> String) -> Self {
        let server = Self::in_new_folder();
        server.shell(&script(&server.data()));
        server.begin();
        server
    }

    /// Runs a script as the server's user. PostgreSQL's clients in it find this server.
    pub fn shell(&self, script: &str) {
        let port = self.port.to_string();
        let place = [("PGHOST", "127.0.0.1"), ("PGPORT", &port), ("PGUSER", "payrail"), ("PGDATABASE", "postgres")];
        let output = program("sh", &["-ec", script]).envs(place).stderr(Stdio::piped()).output().expect("a shell");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// No commit is answered before the standby has it on disk.
    pub fn wait_for_standby(&self) {
        self.psql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.psql("SELECT pg_reload_conf()");
    }

    /// As its administrator.
    pub fn psql(&self, sql: &str) {
        let (port, folder) = (self.port.to_string(), self.folder.display().to_string());
        let place = ["-h", &folder, "-p", &port, "-U", "payrail", "-d", "postgres"];
        run("psql", &[&["-qX", "-v", "ON_ERROR_STOP=1"][..], &place, &["-c", sql]].concat());
    }

    /// What is its own: data, log, and what tests put there.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://payrail@{}/{database}", self.host())
    }

    /// SIGKILL, for all of its processes: no chance to say goodbye.
    pub fn kill(&self) {
        let text = fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).expect("it runs");
        let postmaster = text.lines().next().expect("its first line is the process").to_owned();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster]).output().expect("ps");
        let children = String::from_utf8_lossy(&children.stdout).into_owned();
        for process in [postmaster.as_str()].into_iter().chain(children.split_whitespace()) {
            let _ = Command::new("kill").args(["-KILL", process]).stderr(Stdio::null()).status();
        }
    }

    /// From a standby to a primary.
    pub fn promote(&self) {
        run("pg_ctl", &["promote", "-w", "-t", "600", "-D", &self.data()]);
    }

    fn in_new_folder() -> Self {
        let name = format!("payrail_cluster_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        // Not TMPDIR: a socket's path must be short, and another user must get there.
        let folder = Path::new("/tmp").join(name);
        fs::create_dir_all(&folder).expect("a temporary folder");
        let server = Self { folder, port: free_port() };
        server.give(&server.folder);
        server
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn begin(&self) {
        run("pg_ctl", &self.start_arguments().each_ref().map(String::as_str));
    }

    /// After a kill. The processes that were killed may take a moment to be gone.
    pub fn begin_again(&self) {
        let begun = Instant::now();
        while !program("pg_ctl", &self.start_arguments().each_ref().map(String::as_str))
            .status()
            .expect("pg_ctl")
            .success()
        {
            assert!(begun.elapsed() < DEADLINE, "the server does not start again");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn start_arguments(&self) -> [String; 10] {
        let (log, folder) = (self.folder.join("log").display().to_string(), self.folder.display());
        let options = format!("-p {} -k {folder}", self.port);
        ["start", "-w", "-t", "600", "-D", &self.data(), "-l", &log, "-o", &options].map(str::to_owned)
    }

    fn put(&self, path: &Path, content: &str) {
        fs::write(path, content).expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("permissions");
        self.give(path);
    }

    /// To the user as whom the server runs.
    fn give(&self, path: &Path) {
        if let Some((user, group)) = owner() {
            chown(path, Some(user), Some(group)).expect("root may");
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let mut stop = program("pg_ctl", &["stop", "-m", "immediate", "-D", &self.data()]);
        let _ = stop.status();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// PostgreSQL refuses to run as root: as whom instead. None where we are not root.
fn owner() -> Option<(u32, u32)> {
    if !fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the users of the system");
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    of("postgres").or_else(|| of("nobody"))
}

/// (A server keeps what it inherits: no pipe of ours may be among it.)
fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = match owner() {
        Some((user, group)) => {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={user}"), format!("--regid={group}")]).args(["--clear-groups", name]);
            command
        }
        None => Command::new(name),
    };
    command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(name: &str, arguments: &[&str]) {
    let status = program(name, arguments).status().expect("scripts/with-postgres has PostgreSQL's programs on PATH");
    assert!(status.success(), "{name} {arguments:?}: {status}");
}
