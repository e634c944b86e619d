//! `SECRET_KEY`: published ones are refused, and so is one that does not belong to the database.

use crate::cli_settings::refused;
use crate::demo_mode::OWN_SECRET;
use crate::support::{TINY, World};
use crate::verify_fixture::{stderr, stdout};
use payrail_store::testing::Sql;

on_both_stores!(
    a_published_secret_is_refused,
    a_secret_of_another_database_is_refused_by_every_command_that_uses_keys,
    a_database_keeps_its_own_secret,
    a_secret_is_changed_on_purpose_only,
    secrets_may_lie_in_files,
);

const OTHER: &str = "another-secret-0123456789-abcdefghijk";

async fn a_published_secret_is_refused(world: World) {
    for secret in [
        "payrail-demo-secret-key-not-for-production",
        "demo-only-secret-key-change-me-0123456789",
        "django-insecure-0123456789abcdefghijklmnopqrst",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ] {
        for arguments in [&["serve"][..], &["merchant", "create", "One", "one@example.com"], &["seed"]] {
            refused(&world, arguments, &[("DEBUG", "0"), ("SECRET_KEY", secret)], "SECRET_KEY");
        }
    }
}

async fn a_secret_of_another_database_is_refused_by_every_command_that_uses_keys(world: World) {
    let own = ("SECRET_KEY", OWN_SECRET);
    assert!(world.serve_with(&[own]).stop().success());
    let create = ["merchant", "create", "One", "one@example.com"];
    for settings in [&[("SECRET_KEY", OTHER)][..], &[]] {
        for arguments in [&["serve"][..], &create, &["seed"]] {
            refused(&world, arguments, settings, "SECRET_KEY");
        }
    }
    let list = world.command(&["merchant", "list"]).envs([own]).output().unwrap();
    assert_eq!(stdout(&list).lines().count(), 3, "nothing was done by those");
    // Commands that use no key need no secret.
    assert!(world.run(&["verify"]).status.success());
    assert_eq!(world.serve_with(&[own]).balances(TINY).await, (10_000, 0));
}

async fn a_database_keeps_its_own_secret(world: World) {
    let made = world.run(&["merchant", "create", "One", "one@example.com", "--json"]);
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let key = made["api_key"].as_str().unwrap();
    let server = world.serve();
    assert_eq!(server.balances(key).await, (0, 0));
    assert!(server.stop().success());
    let texts =
        Sql::connect(&world.database.url).await.texts("SELECT value FROM settings WHERE name = 'own_secret'").await;
    assert_eq!(texts.len(), 1);
    assert_eq!(texts[0].len(), 64, "256 random bits");
    refused(&world, &["serve"], &[("SECRET_KEY", OWN_SECRET)], "SECRET_KEY");
    if world.database.url.starts_with("postgres") {
        refused(&world, &["serve"], &[("DEBUG", "0")], "SECRET_KEY");
    }
    assert_eq!(world.serve().balances(key).await, (0, 0), "the same at the next start");
}

async fn a_secret_is_changed_on_purpose_only(world: World) {
    let made = world.run(&["merchant", "create", "One", "one@example.com", "--json"]);
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let key = made["api_key"].as_str().unwrap();
    let new = ("SECRET_KEY", OWN_SECRET);
    refused(&world, &["secret", "change"], &[new], "--yes");
    let server = world.serve();
    refused(&world, &["secret", "change", "--yes"], &[new], "another payrail process");
    assert_eq!(server.balances(key).await, (0, 0));
    assert!(server.stop().success());
    let changed = world.command(&["secret", "change", "--yes"]).envs([new]).output().unwrap();
    assert!(changed.status.success(), "{}", stderr(&changed));
    refused(&world, &["serve"], &[], "SECRET_KEY");
    let server = world.serve_with(&[new]);
    assert_eq!(server.get(key, "/api/v1/me/").send().await.unwrap().status(), 401);
    let done = "SELECT operator FROM operator_actions WHERE action = 'secret_changed'";
    assert_eq!(Sql::connect(&world.database.url).await.texts(done).await, ["command line"]);
}

async fn secrets_may_lie_in_files(world: World) {
    let secret = world.folder.join("secret");
    let url = world.folder.join("url");
    std::fs::write(&secret, format!("{OWN_SECRET}\n")).unwrap();
    std::fs::write(&url, format!("{}\n", world.database.url)).unwrap();
    let files = [("SECRET_KEY_FILE", secret.to_str().unwrap()), ("DATABASE_URL_FILE", url.to_str().unwrap())];
    let mut command = world.command(&["merchant", "create", "One", "one@example.com"]);
    // As in the container image.
    let made = command.env("DATABASE_URL", "sqlite:///no/such/folder/x.db").envs(files).output().unwrap();
    assert!(made.status.success(), "{}", stderr(&made));
    refused(&world, &["serve"], &[("SECRET_KEY", OTHER)], "SECRET_KEY");
    assert_eq!(world.serve_with(&[("SECRET_KEY", OWN_SECRET)]).stop().code(), Some(0));
    refused(&world, &["serve"], &[("SECRET_KEY_FILE", "/no/such/file")], "SECRET_KEY_FILE");
}

/// As in the first service of compose.yaml.
#[test]
fn compose_makes_its_secrets_once() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::sqlite();
    let folder = world.folder.join("secrets");
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/compose-secrets");
    let names = ["secret-key", "postgres-password", "database-url"];
    let make = || {
        let made = std::process::Command::new("sh").arg(&script).arg(&folder).arg("0:0").output().unwrap();
        assert!(made.status.success(), "{}", stderr(&made));
        names.map(|name| std::fs::read_to_string(folder.join(name)).unwrap())
    };
    let [secret, password, url] = make();
    assert_eq!(make(), [secret.clone(), password.clone(), url.clone()], "again changes nothing");
    assert!(payrail::secret::check(&secret, false).is_ok());
    assert_eq!(url, format!("postgres://payrail:{password}@database:5432/payrail?sslmode=disable"));
    assert_ne!(secret, password);
    for name in names {
        let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400, "{name}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
    assert_ne!(make()[0], secret, "another place has others");
}
