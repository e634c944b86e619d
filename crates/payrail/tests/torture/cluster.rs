//! PostgreSQL for one run: a private cluster that flushes to disk, and can be stopped and started.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use payrail_store::testing::{DEADLINE, Sql};
use tokio::process::Command;
use tokio::sync::Mutex as Turn;
use tokio::time::{sleep, timeout};

use crate::disk::Disk;

pub struct Cluster {
    pub url: String,
    pub psql: PathBuf,
    /// One fault at a time.
    pub turn: Turn<()>,
    pg_ctl: PathBuf,
    data: PathBuf,
    log: PathBuf,
}

const SIZE: &str = "360m";
const COMMAND: &str = "echo \"$TEST_DATABASE_URL\"; command -v pg_ctl; command -v psql; read end";
const CONNECTS_WITHIN: Duration = Duration::from_secs(30);

impl Cluster {
    pub async fn start(folder: &Path) -> (Self, Disk) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-postgres");
        let mut disk = Disk::beside(folder.join("disk"), SIZE, &[script, "sh", "-c", COMMAND]).await;
        let (url, pg_ctl, psql) = (disk.line().await, disk.line().await.into(), disk.line().await.into());
        let log = disk.path("postgres.log");
        let mut cluster = Self { url, psql, turn: Turn::new(()), pg_ctl, data: PathBuf::new(), log };
        let mut admin = cluster.connect().await.unwrap();
        cluster.data = admin.texts("SHOW data_directory").await.remove(0).into();
        // Limits the WAL, so that it fits on the small disk.
        for setting in ["max_wal_size = '96MB'", "min_wal_size = '32MB'", "log_min_messages = 'error'"] {
            admin.exec(&format!("ALTER SYSTEM SET {setting}")).await;
        }
        admin.exec("SELECT pg_reload_conf()").await;
        (cluster, disk)
    }

    pub async fn connect(&self) -> Option<Sql> {
        timeout(CONNECTS_WITHIN, Sql::try_connect(&self.url)).await.ok()?.ok()
    }

    /// Like a power cut, as far as processes can tell.
    pub async fn stop_at_once(&self) {
        self.control(&["stop", "-m", "immediate"]).await;
    }

    /// Starts it if it is not running, and waits until it answers.
    pub async fn bring_back(&self) {
        let begun = Instant::now();
        let port = self.url.rsplit([':', '/']).nth(1).unwrap_or_default();
        let log = self.log.display().to_string();
        while begun.elapsed() < DEADLINE {
            if self.connect().await.is_some() {
                return;
            }
            self.control(&["start", "-w", "-t", "60", "-l", &log, "-o", &format!("-p {port}")]).await;
            sleep(Duration::from_millis(200)).await;
        }
        panic!("PostgreSQL did not come back; its log is {log}");
    }

    /// The backends of our sessions, active ones first.
    pub async fn backends(&self) -> Vec<i32> {
        let Some(mut admin) = self.connect().await else { return Vec::new() };
        let ours = "SELECT pid::text FROM pg_stat_activity WHERE application_name = 'payrail' \
                    ORDER BY (state = 'active') DESC, state_change DESC";
        let found = admin.try_texts(ours).await.unwrap_or_default();
        found.iter().map(|pid| pid.parse().expect("a process")).collect()
    }

    pub async fn kill(&self, backend: i32) {
        let _ = Command::new("kill").args(["-KILL", &backend.to_string()]).stderr(Stdio::null()).status().await;
    }

    pub async fn end_sessions(&self, backends: &[i32]) {
        if let Some(mut admin) = self.connect().await {
            let end = format!("SELECT pg_terminate_backend(pid) FROM unnest(ARRAY{backends:?}::int[]) AS pid");
            let _ = admin.try_exec(&end).await;
        }
    }

    /// Runs as the owner of its files. (The server keeps inherited file descriptors, so none may be a pipe of ours.)
    async fn control(&self, arguments: &[&str]) {
        let owner = std::fs::metadata(&self.data).unwrap();
        let mut command = Command::new("setpriv");
        if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            command
                .args([format!("--reuid={}", owner.uid()), format!("--regid={}", owner.gid())])
                .arg("--clear-groups");
        }
        command.arg(&self.pg_ctl).args(arguments).arg("-D").arg(&self.data).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let _ = timeout(DEADLINE, command.status()).await;
    }
}
