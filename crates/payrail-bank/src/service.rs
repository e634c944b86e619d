use std::time::Duration;

use tokio::sync::watch;

use crate::book::Book;

/// What the handlers share.
pub struct Service {
    pub book: Book,
    pub can_be_reset: bool,
    pub delay: Duration,
    /// Added to `delay` for a transfer whose outcome is random.
    pub random_delay: Duration,
    pub silence: Duration,
    pub stopping: watch::Receiver<bool>,
}
