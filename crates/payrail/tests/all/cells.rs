//! A database of several cells, from outside: real processes, money in every cell, and an audit of all of them.

use payrail_store::testing::{Sql, TestServer};
use payrail_types::ids::MerchantId;
use reqwest::StatusCode;
use uuid::Uuid;

use crate::cli_settings::refused;
use crate::support::{Process, World, key, until};
use crate::verify_fixture::{stderr, stdout};

on_cells!(payouts_go_through_every_cell_and_outlive_a_killed_process);

pub struct Shop {
    pub id: MerchantId,
    pub api_key: String,
}

impl Shop {
    pub fn cell(&self) -> usize {
        usize::from(self.id.bucket().get()) / 64
    }
}

/// Until every cell has one; each has ₹100.00.
pub fn shops(world: &World) -> Vec<Shop> {
    let mut shops: Vec<Shop> = Vec::new();
    while (0..4).any(|cell| !shops.iter().any(|shop| shop.cell() == cell)) {
        let email = format!("shop-{}@example.com", shops.len());
        let made = world.run(&["merchant", "create", "Shop", &email, "--json"]);
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        let (id, api_key) = (made["id"].as_str().unwrap(), made["api_key"].as_str().unwrap().to_owned());
        assert!(world.run(&["merchant", "fund", id, "10000"]).status.success());
        shops.push(Shop { id: MerchantId(Uuid::parse_str(id).unwrap()), api_key });
    }
    shops
}

async fn pay_all(servers: &[Process], shops: &[Shop]) {
    for (number, shop) in shops.iter().enumerate() {
        let server = &servers[number % servers.len()];
        let paid = server.pay(&shop.api_key, key(), 6_000, "demo-success").await;
        assert_eq!(paid.0, StatusCode::CREATED, "{paid:?}");
        let too_much = servers[0].pay(&shop.api_key, key(), 6_000, "demo-success").await;
        assert_eq!(too_much.0, StatusCode::BAD_REQUEST, "{too_much:?}");
    }
}

async fn payouts_go_through_every_cell_and_outlive_a_killed_process(world: World) {
    let shops = shops(&world);
    let mut servers = vec![world.serve_with(&[("PAYRAIL_POLL_MS", "50")])];
    servers.push(world.start(&["serve"], &[("PAYRAIL_ROLE", "api")]));
    pay_all(&servers, &shops).await;
    servers.pop().unwrap().kill();
    for shop in &shops {
        until("each is paid", || async { servers[0].balances(&shop.api_key).await == (4_000, 0) }).await;
    }
    let list = world.run(&["merchant", "list"]);
    assert_eq!(stdout(&list).lines().count(), shops.len() + 3, "and the demo merchants");
    world.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_any_cell_is_named() {
    let world = World::cells().await;
    let shops = shops(&world);
    let servers = [world.serve_with(&[("PAYRAIL_POLL_MS", "50")])];
    pay_all(&servers, &shops).await;
    for shop in &shops {
        until("each is paid", || async { servers[0].balances(&shop.api_key).await == (4_000, 0) }).await;
    }
    let mut sql = Sql::connect(&world.database.url).await;
    for shop in &shops {
        let schema = format!("payrail_cell_{:02}", shop.cell());
        let row = format!("merchant_id = '{}' AND seq = 2", shop.id);
        sql.exec(&format!("ALTER TABLE {schema}.ledger_entries DISABLE TRIGGER ALL")).await;
        sql.exec(&format!("UPDATE {schema}.ledger_entries SET available_after = available_after + 1 WHERE {row}"))
            .await;
        let output = world.run(&["verify"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stdout(&output).contains(&shop.id.to_string()), "{}", stdout(&output));
        sql.exec(&format!("UPDATE {schema}.ledger_entries SET available_after = available_after - 1 WHERE {row}"))
            .await;
    }
    world.verify();
    // A merchant whose row lies in another cell has no lane there.
    let (right, wrong) = (shops[0].cell(), (shops[0].cell() + 1) % 4);
    let of = format!("WHERE id = '{}'", shops[0].id);
    sql.exec(&format!(
        "INSERT INTO payrail_cell_{wrong:02}.merchants SELECT * FROM payrail_cell_{right:02}.merchants {of}"
    ))
    .await;
    let output = world.run(&["verify"]);
    assert!(stdout(&output).contains("in a cell that does not hold its bucket"), "{}", stdout(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_cannot_be_had_is_refused() {
    let world = World::cells().await;
    refused(&world, &["migrate", "--cells", "3"], &[], "the database has 4 cells");
    refused(&world, &["migrate", "--cells", "0"], &[], "from 1 to 64 cells");
    refused(&world, &["migrate", "--cells", "65"], &[], "from 1 to 64 cells");
    refused(&World::sqlite(), &["migrate", "--cells", "2"], &[], "SQLite has one cell");
    let again = world.run(&["migrate", "--cells", "4"]);
    assert!(stdout(&again).contains("in 4 cells"), "{} {}", stdout(&again), stderr(&again));
}

/// Each cell on a server of its own, one of which dies and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_server_only_stops_its_own_merchants() {
    let databases = [(); 4].map(|()| TestServer::start(&[], "", None));
    let urls = databases.iter().map(|server| server.url("postgres")).collect::<Vec<_>>().join(" ");
    let mut world = World::postgres().await;
    world.settings.push(("PAYRAIL_CELL_URLS".to_owned(), urls));
    assert!(world.run(&["migrate", "--demo", "1"]).status.success());
    kill_one_and_start_it_again(&world, &databases.each_ref()).await;
}

/// `databases`: the server of each cell.
pub async fn kill_one_and_start_it_again(world: &World, databases: &[&TestServer; 4]) {
    let shops = shops(world);
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "50")]);
    let dead = databases[shops[0].cell()];
    dead.kill();
    let is_dead = |shop: &&Shop| std::ptr::eq(databases[shop.cell()], dead);
    let (stopped, others): (Vec<_>, Vec<_>) = shops.iter().partition(is_dead);
    let keys: Vec<_> = stopped.iter().map(|_| key()).collect();
    for (shop, key) in stopped.iter().zip(&keys) {
        let answer = server.pay(&shop.api_key, *key, 6_000, "demo-success").await;
        assert_eq!(answer.0, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    }
    let ready = server.client.get(format!("{}/readyz", server.url)).send().await.unwrap().status();
    assert_eq!(ready, StatusCode::OK, "a load balancer keeps it");
    // Not in demo mode, which would have its merchants in every cell.
    let another = world.start(&["serve"], &[("PAYRAIL_ROLE", "api"), ("PAYRAIL_DEMO", "0")]);
    for (number, shop) in others.iter().enumerate() {
        let at = if number % 2 == 0 { &server } else { &another };
        assert_eq!(at.pay(&shop.api_key, key(), 6_000, "demo-success").await.0, StatusCode::CREATED);
        until("each is paid", || async { server.balances(&shop.api_key).await == (4_000, 0) }).await;
    }
    dead.begin_again();
    for (shop, key) in stopped.iter().zip(&keys) {
        // Under the same key, as a client would: whatever came of the first request, there is one payout.
        until("it is accepted", || async {
            server.pay(&shop.api_key, *key, 6_000, "demo-success").await.0 == StatusCode::CREATED
        })
        .await;
        until("each is paid", || async { server.balances(&shop.api_key).await == (4_000, 0) }).await;
    }
    world.verify();
}
