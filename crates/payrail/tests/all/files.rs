//! Only their owner can read PayRail's files, whatever the umask: they contain balances, bank accounts and hashes.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{Process, TINY, World, key};

/// A umask that shares everything.
fn without_umask(world: &World, arguments: &[&str]) -> Command {
    let plain = world.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    command.current_dir(&world.folder);
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())).permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_books_and_backups_are_their_owners_alone() {
    let world = World::sqlite();
    let file = |name: &str| world.folder.join(name);
    let url = format!("sqlite://{}", file("fresh.db").display());
    let on_it = |arguments: &[&str]| {
        let mut command = without_umask(&world, arguments);
        command.env("DATABASE_URL", &url);
        command
    };
    let server = Process::start(on_it(&["serve"]));
    assert_eq!(server.pay(TINY, key(), 100, "demo-success").await.0, 201);
    for name in ["fresh.db", "fresh.db-wal", "fresh.db-shm", "payrail-bank.db", "payrail-bank.db-wal"] {
        assert_eq!(mode(&file(name)), 0o600, "{name}");
    }
    let copy = file("copy.db");
    assert!(on_it(&["backup", copy.to_str().unwrap()]).output().unwrap().status.success());
    assert_eq!(mode(&copy), 0o600);
    // So are all other files in the folder.
    for entry in fs::read_dir(&world.folder).unwrap() {
        let path = entry.unwrap().path();
        assert!(!path.is_file() || mode(&path) == 0o600, "{}: {:o}", path.display(), mode(&path));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_can_read_is_named_and_left_as_it_is() {
    let world = World::sqlite();
    assert!(world.run(&["migrate"]).status.success());
    let file = Path::new(world.database.url.strip_prefix("sqlite://").unwrap()).to_owned();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let log = world.folder.join("log");
    let mut command = world.command(&["serve"]);
    command.stderr(fs::File::create(&log).unwrap());
    let server = Process::start(command);
    assert_eq!(mode(&file), 0o640);
    let text = fs::read_to_string(&log).unwrap();
    let line = text.lines().find(|line| line.contains("chmod 600")).unwrap_or_else(|| panic!("no warning in {text}"));
    assert!(line.contains("0640") && line.contains(file.to_str().unwrap()), "{line}");
    drop(server);
}
