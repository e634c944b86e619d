//! This process's metrics, for Prometheus.

use std::sync::OnceLock;

use metrics::{describe_counter, describe_gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Transactions of the lanes, and the commands in them: their ratio is the size of a batch.
pub const BATCHES: &str = "payrail_lane_batches_total";
pub const COMMANDS: &str = "payrail_lane_commands_total";
pub const WAITING: &str = "payrail_lane_waiting";
pub const IN_DOUBT: &str = "payrail_payouts_in_doubt";
pub const IN_DOUBT_OLDEST: &str = "payrail_payouts_in_doubt_oldest_seconds";
pub const DUE: &str = "payrail_payouts_due";
pub const DUE_OLDEST: &str = "payrail_payouts_due_oldest_seconds";
pub const EXCEPTIONS: &str = "payrail_exceptions_open";
pub const EXCEPTIONS_OLDEST: &str = "payrail_exceptions_open_oldest_seconds";
pub const RETURNS_WAITING: &str = "payrail_returns_waiting";
pub const DUE_FAR_AHEAD: &str = "payrail_payouts_due_far_ahead";
pub const CLOCK_DIFFERENCE: &str = "payrail_clock_difference_seconds";
pub const ANOTHER_BANK: &str = "payrail_bank_is_another";

pub const BANK_CALLS: &str = "payrail_bank_calls_total";

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts counting, once.
pub fn begin() {
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new().install_recorder().ok()?;
        describe_counter!(BATCHES, "Transactions that the lanes of this process committed");
        describe_counter!(COMMANDS, "Commands that those transactions decided");
        describe_counter!(BANK_CALLS, "Calls to the banks, by rail and answer");
        describe_gauge!(WAITING, "Commands of this process that wait for their decision");
        describe_gauge!(IN_DOUBT, "Payouts whose last call to the bank got no definite answer");
        describe_gauge!(IN_DOUBT_OLDEST, "Age of the oldest doubt: alert on it");
        describe_gauge!(DUE, "Payouts whose next step is due and that no worker has taken");
        describe_gauge!(DUE_OLDEST, "How long the first of them has been due: alert on it");
        describe_gauge!(EXCEPTIONS, "Exceptions that no operator has resolved: alert on it");
        describe_gauge!(EXCEPTIONS_OLDEST, "Age of the oldest open exception");
        describe_gauge!(RETURNS_WAITING, "Returns that are set aside until they can be credited");
        describe_gauge!(DUE_FAR_AHEAD, "Payouts that a wrong clock made due far in the future: alert beyond 0");
        describe_gauge!(CLOCK_DIFFERENCE, "How far this machine's clock is ahead of the database's: alert beyond 1");
        describe_gauge!(ANOTHER_BANK, "1 while the worker of a rail waits because another bank answers: alert on it");
        Some(recorder)
    });
}

/// All metrics in Prometheus' text format.
pub fn text() -> String {
    RECORDER.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}
