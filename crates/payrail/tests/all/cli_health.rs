//! `payrail health`: the health check of an image that contains only the program.

use reqwest::StatusCode;

use crate::support::{TINY, World, key};
use crate::verify_fixture::{stderr, stdout};

on_both_stores!(a_server_is_asked_where_it_listens, a_worker_is_asked_what_it_needs);

/// Exit status and message.
fn health(world: &World, arguments: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = world.command(&[&["health"], arguments].concat());
    let output = command.envs(settings.iter().copied()).output().unwrap();
    assert_eq!(stdout(&output).trim_end(), if output.status.success() { "healthy" } else { "" });
    (output.status.code(), stderr(&output))
}

async fn a_server_is_asked_where_it_listens(world: World) {
    let server = world.serve();
    let address = server.url.trim_start_matches("http://").to_owned();
    let everywhere = address.replace("127.0.0.1", "0.0.0.0");
    assert_eq!(health(&world, &[], &[("PAYRAIL_ADDR", &address)]), (Some(0), String::new()));
    assert_eq!(health(&world, &[], &[("PAYRAIL_ADDR", &everywhere)]), (Some(0), String::new()));
    assert_eq!(health(&world, &[&format!("{}/healthz", server.url)], &[]), (Some(0), String::new()));
    let (code, complaint) = health(&world, &[&format!("{}/no-such-path", server.url)], &[]);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("404"), "{complaint}");
    assert!(server.stop().success());
    let (code, complaint) = health(&world, &[], &[("PAYRAIL_ADDR", &address)]);
    assert_eq!(code, Some(1));
    assert_eq!(complaint.trim_end().lines().count(), 1, "{complaint}");
}

async fn a_worker_is_asked_what_it_needs(world: World) {
    assert!(world.run(&["seed"]).status.success());
    let bank = world.start::<&str>(&["bank"], &[]);
    let worker = ("PAYRAIL_ROLE", "worker");
    assert_eq!(health(&world, &[], &[worker, ("PAYRAIL_BANK_URL", &bank.url)]), (Some(0), String::new()));
    let (code, complaint) = health(&world, &[], &[worker]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("PAYRAIL_BANK_URL"), "{complaint}");
    let elsewhere = ("DATABASE_URL", "postgres://nobody@127.0.0.1:9/nowhere");
    assert_eq!(health(&world, &[], &[worker, elsewhere, ("PAYRAIL_BANK_URL", &bank.url)]).0, Some(1));
    // It only asked: the book is unchanged.
    let server = world.serve();
    assert_eq!(server.pay(TINY, key(), 6_000, "demo-success").await.0, StatusCode::CREATED);
    let url = bank.url.clone();
    bank.kill();
    assert_eq!(health(&world, &[], &[worker, ("PAYRAIL_BANK_URL", &url)]).0, Some(1));
    world.verify();
}
