//! The database dies in the middle of everything: one of its processes is killed (SIGKILL), whereupon
//! PostgreSQL ends all the others, recovers from its log and goes on. Whatever was acknowledged is there.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payrail_store::testing::TestDatabase;
use sqlx::{Connection, PgConnection};

use crate::storm::{HASTE, all_clients, check_answers, check_money, settled};
use crate::support::World;

const PAYOUTS: usize = 1_600;
const DEATHS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_acknowledged_survives_the_death_of_the_database() {
    // A cluster of its own: the others' tests live on theirs.
    let cluster = Cluster::start();
    let world = World::on(TestDatabase::postgres_on(&cluster.url).await);
    let server = world.serve_with(&HASTE);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let clients = tokio::spawn(all_clients(server.url.clone(), PAYOUTS, acknowledged.clone()));
    for death in 0..DEATHS {
        while acknowledged.load(Ordering::SeqCst) < (death + 1) * PAYOUTS / (DEATHS + 2) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        kill_a_backend(&world.database.url).await;
    }
    let answers = clients.await.unwrap();
    settled(&server).await;
    check_answers(&server, answers).await;
    check_money(&server).await;
    world.verify();
}

/// One that serves us, so that it dies at its work.
async fn kill_a_backend(url: &str) {
    let mut admin = PgConnection::connect(url).await.unwrap();
    let ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'payrail' \
                ORDER BY (state = 'active') DESC, state_change DESC LIMIT 1";
    let pid: i32 = sqlx::query_scalar(ours).fetch_one(&mut admin).await.unwrap();
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    until_it_is_back(url).await;
}

async fn until_it_is_back(url: &str) {
    for _ in 0..300 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if PgConnection::connect(url).await.is_ok() {
            return;
        }
    }
    panic!("PostgreSQL did not recover within 30 seconds");
}

/// A private cluster that flushes to disk as in production; gone with the value.
struct Cluster {
    script: Child,
    url: String,
}

impl Cluster {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-postgres");
        let mut script = Command::new(script)
            .args(["sh", "-c", "echo $TEST_DATABASE_URL; read end"])
            .env("PAYRAIL_TEST_FSYNC", "on")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { script, url: url.trim().to_owned() }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}
