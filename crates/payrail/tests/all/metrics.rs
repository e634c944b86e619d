//! `GET /metrics`: the metrics for Prometheus and its alerts.

use crate::support::{ACME, World, key, until};

on_both_stores!(finished_and_waiting_work_is_counted);

async fn finished_and_waiting_work_is_counted(world: World) {
    // The bank hangs up without an answer. Nothing else may end a call, however slow the machine is, and no second
    // call is due within this test.
    let server = world.serve_with(&[
        ("PAYRAIL_BANK_SILENCE_MS", "50"),
        ("PAYRAIL_BANK_TIMEOUT_MS", "3599999"),
        ("PAYRAIL_LEASE_MS", "3600000"),
        ("PAYRAIL_RETRY_BASE_MS", "3600000"),
        ("PAYRAIL_POLL_MS", "20"),
    ]);
    let figures = async || server.get(ACME, "/metrics").send().await.unwrap().text().await.unwrap();
    let figure = |text: &str, name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
    };
    assert_eq!(figure(&figures().await, "payrail_payouts_in_doubt"), 0);
    let before = figure(&figures().await, "payrail_lane_commands_total");
    server.pay(ACME, key(), 100, "demo-silent").await;
    until("it is in doubt", || async { figure(&figures().await, "payrail_payouts_in_doubt") == 1 }).await;
    let text = figures().await;
    // The request, the claim, the report, and possibly a claim that came too late.
    assert!(figure(&text, "payrail_lane_commands_total") >= before + 3);
    assert!(figure(&text, "payrail_lane_batches_total") > 0);
    assert_eq!(figure(&text, "payrail_lane_waiting"), 0);
    assert_eq!(figure(&text, "payrail_payouts_due"), 0, "the next step has its time");
    assert!(!text.contains("acme"), "nothing in it is about a single merchant");
}
