//! Cells on Citus: moved to another node under load, and on nodes that die. (Payouts, races, workers and streams on Citus
//! are tests of `cells`, `race` and others.)

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use futures::future::join_all;
use payrail_store::testing::{Sql, TestDatabase, TestServer};
use reqwest::StatusCode;

use crate::cells::{Shop, kill_one_and_start_it_again, shops};
use crate::support::{Process, World, key, until};

/// As in scripts/with-citus.
const CITUS: &str = "shared_preload_libraries = 'citus'\nwal_level = logical\nmax_worker_processes = 32\n\
    citus.node_conninfo = 'sslmode=disable'\ncitus.enable_statistics_collection = off";

/// Pays one paisa after the other until it is told to stop. Every answer must be a payout.
async fn pay_on(server: &Process, shop: &Shop, is_over: &AtomicBool) -> i64 {
    let mut paid = 0;
    while !is_over.load(Ordering::Relaxed) {
        let answer = server.pay(&shop.api_key, key(), 1, "demo-success").await;
        assert_eq!(answer.0, StatusCode::CREATED, "{answer:?}");
        paid += 1;
    }
    paid
}

/// `host:port` of each cell's node.
async fn nodes(coordinator: &mut Sql) -> Vec<String> {
    let sql = "SELECT nodename || ':' || nodeport FROM citus_shards WHERE table_name::text LIKE '%.merchants' \
               ORDER BY table_name::text";
    coordinator.texts(sql).await
}

async fn move_to(coordinator: &mut Sql, cell: usize, node: &str) {
    let (host, port) = node.split_once(':').unwrap();
    let sql = format!("SELECT citus_schema_move('payrail_cell_{cell:02}', '{host}', {port})::text");
    coordinator.texts(&sql).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Citus: make test-citus"]
async fn every_payout_is_accepted_while_its_cell_moves_to_another_node() {
    let world = World::citus().await;
    let shops = shops(&world);
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "50")]);
    let mut coordinator = Sql::connect(&world.database.url).await;
    let shop = &shops[0];
    let before = nodes(&mut coordinator).await;
    let from = &before[shop.cell()];
    let to = before.iter().find(|node| *node != from).expect("two nodes");
    let is_over = AtomicBool::new(false);
    let moving = async {
        move_to(&mut coordinator, shop.cell(), to).await;
        // The sessions follow.
        let (server, name) = world.database.url.rsplit_once('/').unwrap();
        let there = format!("{}@{to}/{name}", server.split_once('@').unwrap().0);
        let there = tokio::sync::Mutex::new(Sql::connect(&there).await);
        let ours = format!(
            "SELECT pid::text FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'payrail' \
             AND query LIKE '%COMMIT' AND backend_start > now() - interval '1 h'"
        );
        until("a lane commits there", async || !there.lock().await.texts(&ours).await.is_empty()).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (paid, ()) = tokio::join!(pay_on(&server, shop, &is_over), moving);
    assert_eq!(nodes(&mut coordinator).await[shop.cell()], *to);
    until("all are paid", || async { server.balances(&shop.api_key).await == (10_000 - paid, 0) }).await;
    world.verify();
    // So do the rules.
    let entries = format!("payrail_cell_{:02}.ledger_entries", shop.cell());
    coordinator.refuses(&format!("UPDATE {entries} SET amount_paise = amount_paise + 1")).await;
    coordinator
        .refuses(&format!(
            "INSERT INTO {entries} (bucket, merchant_id, seq, kind, amount_paise, available_after, held_after, created_at) \
             SELECT bucket, merchant_id, 1000000, kind, amount_paise, available_after, held_after, created_at \
             FROM {entries} WHERE merchant_id = '{}' AND seq = 1",
            shop.id
        ))
        .await;
}

/// A cluster of the test's own, whose nodes it may kill, the coordinator first; and the node of each cell.
async fn own_cluster() -> ([TestServer; 3], World) {
    let nodes = [(); 3].map(|()| TestServer::start(&[], CITUS, None));
    let urls = nodes.iter().map(|node| node.url("postgres")).collect();
    let world = World::in_four_cells(TestDatabase::on_nodes(urls, 4).await);
    (nodes, world)
}

fn holders<'a>(places: &[String], nodes: &'a [TestServer]) -> Vec<&'a TestServer> {
    let holder = |place: &String| nodes.iter().find(|node| node.host() == *place).expect("one of ours");
    places.iter().map(holder).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Citus: make test-citus"]
async fn a_dead_node_only_stops_its_own_merchants() {
    let (nodes, world) = own_cluster().await;
    let places = self::nodes(&mut Sql::connect(&world.database.url).await).await;
    kill_one_and_start_it_again(&world, &holders(&places, &nodes).try_into().expect("four cells")).await;
}

/// Pays one paisa after the other, each under its key until there is a payout.
async fn insist(server: &Process, shop: &Shop, paid: &AtomicI64, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let key = key();
        until("it is a payout", || async {
            server.pay(&shop.api_key, key, 1, "demo-success").await.0 == StatusCode::CREATED
        })
        .await;
        paid.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Citus: make test-citus"]
async fn no_payout_is_lost_or_doubled_while_nodes_die_and_cells_move() {
    let (nodes, world) = own_cluster().await;
    let shops = shops(&world);
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "50")]);
    let (paid, is_over) = (shops.iter().map(|_| AtomicI64::new(0)).collect::<Vec<_>>(), AtomicBool::new(false));
    let clients = join_all(shops.iter().zip(&paid).map(|(shop, paid)| insist(&server, shop, paid, &is_over)));
    let all_go_on = async || {
        let before: Vec<_> = paid.iter().map(|paid| paid.load(Ordering::Relaxed)).collect();
        until("each goes on", async || {
            paid.iter().zip(&before).all(|(paid, before)| paid.load(Ordering::Relaxed) > before + 1)
        })
        .await;
    };
    let chaos = async {
        for round in 0..2 {
            all_go_on().await;
            for node in &nodes {
                node.kill();
                node.begin_again();
                all_go_on().await;
            }
            let mut coordinator = Sql::connect(&world.database.url).await;
            let places = self::nodes(&mut coordinator).await;
            let (cell, from) = (round, &places[round]);
            let to = places.iter().find(|place| *place != from).expect("two nodes");
            move_to(&mut coordinator, cell, to).await;
            // What moved goes down with its new node.
            holders(std::slice::from_ref(to), &nodes)[0].kill();
            holders(std::slice::from_ref(to), &nodes)[0].begin_again();
            all_go_on().await;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(clients, chaos);
    for (shop, paid) in shops.iter().zip(&paid) {
        let left = 10_000 - paid.load(Ordering::Relaxed);
        until("all are paid", || async { server.balances(&shop.api_key).await == (left, 0) }).await;
    }
    world.verify();
}
