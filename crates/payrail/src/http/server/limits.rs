//! The limits on connections and on their time.

use std::time::Duration;

/// Checked settings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections: usize,
    pub head: Duration,
    pub body: Duration,
    pub idle: Duration,
    pub stall: Duration,
}
