//! `GET /metrics`: what Prometheus reads, and an operator is woken by.

use crate::support::{ACME, World, key, until};

on_both_stores!(what_was_done_and_what_waits_is_counted);

async fn what_was_done_and_what_waits_is_counted(world: World) {
    // The bank does not answer, nor will it within this test.
    let server = world.serve_with(&[("PAYRAIL_BANK_TIMEOUT_MS", "300"), ("PAYRAIL_POLL_MS", "20")]);
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
    // The request, the claim, the report.
    assert_eq!(figure(&text, "payrail_lane_commands_total"), before + 3);
    assert!(figure(&text, "payrail_lane_batches_total") > 0);
    assert_eq!(figure(&text, "payrail_lane_waiting"), 0);
    assert_eq!(figure(&text, "payrail_payouts_due"), 0, "the next step has its time");
    assert!(!text.contains("acme"), "nothing in it is about a single merchant");
}
