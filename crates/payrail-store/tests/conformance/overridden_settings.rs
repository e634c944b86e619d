//! A proxy keeps one of our settings from reaching PostgreSQL, so the database's own default applies. The store refuses
//! to work and names the setting.

use payrail_store::{Store, StoreError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::World;

on_postgres_only!(each_setting_that_is_not_in_force_is_named, a_server_with_its_triggers_off_is_named);

/// A setting, and a default value under which PayRail must not work.
const SETTINGS: [(&str, &str); 14] = [
    ("synchronous_commit", "off"),
    ("default_transaction_isolation", "repeatable read"),
    ("lock_timeout", "0"),
    ("statement_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "1h"),
    ("enable_seqscan", "on"),
    ("enable_hashjoin", "on"),
    ("enable_mergejoin", "on"),
    ("enable_indexscan", "off"),
    ("enable_nestloop", "off"),
    ("plan_cache_mode", "auto"),
    ("jit", "on"),
    ("TimeZone", "Asia/Kolkata"),
];

/// Settings that a client sends, and the proxy's replacements of the same length.
const BROUGHT: [(&str, &str, &str); 2] = [
    ("client_encoding", "'client_encoding', 'UTF8'", "'client_encoding', 'SJIS'"),
    ("application_name", "'application_name', 'payrail'", "'application_name', 'liarpay'"),
];

/// A proxy that replaces `from` by `to` in whole messages of a client.
async fn altering(url: &str, from: String, to: String) -> String {
    assert_eq!(from.len(), to.len(), "or the messages' lengths would be wrong");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let server = url.split(['@', '/']).nth(3).unwrap().to_owned();
    let altered = format!("{}?sslmode=disable", url.replace(&server, &here));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(carry(client, server, from.clone(), to.clone()));
        }
    });
    altered
}

async fn carry(client: TcpStream, server: TcpStream, from: String, to: String) -> std::io::Result<()> {
    let ((mut asks, mut hears), (mut answers, mut takes)) = (client.into_split(), server.into_split());
    let back = tokio::spawn(async move { tokio::io::copy(&mut answers, &mut hears).await });
    let mut is_first = true;
    loop {
        // All messages but the first have a type byte before their length; the length includes itself.
        let letter = if is_first { None } else { Some(asks.read_u8().await?) };
        is_first = false;
        let length = asks.read_u32().await?;
        let mut content = vec![0; length as usize - 4];
        asks.read_exact(&mut content).await?;
        for at in 0..content.len().saturating_sub(from.len() - 1) {
            if content[at..].starts_with(from.as_bytes()) {
                content[at..at + to.len()].copy_from_slice(to.as_bytes());
            }
        }
        if let Some(letter) = letter {
            takes.write_u8(letter).await?;
        }
        takes.write_u32(length).await?;
        takes.write_all(&content).await?;
        if back.is_finished() {
            return Ok(());
        }
    }
}

async fn is_named(url: &str, name: &str) {
    match Store::open(url, 1, 4).await {
        Err(StoreError::Session(why)) => {
            assert!(why.contains(&format!("has {name} = ")), "{name}: {why}");
            assert!(why.contains("ALTER ROLE") || why.contains("GRANT USAGE"), "{name}: {why}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

async fn each_setting_that_is_not_in_force_is_named(world: World) {
    let name = world.database.url.rsplit('/').next().unwrap();
    let mut raw = world.raw().await;
    for (setting, value) in SETTINGS {
        raw.exec(&format!("ALTER DATABASE {name} SET {setting} = '{value}'")).await;
        // Without the proxy, our setting overrides the default.
        Store::open(&world.database.url, 1, 4).await.unwrap().check_session().await.unwrap();
        // The proxy replaces this setting by one that does not exist.
        let other = format!("x.{}", &setting[2..]);
        let url =
            altering(&world.database.url, format!("set_config('{setting}'"), format!("set_config('{other}'")).await;
        is_named(&url, setting).await;
        raw.exec(&format!("ALTER DATABASE {name} RESET {setting}")).await;
    }
    for (setting, from, to) in BROUGHT {
        let url = altering(&world.database.url, from.to_owned(), to.to_owned()).await;
        is_named(&url, setting).await;
    }
    let url = altering(&world.database.url, "set_config('search_path'".into(), "set_config('x.arch_path'".into()).await;
    let url = format!("{url}&options=-c%20search_path%3Dnowhere");
    is_named(&url, "current_schema()").await;
}

async fn a_server_with_its_triggers_off_is_named(world: World) {
    let name = world.database.url.rsplit('/').next().unwrap();
    world.raw().await.exec(&format!("ALTER DATABASE {name} SET session_replication_role = replica")).await;
    is_named(&world.database.url, "session_replication_role").await;
}
