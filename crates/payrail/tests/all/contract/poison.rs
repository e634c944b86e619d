//! A command that the database refuses fails alone: the others of its batch go through.

use futures::future::join_all;
use serde_json::json;

use super::{PAYOUTS, api_only, ask, get, order};
use crate::support::{ACME, FIAZ, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(a_refused_command_fails_alone);

const SECRET: &str = "planted fault at table payouts";

async fn a_refused_command_fails_alone(world: World) {
    let server = api_only(&world);
    let mut sql = Sql::connect(&world.database.url).await;
    plant(&mut sql).await;
    let poisoned = key();
    // Held up, so that these meet in a batch. The others come upon it.
    sql.lock("acme@example.com").await;
    let good = |number: i64| {
        let api_key = if number % 2 == 0 { ACME } else { FIAZ };
        ask(&server, api_key, key(), order(100 + number, "demo-bank"))
    };
    let first = join_all((0..10).step_by(2).map(good));
    let bad = ask(&server, ACME, poisoned, order(666, "demo-bank"));
    let rest = async {
        until("all of them wait", async || server.waiting().await == 6).await;
        sql.release().await;
        join_all((0..50).filter(|number| number % 2 == 1 || *number >= 10).map(good)).await
    };
    let (first, bad, rest) = tokio::join!(first, bad, rest);
    for answer in first.into_iter().chain(rest) {
        answer.is("a good one", 201);
    }
    bad.is_problem("the bad one", 500, "internal");
    for text in [SECRET, "trigger", "payouts", "database", "sqlite", "postgres"] {
        assert!(!bad.text.to_lowercase().contains(text), "no internal text: {}", bad.text);
    }
    assert_eq!(get(&server, ACME, &format!("{PAYOUTS}?limit=200")).await.json().as_array().unwrap().len(), 25);
    assert_eq!(get(&server, FIAZ, &format!("{PAYOUTS}?limit=200")).await.json().as_array().unwrap().len(), 25);
    assert_eq!(server.balances(ACME).await.1, (0..50).step_by(2).map(|number| 100 + number).sum::<i64>());
    world.verify();

    // Nothing of it was kept, its key neither: with the fault gone it goes through.
    sql.exec(if sql.is_postgres() { "DROP TRIGGER fault ON payouts" } else { "DROP TRIGGER fault" }).await;
    let again = ask(&server, ACME, poisoned, order(666, "demo-bank")).await;
    assert_eq!(again.is("again", 201)["amount_paise"], json!(666));
    assert!(!again.replayed());
    world.verify();
}

async fn plant(sql: &mut Sql) {
    let fault = if sql.is_postgres() {
        format!(
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF NEW.amount_paise = 666 THEN RAISE EXCEPTION '{SECRET}'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER fault BEFORE INSERT ON payouts FOR EACH ROW EXECUTE FUNCTION fault()"
        )
    } else {
        format!(
            "CREATE TRIGGER fault BEFORE INSERT ON payouts WHEN NEW.amount_paise = 666 \
             BEGIN SELECT RAISE(ABORT, '{SECRET}'); END"
        )
    };
    sql.exec(&fault).await;
}
