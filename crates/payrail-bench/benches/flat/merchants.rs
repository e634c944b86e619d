//! Three merchants and very many: another one in each request, so that no cache flatters.

use payrail_store::testing::TestDatabase;
use uuid::Uuid;

use super::Size;
use super::report::{Report, median};
use super::scene::{Server, demonstration, filled, key, time, verify};

const SEED: &str = "merchants";
const FEW: u64 = 3;
/// Of each merchant.
const PAYOUTS: u64 = 2;
/// Coprime to any number of merchants that is not a multiple of it: so many steps, so many merchants.
const STRIDE: u64 = 7_919;

pub async fn measure(name: &'static str, size: Size, report: &mut Report, databases: [TestDatabase; 2]) {
    let counts = [FEW, size.merchants];
    let mut servers = Vec::new();
    for (database, count) in databases.iter().zip(counts) {
        filled(name, &demonstration(database).await, SEED, vec![PAYOUTS; count as usize], true).await;
        servers.push(Server::start(database));
    }
    // By place: few and many.
    let [mut unseen, mut seen, mut paid] = [(); 3].map(|()| [Vec::new(), Vec::new()]);
    for round in 0..size.rounds as u64 + 10 {
        for (place, (server, count)) in servers.iter().zip(counts).enumerate() {
            let key = key(SEED, round * STRIDE % count);
            // Who was not seen for a while, is looked up by the key first.
            let times = [
                time(server.get(&key, "me/")).await,
                time(server.get(&key, "me/")).await,
                time(server.pay(&key, Uuid::now_v7())).await,
            ];
            if round >= 10 {
                for (list, took) in [&mut unseen, &mut seen, &mut paid].into_iter().zip(times) {
                    list[place].push(took);
                }
            }
        }
    }
    for (case, [few, many]) in
        [("GET /me/, first request", unseen), ("GET /me/, the next", seen), ("POST /payouts/, the third", paid)]
    {
        report.pair(name, case, "merchants", (FEW, median(few)), (size.merchants, median(many)));
    }
    drop(servers);
    databases.iter().for_each(verify);
}
