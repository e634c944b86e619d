//! A signal ends a process at once, whatever it waits for. A reader that closes its end of a pipe causes no panic.

use std::process::{Child, Command, Output, Stdio};

use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::{DEADLINE, World, until};
use crate::verify_fixture::stderr;

on_both_stores!(a_closed_pipe_is_no_panic);

/// Killed on drop, if still running.
struct Started(Option<Child>);

impl Started {
    fn new(mut command: Command) -> Self {
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(pipes.spawn().unwrap()))
    }

    /// Sends this signal and waits for the end.
    async fn told(mut self, signal: &str) -> Output {
        let child = self.0.take().unwrap();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A server that accepts every connection and never answers.
struct Silent {
    listener: TcpListener,
    addr: String,
}

impl Silent {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        Self { listener, addr }
    }

    /// Accepts the process's connection, which then waits for an answer.
    async fn is_asked(&self) -> tokio::net::TcpStream {
        timeout(DEADLINE, self.listener.accept()).await.unwrap().unwrap().0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_for_its_database_ends_in_order() {
    let (world, silent) = (World::sqlite(), Silent::new().await);
    for signal in ["-TERM", "-INT"] {
        let mut command = world.command(&["serve"]);
        command.env("DATABASE_URL", format!("postgres://payrail@{}/x", silent.addr)).env("PAYRAIL_LOG", "info");
        let server = Started::new(command);
        let _asked = silent.is_asked().await;
        let output = server.told(signal).await;
        assert_eq!(output.status.code(), Some(0), "{signal}: {}", stderr(&output));
        assert!(stderr(&output).contains("stopped before the start was complete"), "{}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_waits_ends_with_the_signals_status() {
    let (world, silent) = (World::sqlite(), Silent::new().await);
    assert!(world.run(&["migrate"]).status.success());
    let database = format!("postgres://payrail@{}/x", silent.addr);
    let bank = format!("http://{}", silent.addr);
    for (arguments, name, value) in [
        (&["migrate"][..], "DATABASE_URL", &database),
        (&["merchant", "list"], "DATABASE_URL", &database),
        (&["verify"], "PAYRAIL_BANK_URL", &bank),
    ] {
        for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
            let mut command = world.command(arguments);
            command.env(name, value);
            let command = Started::new(command);
            let _asked = silent.is_asked().await;
            let output = command.told(signal).await;
            let error = stderr(&output);
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
            assert!(error.contains("stopped by SIG") && error.contains("before it was done"), "{arguments:?}: {error}");
        }
    }
}

/// Also a command that waits for input.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_waits_for_a_password_can_be_stopped() {
    let world = World::sqlite();
    let file = world.database.folder().unwrap().to_owned();
    let command = Started::new(world.command(&["admin", "create", "ann", "viewer"]));
    let is_open = || std::fs::read_dir(&file).unwrap().next().is_some();
    until("the database is open", || async { is_open() }).await;
    assert_eq!(command.told("-TERM").await.status.code(), Some(143));
    assert_eq!(String::from_utf8(world.run(&["admin", "list", "--json"]).stdout).unwrap(), "");
}

async fn a_closed_pipe_is_no_panic(world: World) {
    assert!(world.run(&["seed"]).status.success());
    for (arguments, code) in [
        (&["--help"][..], Some(0)),
        (&["serve", "--help"], Some(0)),
        (&["--version"], Some(0)),
        (&["openapi"], Some(0)),
        (&["migrate"], Some(0)),
        (&["seed"], Some(0)),
        (&["merchant", "list"], Some(0)),
        (&["merchant", "list", "--json"], Some(0)),
        (&["admin", "list"], Some(0)),
        (&["doubtful"], Some(0)),
        (&["verify", "--no-bank"], Some(0)),
        (&["verify", "--json"], Some(0)),
        (&["merchant", "create", "One", "one@example.com"], Some(0)),
        (&["health"], Some(1)),
        (&["no-such-command"], Some(2)),
        (&["merchant", "fund", "nobody@example.com", "1"], Some(2)),
    ] {
        // Nobody reads either stream; then what goes wrong is written down.
        let mut command = world.command(arguments);
        command.env("PAYRAIL_LOG", "debug");
        let closed = || std::io::pipe().unwrap().1;
        let status = command.stdout(closed()).stderr(closed()).status().unwrap();
        assert!(status.code() == code, "{arguments:?}: {status}");
        let log = world.folder.join("log");
        let status = command.stdout(closed()).stderr(std::fs::File::create(&log).unwrap()).status().unwrap();
        let error = std::fs::read_to_string(&log).unwrap();
        let is_again = arguments.contains(&"create");
        assert!(status.code() == code || is_again, "{arguments:?}: {status}: {error}");
        assert!(!error.contains("panicked") && !error.contains("Broken pipe"), "{arguments:?}: {error}");
    }
}
