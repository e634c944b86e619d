//! Where log lines go, and in which form.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::BadSetting;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere
    Auto,
    /// A line of text each
    Text,
    /// A JSON object a line
    Json,
}

/// From here on, what is logged goes to standard error.
pub fn begin(filter: &str, format: Format) -> Result<(), BadSetting> {
    let filter = EnvFilter::try_new(filter).map_err(|error| BadSetting(format!("PAYRAIL_LOG: {error}")))?;
    let terminal = std::io::stderr().is_terminal();
    let is_text = format == Format::Text || format == Format::Auto && terminal;
    // A reader who leaves is no reason to panic, and there is nobody left to tell of it.
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

/// The driver's debugging lines hold the values of every statement: bank accounts, hashes of keys and passwords. The
/// server's notices below a warning tell what IF NOT EXISTS has found.
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
