//! A small private disk for the database, which can be filled to the last byte and freed again.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use payrail_store::testing::DEADLINE;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Mutex as Turn;
use tokio::time::timeout;

/// Mounts the disk if permitted, runs a command beside it, and unmounts it when the command ends. The command ends with
/// its input, so also when this process dies.
const GUARD: &str = r#"
trap : INT TERM HUP
place=$1 size=$2; shift 2
if mount -t tmpfs -o "size=$size,mode=1777" payrail-torture "$place" 2>/dev/null; then
    echo mounted
else
    echo "not mounted"
fi
"$@"
umount -l "$place" 2>/dev/null
exit 0
"#;

pub struct Disk {
    pub place: PathBuf,
    pub is_mounted: bool,
    /// One fault at a time.
    pub turn: Turn<()>,
    guard: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Disk {
    /// Runs a command that prints its result and then reads its input to the end.
    pub async fn beside(place: PathBuf, size: &str, command: &[&str]) -> Self {
        std::fs::create_dir_all(&place).unwrap();
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&place)
            .arg(size)
            .args(command)
            .env("TMPDIR", &place)
            .env("PAYRAIL_TEST_FSYNC", "on")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(guard.stdout.take().unwrap()).lines();
        let mut disk = Self { place, is_mounted: false, turn: Turn::new(()), guard, lines };
        disk.is_mounted = disk.line().await == "mounted";
        if !disk.is_mounted {
            println!(
                "!!! NO DISK OF OUR OWN COULD BE MOUNTED (that takes root): THE DISK WILL NEVER BE FULL IN THIS RUN"
            );
        }
        disk
    }

    /// The command's next line of output.
    pub async fn line(&mut self) -> String {
        let line = timeout(DEADLINE, self.lines.next_line()).await.expect("it starts in time");
        line.unwrap().expect("it says what was asked for")
    }

    /// Writes until the disk is full.
    pub async fn fill(&self) {
        let filler = self.filler();
        let filling = tokio::task::spawn_blocking(move || {
            let mut file = File::create(filler).unwrap();
            for size in [1 << 20, 1 << 12, 1] {
                let zeros = vec![0; size];
                while file.write_all(&zeros).is_ok() {}
            }
        });
        filling.await.unwrap();
    }

    pub fn free(&self) {
        let _ = std::fs::remove_file(self.filler());
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        Path::new(&self.place).join(name)
    }

    /// Waits until everything is unmounted.
    pub async fn end(mut self) {
        drop(self.guard.stdin.take());
        let _ = timeout(DEADLINE, self.guard.wait()).await;
    }
}
