//! The commands of README.md, as a shell runs them.

use std::process::Command;

use serde_json::Value;

use crate::support::{TINY, World};
use crate::verify_scene::{stderr, stdout};

const README: &str = include_str!("../../../../README.md");

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

/// Each answer of the block.
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

/// What a start shows to paste, too.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_start_shows_to_paste_works() {
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
