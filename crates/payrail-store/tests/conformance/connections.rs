//! Connections to PostgreSQL: several hosts, connections cut in the middle of a read, and long statements.

use jiff::Timestamp;
use payrail_store::testing::{DEADLINE, TestDatabase};
use payrail_store::{ExceptionFilter, ExceptionLine, Position, Store, StoreError};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::proxy::{Cut, Proxy};
use crate::world::{World, merchant, paid, person, refused};

on_postgres_only!(
    a_hanging_host_does_not_block_the_next,
    every_host_is_named_when_none_answers,
    a_read_whose_wire_is_cut_is_repeated,
    a_read_whose_session_is_ended_is_repeated,
    long_statements_delay_nobody_else,
    two_roles_with_different_paths_find_one_ledger,
    two_ledgers_in_one_database_are_refused,
);

async fn exceptions(store: &Store) -> Result<Vec<ExceptionLine>, StoreError> {
    store.exceptions(ExceptionFilter::All, Position::newest(Timestamp::MAX), 10).await
}

fn host(world: &World) -> &str {
    world.database.url.split(['@', '/']).nth(3).unwrap()
}

async fn a_hanging_host_does_not_block_the_next(world: World) {
    // The system accepts connections, but no process answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let both = format!("{},{}", silent.local_addr().unwrap(), host(&world));
    let url = world.database.url.replace(host(&world), &both);
    let store = Store::open(&url, 2, 4).await.unwrap();
    assert_eq!(store.tip(merchant(0)).await.unwrap().seq, 0);
    store.put_setting("name", "value").await.unwrap();
    store.check_session().await.unwrap();
}

async fn every_host_is_named_when_none_answers(_: World) {
    // Nothing listens on ports 1 and 2.
    match Store::open("postgres://payrail@127.0.0.1:1,127.0.0.1:2/payrail", 1, 1).await {
        Err(StoreError::Unavailable(why)) => {
            assert!(why.contains("127.0.0.1:1: ") && why.contains("127.0.0.1:2: "), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

/// Cut before the query arrives and after its answer was sent, on a shared connection and on a search's own.
async fn a_read_whose_wire_is_cut_is_repeated(world: World) {
    world.fund(merchant(0), 1_000).await;
    for after_the_answer in [false, true] {
        let proxy = Proxy::before(&world.database.url).await;
        let store = Store::open(&proxy.url, 1, 4).await.unwrap();
        proxy.cut(Cut { at: "FROM ledger_entries", after_the_answer });
        assert_eq!(store.tip(merchant(0)).await.unwrap().balances.available.get(), 1_000);
        assert!(proxy.has_cut());
        proxy.cut(Cut { at: "FROM exceptions", after_the_answer });
        assert!(exceptions(&store).await.unwrap().is_empty());
        assert!(proxy.has_cut());
    }
}

async fn a_read_whose_session_is_ended_is_repeated(world: World) {
    world.fund(merchant(0), 1_000).await;
    let mut raw = world.raw().await;
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for table in ["ledger_entries", "exceptions"] {
        raw.exec(&format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")).await;
        let store = world.store.clone();
        let reading = tokio::spawn(async move {
            match table {
                "exceptions" => exceptions(&store).await.map(|lines| lines.len()),
                _ => store.ledger(merchant(0), i64::MAX, 10).await.map(|lines| lines.len()),
            }
        });
        world.until_one_waits().await;
        assert_eq!(raw.texts(end).await, ["true"]);
        raw.exec("ROLLBACK").await;
        let found = timeout(DEADLINE, reading).await.unwrap().unwrap().unwrap();
        assert_eq!(found, usize::from(table == "ledger_entries"), "{table}");
    }
}

/// The number of a process's connections for reading.
async fn long_statements_delay_nobody_else(world: World) {
    let store = Store::open(&world.database.url, 2, 16).await.unwrap();
    let mut raw = world.raw().await;
    raw.exec("BEGIN; LOCK TABLE exceptions IN ACCESS EXCLUSIVE MODE").await;
    let searches: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { exceptions(&store).await.map(drop) })
        })
        .collect();
    world.until_one_waits().await;
    let others = async {
        for number in 0..20 {
            store.put_setting("name", &number.to_string()).await.unwrap();
            store.check_session().await.unwrap();
            store.compare_clocks().await.unwrap();
            store.tip(merchant(0)).await.unwrap();
        }
    };
    timeout(DEADLINE, others).await.expect("nobody waits for a search");
    assert!(searches.iter().any(|search| !search.is_finished()), "they are at it all the while");
    searches.iter().for_each(tokio::task::JoinHandle::abort);
    raw.exec("ROLLBACK").await;
}

async fn two_roles_with_different_paths_find_one_ledger(world: World) {
    let empty = world.empty_database().await;
    let mut raw = payrail_store::testing::Sql::connect(&empty.url).await;
    raw.exec("CREATE SCHEMA one; CREATE SCHEMA two").await;
    let of = |schema: &str| format!("{}?options=-c%20search_path%3D{schema}", empty.url);
    let one = Store::open(&of("one"), 1, 4).await.unwrap();
    // Its snapshot is from before any data.
    let early = Store::open(&of("two"), 1, 4).await.unwrap();
    one.migrate().await.unwrap();
    match early.migrate().await {
        Err(StoreError::Retry(why)) => assert!(why.contains("\"one\"") && why.contains("start again"), "{why}"),
        other => panic!("{other:?}"),
    }
    one.put_setting("name", "value").await.unwrap();
    for schema in ["two", "public", "one"] {
        let store = Store::open(&of(schema), 1, 4).await.unwrap();
        store.migrate().await.unwrap();
        assert_eq!(store.setting("name").await.unwrap().as_deref(), Some("value"), "{schema}");
    }
    let places = raw.texts("SELECT schemaname::text FROM pg_tables WHERE tablename = 'ledger_entries'").await;
    assert_eq!(places, ["one"]);
    // Every trigger looks in that schema too.
    assert!(one.add_merchant(&person(0)).await.unwrap());
    let database = TestDatabase::at(of("one"));
    let world = World { store: one, rules: world.rules, database };
    world.fund(merchant(0), 10_000).await;
    world.ended(merchant(0), 1_000, paid()).await;
    world.ended(merchant(0), 1_000, refused()).await;
    assert_eq!(world.balances(merchant(0)).await, (9_000, 0));
}

async fn two_ledgers_in_one_database_are_refused(world: World) {
    let mut raw = world.raw().await;
    raw.exec(
        "CREATE SCHEMA other; CREATE TABLE other.merchants (); CREATE TABLE other.api_keys (); \
         CREATE TABLE other._sqlx_migrations ()",
    )
    .await;
    match Store::open(&world.database.url, 1, 4).await {
        Err(StoreError::Session(why)) => assert!(why.contains("(other, public)"), "{why}"),
        other => panic!("{other:?}"),
    }
    raw.exec("DROP SCHEMA other CASCADE").await;
    Store::open(&world.database.url, 1, 4).await.unwrap();
}
