//! `payrail admin`: operators are let in and kept out.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

use super::{ADMIN, Desk, api_only, try_sign_in};
use crate::support::World;
use crate::verify_fixture::{stderr, stdout};

on_both_stores!(a_created_operator_can_sign_in, impossible_requests_are_refused_with_a_message, operators_are_listed);

fn with_password(world: &World, arguments: &[&str], password: &str) -> Output {
    world.command(arguments).env("PAYRAIL_ADMIN_PASSWORD", password).output().unwrap()
}

fn piped(world: &World, arguments: &[&str], input: &str) -> Output {
    let mut command = world.command(arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn says(output: &Output, text: &str) {
    assert!(output.status.success(), "{}", stderr(output));
    assert_eq!(stdout(output), format!("{text}\n"));
}

fn fails(output: &Output, sentence: &str) {
    assert_eq!((output.status.code(), stdout(output).as_str()), (Some(2), ""));
    assert!(stderr(output).contains(sentence), "{}", stderr(output));
}

async fn a_created_operator_can_sign_in(world: World) {
    let ana = ["admin", "create", "--name", "Ana", "--role", "viewer"];
    says(&with_password(&world, &ana, "correct horse battery"), "Created Ana, whose role is viewer.");
    let bela = ["admin", "create", "--name", "bela@example.com", "--role", "operator"];
    says(&piped(&world, &bela, "  spaces are part of it \r\n"), "Created bela@example.com, whose role is operator.");
    let server = api_only(&world);
    Desk::of(&server, ("ana", "correct horse battery")).await.get("/overview").await.is(200);
    Desk::of(&server, ("bela@example.com", "  spaces are part of it ")).await;
    assert_eq!(try_sign_in(&server, "bela@example.com", "spaces are part of it").await.status(), 401);

    says(
        &piped(&world, &["admin", "password", "ANA"], "a new long password"),
        "Ana has a new password; open sessions have ended.",
    );
    assert_eq!(try_sign_in(&server, "Ana", "correct horse battery").await.status(), 401);
    Desk::of(&server, ("Ana", "a new long password")).await;
    says(&world.run(&["admin", "disable", "ana"]), "Ana is kept out from now on.");
    says(&world.run(&["admin", "disable", "ana"]), "Ana was disabled already.");
    assert_eq!(try_sign_in(&server, "Ana", "a new long password").await.status(), 401);
    // A new password alone lets nobody back in.
    assert!(with_password(&world, &["admin", "password", "Ana"], "yet another password").status.success());
    assert_eq!(try_sign_in(&server, "Ana", "yet another password").await.status(), 401);
}

async fn impossible_requests_are_refused_with_a_message(world: World) {
    let create = |name: &'static str| ["admin", "create", "--name", name, "--role", "operator"];
    fails(&with_password(&world, &create("Ana"), "elf letters"), "the password must have 12 characters or more");
    fails(&with_password(&world, &create("Ana"), ""), "the password must have 12 characters or more");
    fails(&piped(&world, &create("Ana"), "elf letters\n"), "the password must have 12 characters or more");
    fails(&piped(&world, &create("Ana"), ""), "no password: set PAYRAIL_ADMIN_PASSWORD");
    for name in ["", "two words", "Äna", "x\ny"] {
        fails(&with_password(&world, &create(name), "a long password"), "the name must have 1 to 64 letters");
    }
    assert!(with_password(&world, &create("Ana"), "a long password").status.success());
    fails(&with_password(&world, &create("ANA"), "a long password"), "there is an operator ANA already");
    fails(&with_password(&world, &["admin", "password", "Bela"], "a long password"), "there is no operator \"Bela\"");
    fails(&world.run(&["admin", "disable", "Bela"]), "there is no operator \"Bela\"");
    let root = world.run(&["admin", "create", "--name", "Bela", "--role", "root"]);
    assert_eq!(root.status.code(), Some(2));
}

async fn operators_are_listed(world: World) {
    assert!(world.command(&["migrate"]).env("PAYRAIL_DEMO", "1").output().unwrap().status.success());
    let nobody = stdout(&world.run(&["admin", "list"]));
    assert_eq!(nobody, "There is no operator yet; `payrail admin create` lets one in.\n");
    assert!(world.run(&["seed"]).status.success());
    assert!(world.run(&["admin", "disable", "viewer"]).status.success());
    let listed = stdout(&world.run(&["admin", "list", "--json"]));
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(super::texts(&listed, "name"), [ADMIN.0, "viewer"]);
    assert_eq!(super::texts(&listed, "role"), ["operator", "viewer"]);
    assert!(listed[0]["disabled_at"].is_null() && listed[1]["disabled_at"].is_string());
    let text = stdout(&world.run(&["admin", "list"]));
    assert!(text.lines().nth(1).is_some_and(|line| line.contains("viewer") && line.contains("disabled 20")), "{text}");
    assert!(!text.contains("argon2") && !text.contains("payrail-demo"), "{text}");
}
