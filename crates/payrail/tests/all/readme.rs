//! The documents' commands work verbatim, and the documents cover every command and setting.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::support::{TINY, World};
use crate::verify_fixture::{stderr, stdout};

const README: &str = include_str!("../../../../README.md");
const SETTINGS: &str = include_str!("../../../../docs/settings.md");
const COMMAND_LINE: &str = include_str!("../../../../docs/command-line.md");

/// The blocks of shell commands that call the API.
fn blocks() -> Vec<&'static str> {
    let blocks = README.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```")).map(|(block, _)| block);
    blocks.filter(|block| block.contains("curl ")).collect()
}

fn run(block: &str, url: &str) -> String {
    let output = Command::new("sh").args(["-ec", &block.replace("http://localhost:8000", url)]).output().unwrap();
    assert!(output.status.success(), "{block}: {}", stderr(&output));
    stdout(&output)
}

/// The answers of a block.
fn answers(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_work_and_need_no_linux() {
    let world = World::sqlite();
    let server = world.serve();
    let [api, twice] = blocks()[..] else { panic!("README has other blocks: {:#?}", blocks()) };
    for block in [api, twice] {
        assert!(!block.contains("/proc/"), "macOS has no /proc: {block}");
    }
    let answers_of_api = answers(&run(api, &server.url));
    let [me, created, payouts, ledger] = &answers_of_api[..] else { panic!("{answers_of_api:#?}") };
    assert_eq!((&me["name"], &created["amount_paise"]), (&"Acme Agency".into(), &6_000.into()));
    assert_eq!((&payouts[0]["id"], &ledger[0]["amount_paise"]), (&created["id"], &6_000.into()));
    let mut twice: Vec<bool> =
        answers(&run(twice, &server.url)).iter().map(|answer| answer["error"] == "Insufficient balance").collect();
    twice.sort_unstable();
    assert_eq!(twice, [false, true]);
    assert_eq!(server.balances(TINY).await, (4_000, 6_000));
}

/// Also the commands that a start prints.
#[tokio::test(flavor = "multi_thread")]
async fn the_commands_that_a_start_prints_work() {
    let world = World::sqlite();
    let mut command = world.command(&["serve"]);
    let banner = world.folder.join("banner");
    let mut server = command.stdout(std::fs::File::create(&banner).unwrap()).spawn().unwrap();
    let shown = || std::fs::read_to_string(&banner).unwrap();
    crate::support::until("it is up", || async { shown().contains("Ctrl-C stops it.") }).await;
    let text = shown();
    let commands: Vec<&str> = text.split("\n\n").filter(|part| part.trim_start().starts_with("curl ")).collect();
    assert_eq!(commands.len(), 2, "{text}");
    let created = answers(&run(commands[0], ""));
    let listed = answers(&run(commands[1], ""));
    let again = answers(&run(commands[0], ""));
    let _ = server.kill();
    let _ = server.wait();
    assert!(!text.contains("/proc/"), "{text}");
    assert_eq!(created[0]["id"], listed[0][0]["id"]);
    assert_eq!(again[0]["error"], "Insufficient balance");
}

/// A command's help.
fn help(world: &World, command: &[&str]) -> String {
    let output = world.command(command).arg("--help").output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    stdout(&output)
}

/// The names of a command's subcommands.
fn commands(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let lines = rest.lines().take_while(|line| !line.is_empty());
    // A description that needs a second line is indented further.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   ")).filter_map(|line| {
        let name = line.split_whitespace().next()?;
        (name != "help").then(|| name.to_owned())
    });
    names.collect()
}

#[test]
fn every_command_and_every_setting_is_in_the_documents() {
    let world = World::sqlite();
    let top = help(&world, &[]);
    let (mut helps, mut missing) = (vec![top.clone()], BTreeSet::new());
    assert!(commands(&top).len() > 10, "{top}");
    for command in commands(&top) {
        if !COMMAND_LINE.contains(&format!("`payrail {command}")) {
            missing.insert(format!("payrail {command}"));
        }
        let own = help(&world, &[&command]);
        for inner in commands(&own) {
            if !COMMAND_LINE.lines().any(|line| line.contains(&format!("payrail {command}")) && line.contains(&inner)) {
                missing.insert(format!("payrail {command} {inner}"));
            }
            helps.push(help(&world, &[&command, &inner]));
        }
        helps.push(own);
    }
    for help in &helps {
        let names = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
        missing.extend(names.filter(|name| !SETTINGS.contains(&format!("`{name}`"))).map(str::to_owned));
    }
    assert!(missing.is_empty(), "docs/command-line.md and docs/settings.md leave out {missing:?}");
}
