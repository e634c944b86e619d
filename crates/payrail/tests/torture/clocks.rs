//! An adjustable clock per process, by Debian's libfaketime: a library that replaces the system's time of day (but not
//! the monotonic clock).

use std::path::{Path, PathBuf};
use std::sync::Arc;

const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// The library's path, if it is installed.
pub fn library() -> Option<PathBuf> {
    let here = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    [here.as_str(), "/usr/lib"].iter().map(|folder| Path::new(folder).join(LIBRARY)).find(|path| path.exists())
}

/// A process's clock: a file that states its error.
#[derive(Clone, Debug)]
pub struct Clock {
    library: Arc<Path>,
    file: PathBuf,
}

impl Clock {
    pub fn new(library: &Path, file: PathBuf) -> Self {
        let clock = Self { library: library.into(), file };
        clock.step(0);
        clock
    }

    pub fn step(&self, millis: i64) {
        let sign = if millis < 0 { '-' } else { '+' };
        let (seconds, rest) = (millis.unsigned_abs() / 1_000, millis.unsigned_abs() % 1_000);
        // Atomically: a process that reads a half-written file would step differently.
        let fresh = self.file.with_extension("new");
        std::fs::write(&fresh, format!("{sign}{seconds}.{rest:03}\n")).unwrap();
        std::fs::rename(&fresh, &self.file).unwrap();
    }

    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ]
    }
}

/// The library leaves these behind when its process is killed.
pub fn sweep_after(process: u32) {
    for name in [format!("faketime_shm_{process}"), format!("sem.faketime_sem_{process}")] {
        let _ = std::fs::remove_file(Path::new("/dev/shm").join(name));
    }
}
