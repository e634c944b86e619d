//! Tests wait for conditions, never for a length of time.

use std::time::Duration;

/// How long a test waits for anything. It is far longer than the busiest machine needs, so that only a hang uses it up.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// Asks until the answer is yes. A test waits in this way, and never for a length of time.
///
/// # Panics
/// After [`DEADLINE`].
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, asking).await.is_ok(), "{what}: not within {DEADLINE:?}");
}
