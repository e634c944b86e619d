//! The scripts that the build depends on.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use crate::support::World;
use crate::verify_fixture::{stderr, stdout};

/// `scripts/apt-install`, where `apt-get` is this script.
fn apt_install(world: &World, apt_get: &str, wait_s: &str) -> Output {
    let stand_in = world.folder.join("apt-get");
    std::fs::write(&stand_in, format!("#!/bin/sh\necho \"$@\" >>calls\n{apt_get}\n")).unwrap();
    std::fs::set_permissions(&stand_in, PermissionsExt::from_mode(0o755)).unwrap();
    let path = std::env::join_paths(
        [world.folder.clone()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts/apt-install");
    let mut command = std::process::Command::new(script);
    command.arg("one-package").env("PATH", path.unwrap()).env("APT_WAIT", wait_s).current_dir(&world.folder);
    command.output().unwrap()
}

fn calls(world: &World) -> Vec<String> {
    std::fs::read_to_string(world.folder.join("calls")).unwrap().lines().map(str::to_owned).collect()
}

const LOCKED: &str =
    "echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)' >&2; exit 100";

/// A new machine updates itself and holds apt's locks meanwhile.
#[test]
fn installing_waits_for_another_program_that_installs() {
    let world = World::sqlite();
    let output = apt_install(&world, &format!("if [ $(wc -l <calls) -lt 3 ]; then {LOCKED}; fi"), "900");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("waiting for another program"), "{}", stdout(&output));
    let calls = calls(&world);
    let updates = calls.iter().filter(|call| call.ends_with(" update")).count();
    assert_eq!((updates, calls.len()), (3, 4), "{calls:?}");
    assert!(calls[3].ends_with("install -y --no-install-recommends one-package"), "{calls:?}");
}

#[test]
fn installing_does_not_wait_for_ever_nor_for_what_does_not_pass() {
    let world = World::sqlite();
    let output = apt_install(&world, LOCKED, "1");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("for 1 s. Try again when it is done"), "{}", stderr(&output));
    let before = calls(&world).len();
    let output = apt_install(&world, "echo 'E: Unable to locate package' >&2; exit 100", "900");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Unable to locate package"), "{}", stderr(&output));
    assert_eq!(calls(&world).len(), before + 1, "tried once");
}
