//! An operator who resolves exceptions. This bank lies so much that more than a thousand would be open without one, and
//! then PayRail stops reading the list of returns.

use std::sync::Arc;
use std::time::Duration;

use payrail_store::testing::DEADLINE;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::requests::Shared;

/// This many stay open, for `payrail verify` to name.
const PAGE: usize = 100;
/// The operator checks now and then; nothing waits for this.
const EVERY: Duration = Duration::from_millis(500);

/// Runs until `stop`; no request is in progress when it returns.
pub async fn resolve_exceptions(shared: Arc<Shared>, stop: CancellationToken) {
    let http = Client::builder().timeout(DEADLINE).no_proxy().build().unwrap();
    while !stop.is_cancelled() {
        let open = open(&http, &shared).await.unwrap_or_default();
        for id in open.iter().filter(|_| open.len() == PAGE) {
            if stop.is_cancelled() {
                return;
            }
            // What fails during a fault stays open, and is tried again.
            let form = json!({ "reason": "The bank has been told that its list is wrong" });
            let request = http.post(url(&shared, &format!("/{id}/resolve"))).json(&form);
            let _ = request.header("Cookie", &shared.cookie).send().await;
        }
        stop.run_until_cancelled(sleep(EVERY)).await;
    }
}

/// The newest ids.
async fn open(http: &Client, shared: &Shared) -> Option<Vec<String>> {
    let request = http.get(url(shared, &format!("?state=open&limit={PAGE}"))).header("Cookie", &shared.cookie);
    let list: Vec<Value> = request.send().await.ok()?.json().await.ok()?;
    list.iter().map(|line| Some(line["id"].as_str()?.to_owned())).collect()
}

fn url(shared: &Shared, rest: &str) -> String {
    format!("http://127.0.0.1:{}/admin/api/v1/exceptions{rest}", shared.ports[0])
}
