//! The lanes' own threads. A batch makes a dozen round trips to the database. On the API's threads each one would queue
//! behind all incoming requests, so a flood of requests, even of refused ones, would slow down accepted payouts.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Stops when its last owner drops it; a task that waits for a lane is an owner.
#[derive(Debug)]
pub struct Threads(Option<Runtime>);

impl Threads {
    /// One thread per lane, but no more than there are cores.
    pub fn start(lanes: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let built =
            Builder::new_multi_thread().worker_threads(lanes.min(cores)).thread_name("lanes").enable_all().build();
        if let Err(error) = &built {
            tracing::error!(%error, "the lanes have no threads of their own and share those of the API");
        }
        Self(built.ok())
    }

    pub fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        match &self.0 {
            Some(runtime) => runtime.spawn(lane),
            None => tokio::spawn(lane),
        }
    }
}

impl Drop for Threads {
    /// In the background, because dropping a runtime in another runtime's task would block that task's thread.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
