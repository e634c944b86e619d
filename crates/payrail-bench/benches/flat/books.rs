//! Books of several lengths in one database: what reading and paying cost in each.

use std::time::Duration;

use payrail_store::testing::TestDatabase;
use uuid::Uuid;

use super::Size;
use super::report::{Report, median};
use super::scene::{Server, demonstration, filled, key, time, verify};

const SEED: &str = "books";

/// A kind of request.
#[derive(Clone, Copy)]
enum Ask {
    Get(&'static str),
    /// With keys as RFC 9562 advises: they grow with time.
    Pay,
    /// With keys of chance alone (UUIDv4).
    PayByChance,
}

/// Pages of five: as much as the shortest book has, so that all carry the same.
const CASES: [(&str, Ask); 5] = [
    ("GET /me/", Ask::Get("me/")),
    ("GET /ledger/", Ask::Get("ledger/?limit=5")),
    ("GET /payouts/", Ask::Get("payouts/?limit=5")),
    ("POST /payouts/", Ask::Pay),
    ("POST /payouts/, random keys", Ask::PayByChance),
];

pub async fn measure(name: &'static str, size: Size, report: &mut Report, database: TestDatabase) {
    let mut lengths: Vec<u64> = [10, 1_000, 100_000].into_iter().filter(|entries| *entries < size.entries).collect();
    lengths.push(size.entries);
    let store = demonstration(&database).await;
    filled(name, &store, SEED, lengths.iter().map(|entries| entries / 2).collect(), true).await;
    let server = Server::start(&database);
    for (case, ask) in CASES {
        let times = compare(&server, ask, lengths.len(), size.rounds).await;
        let medians: Vec<_> = times.into_iter().map(median).collect();
        report.curve(name, case, &lengths, &medians);
    }
    drop(server);
    verify(&database);
}

/// Each book in turn.
async fn compare(server: &Server, ask: Ask, books: usize, rounds: usize) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::with_capacity(rounds); books];
    // The first ones open connections and prepare statements.
    for round in 0..rounds + 10 {
        for (number, times) in (0..).zip(&mut times) {
            let key = key(SEED, number);
            let request = match ask {
                Ask::Get(path) => server.get(&key, path),
                Ask::Pay => server.pay(&key, Uuid::now_v7()),
                Ask::PayByChance => server.pay(&key, Uuid::new_v4()),
            };
            let took = time(request).await;
            if round >= 10 {
                times.push(took);
            }
        }
    }
    times
}
