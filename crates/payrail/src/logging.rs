//! The destination and format of the log.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::bad_setting::BadSetting;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere
    Auto,
    /// A line of text each
    Text,
    /// A JSON object a line
    Json,
}

/// Starts logging to standard error.
pub fn begin(filter: &str, format: Format) -> Result<(), BadSetting> {
    let filter = EnvFilter::try_new(filter).map_err(|error| BadSetting(format!("PAYRAIL_LOG: {error}")))?;
    let terminal = std::io::stderr().is_terminal();
    let is_text = format == Format::Text || format == Format::Auto && terminal;
    // A closed pipe must not cause a panic, and there is nowhere to report it.
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    let lines = match is_text {
        true => lines.with_target(false).with_ansi(terminal).boxed(),
        false => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(|line| is_fit(line.target(), *line.level())))
        .with(lines)
        .init();
    Ok(())
}

/// The driver's debug lines contain the values of every statement: bank accounts, hashes of keys and passwords. The
/// server's notices below a warning only report what IF NOT EXISTS found.
fn is_fit(target: &str, level: Level) -> bool {
    level <= Level::WARN || !target.starts_with("tokio_postgres")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_drivers_chatter_is_withheld() {
        assert!(is_fit("payrail::worker", Level::TRACE));
        assert!(is_fit("tokio_postgres::connection", Level::WARN));
        assert!(!is_fit("tokio_postgres::query", Level::DEBUG));
    }
}
