//! The lanes' own threads. A batch goes back and forth between its lane and the database a dozen times; on the
//! threads of the API each return would queue behind every request that has come in, and a flood of requests, even of
//! such as are turned away, would slow down what was accepted.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Ends with its last owner; whoever waits for a lane is one.
#[derive(Debug)]
pub struct Threads(Option<Runtime>);

impl Threads {
    /// As many as there are lanes, and no more than there are cores.
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
    /// In the background: a runtime that is dropped by a task of another would block that one's thread.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
