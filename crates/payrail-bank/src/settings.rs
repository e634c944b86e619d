//! The simulated bank's settings, by flag or environment variable.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::ParseIntError;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;

/// The heading of these settings in the help. Each argument names it, because a heading for the whole group would also
/// apply to the arguments that follow the group.
const HEADING: &str = "Simulated bank";

const GRACE: Duration = Duration::from_secs(5);

// Every argument's id begins with `bank-`, so that these settings can be flattened beside others. (clap would show a
// doc comment as the command's description.)
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// Where the simulated bank listens
    #[arg(id = "bank-addr", long, env = "PAYRAIL_BANK_ADDR")]
    #[arg(help_heading = HEADING, value_name = "ADDR", default_value_t = Settings::default().addr)]
    pub addr: SocketAddr,

    /// The file that holds the simulated bank's book
    #[arg(id = "bank-book", long, env = "PAYRAIL_BANK_BOOK")]
    #[arg(help_heading = HEADING, value_name = "FILE", default_value_os_t = Settings::default().book)]
    pub book: PathBuf,

    #[command(flatten)]
    pub odds: Odds,

    /// Milliseconds that every answer takes
    #[arg(id = "bank-delay-ms", long, env = "PAYRAIL_BANK_DELAY_MS")]
    #[arg(help_heading = HEADING, value_name = "MS", default_value = "0", value_parser = milliseconds)]
    pub delay: Duration,

    /// Milliseconds that the answer to a transfer takes in addition when its outcome is random (`demo-…` accounts
    /// that force an outcome are not random, and neither are percentages of 0 and 100)
    // A bank that refuses within milliseconds gives the funds back before a second request that was sent at the same
    // moment arrives: then both are accepted.
    #[arg(id = "bank-random-delay-ms", long, env = "PAYRAIL_BANK_RANDOM_DELAY_MS")]
    #[arg(help_heading = HEADING, value_name = "MS", default_value = "1000", value_parser = milliseconds)]
    pub random_delay: Duration,

    /// Milliseconds that an unanswered call hangs before the connection gives up
    #[arg(id = "bank-silence-ms", long, env = "PAYRAIL_BANK_SILENCE_MS")]
    #[arg(help_heading = HEADING, value_name = "MS", default_value = "30000", value_parser = milliseconds)]
    pub silence: Duration,

    /// Milliseconds after which a transfer to `demo-return` comes back
    #[arg(id = "bank-returns-after-ms", long, env = "PAYRAIL_BANK_RETURNS_AFTER_MS")]
    #[arg(help_heading = HEADING, value_name = "MS", default_value = "15000", value_parser = milliseconds)]
    pub returns_after: Duration,

    /// Repeats a run: the same seed gives the same outcomes [default: random, logged at start]
    #[arg(id = "bank-seed", long, env = "PAYRAIL_BANK_SEED")]
    #[arg(help_heading = HEADING, value_name = "NUMBER", default_value_t = rand::random(), hide_default_value = true)]
    pub seed: u64,

    /// How long a stop waits for the calls under way.
    #[arg(skip = GRACE)]
    pub grace: Duration,

    /// Whether the book may be emptied over HTTP: for demonstrations.
    #[arg(skip)]
    pub can_be_reset: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
#[group(skip)]
pub struct Odds {
    /// How many transfers of 100 are paid
    #[arg(id = "bank-paid-percent", long, env = "PAYRAIL_BANK_PAID_PERCENT")]
    #[arg(help_heading = HEADING, value_name = "PERCENT", default_value_t = Odds::default().paid_percent)]
    pub paid_percent: u8,

    /// How many transfers of 100 are refused; the rest get no answer, and half of those are paid
    #[arg(id = "bank-refused-percent", long, env = "PAYRAIL_BANK_REFUSED_PERCENT")]
    #[arg(help_heading = HEADING, value_name = "PERCENT", default_value_t = Odds::default().refused_percent)]
    pub refused_percent: u8,
}

impl Default for Odds {
    fn default() -> Self {
        Self { paid_percent: 70, refused_percent: 20 }
    }
}

impl fmt::Display for Odds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}% paid, {}% refused", self.paid_percent, self.refused_percent)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 8001)),
            book: PathBuf::from("payrail-bank.db"),
            odds: Odds::default(),
            delay: Duration::ZERO,
            random_delay: Duration::from_secs(1),
            silence: Duration::from_secs(30),
            returns_after: Duration::from_secs(15),
            seed: rand::random(),
            grace: GRACE,
            can_be_reset: false,
        }
    }
}

impl Settings {
    /// Refuses settings that contradict each other, before anything is opened.
    pub fn check(&self) -> Result<(), Error> {
        let Odds { paid_percent, refused_percent } = self.odds;
        if u16::from(paid_percent) + u16::from(refused_percent) > 100 {
            return Err(Error::Setting(format!(
                "PAYRAIL_BANK_PAID_PERCENT ({paid_percent}) and PAYRAIL_BANK_REFUSED_PERCENT ({refused_percent}) \
                 must not exceed 100 together"
            )));
        }
        if self.book.as_os_str().is_empty() {
            return Err(Error::Setting("PAYRAIL_BANK_BOOK must name a file".to_owned()));
        }
        Ok(())
    }
}

fn milliseconds(text: &str) -> Result<Duration, ParseIntError> {
    text.parse().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        bank: Settings,
        /// An id and a flag that must not collide with the bank's.
        #[arg(long, default_value = "x")]
        addr: String,
    }

    #[test]
    fn the_flags_agree_with_the_defaults() {
        let bank = Program::parse_from(["payrail", "--bank-seed", "7"]).bank;
        assert_eq!(bank, Settings { seed: 7, ..Settings::default() });
    }

    #[test]
    fn every_setting_has_its_flag() {
        let line = "payrail --addr y --bank-addr 127.0.0.1:0 --bank-book b.db --bank-paid-percent 1 \
                    --bank-refused-percent 2 --bank-delay-ms 3 --bank-silence-ms 4 --bank-random-delay-ms 7 \
                    --bank-returns-after-ms 5 --bank-seed 6";
        let program = Program::parse_from(line.split_whitespace());
        let expected = Settings {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            book: PathBuf::from("b.db"),
            odds: Odds { paid_percent: 1, refused_percent: 2 },
            delay: Duration::from_millis(3),
            random_delay: Duration::from_millis(7),
            silence: Duration::from_millis(4),
            returns_after: Duration::from_millis(5),
            seed: 6,
            grace: GRACE,
            can_be_reset: false,
        };
        assert_eq!((program.bank, program.addr.as_str()), (expected, "y"));
    }
}
