//! An operator's search is exact, over all merchants, and says what matched.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ADMIN, Answer, Desk, ask, text};
use crate::support::{ACME, FIAZ, Process, TINY, World, key, until};

on_both_stores!(
    every_name_of_a_payout_finds_it_for_any_merchant,
    a_merchant_is_found_by_id_email_and_name,
    nonsense_is_refused
);

async fn search(desk: &Desk<'_>, text: &str) -> Value {
    let url = reqwest::Url::parse_with_params("http://search/search", [("q", text)]).unwrap();
    desk.get(&format!("/search?{}", url.query().unwrap())).await.is(200)
}

/// Which payouts are found, and by what.
async fn found(desk: &Desk<'_>, q: &str) -> Vec<(String, Value)> {
    let answer = search(desk, q).await;
    assert_eq!((&answer["searched_back_to"], &answer["merchants"]), (&json!(null), &json!([])), "{q}");
    let payouts = answer["payouts"].as_array().unwrap();
    payouts.iter().map(|found| (text(&found["payout"]["id"]), found["matched"].clone())).collect()
}

async fn paid(server: &Process, api_key: &str, amount: i64, account: &str) -> Value {
    let (_, payout) = server.pay(api_key, key(), amount, account).await;
    let path = format!("/api/v1/payouts/{}/", text(&payout["id"]));
    until("it is paid", || async { server.json(api_key, &path).await["status"] == "completed" }).await;
    server.json(api_key, &path).await
}

async fn every_name_of_a_payout_finds_it_for_any_merchant(world: World) {
    let server = world.serve();
    let desk = Desk::of(&server, ADMIN).await;
    let acme = paid(&server, ACME, 4_321, "demo-success").await;
    let fiaz = paid(&server, FIAZ, 9_876, "demo-success").await;
    for payout in [&acme, &fiaz] {
        let id = text(&payout["id"]);
        let of = |by: &str| vec![(id.clone(), json!([by]))];
        assert_eq!(found(&desk, &id).await, of("id"));
        assert_eq!(found(&desk, &text(&payout["reference"])).await, of("reference"));
        assert_eq!(found(&desk, &format!("  {}\n", text(&payout["utr"]).trim())).await, of("utr"));
        assert_eq!(found(&desk, &format!("…{}", &id[id.len() - 8..])).await, of("ending"));
    }
    assert_eq!(found(&desk, "₹43.21").await, [(text(&acme["id"]), json!(["amount"]))]);
    assert_eq!(found(&desk, "9876").await, [(text(&fiaz["id"]), json!(["amount"]))]);
    let both = found(&desk, "demo-success").await;
    assert_eq!(both, [(text(&fiaz["id"]), json!(["bank_account"])), (text(&acme["id"]), json!(["bank_account"]))]);
    let answer = search(&desk, &text(&acme["utr"])).await;
    assert_eq!(answer["payouts"][0]["payout"]["merchant"]["name"], "Acme Agency");
    // Nothing is found by a part, or by something like it.
    for near in [&text(&acme["utr"])[1..], &text(&acme["id"])[..30], "demo-succes", "DEMO-SUCCESS", "43.2", "00000000"]
    {
        assert_eq!(found(&desk, near).await, [], "{near}");
    }
}

async fn a_merchant_is_found_by_id_email_and_name(world: World) {
    let server = super::api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let id = text(&server.json(TINY, "/api/v1/me/").await["id"]);
    for (q, by) in [(id.as_str(), "id"), ("TINY@example.com", "email"), ("tiny studio", "name")] {
        let answer = search(&desk, q).await;
        assert_eq!(answer["payouts"], json!([]));
        assert_eq!(
            (&answer["merchants"][0]["matched"], &answer["merchants"][0]["merchant"]["id"]),
            (&json!([by]), &json!(id))
        );
    }
    assert_eq!(search(&desk, "tiny").await["merchants"], json!([]), "a part of a name is no name");
}

async fn nonsense_is_refused(world: World) {
    let server = super::api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    desk.get("/search").await.is_problem(400, "invalid_parameter");
    desk.get("/search?q=%20").await.is_problem(400, "invalid_parameter");
    desk.get("/search?q=a%00b").await.is_problem(400, "invalid_parameter");
    Answer::to(ask(&server, Method::GET, "/search?q=x")).await.is_problem(401, "not_authenticated");
}
