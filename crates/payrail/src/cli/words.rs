//! Words for counts, and output that does not mind a reader who leaves early.

use std::fmt::{Arguments, Display};
use std::io::Write;

/// A line on standard output. False when nobody reads any more: `payrail merchant list | head` has what it wants.
pub fn say(line: Arguments<'_>) -> bool {
    writeln!(std::io::stdout(), "{line}").is_ok()
}

/// A line on standard error, if anybody reads it. (`eprintln!` panics when nobody does.)
pub fn complain(line: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// In place of the line before, on a terminal; an empty text clears it.
pub fn progress(text: Arguments<'_>) {
    let _ = write!(std::io::stderr(), "\r{text}\x1b[K");
}

/// `1 payout`, `2 payouts`.
pub fn count(number: impl Display, thing: &str) -> String {
    let number = number.to_string();
    if number == "1" {
        return format!("1 {thing}");
    }
    match thing.strip_suffix('y') {
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {thing}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_singular() {
        for (number, thing, words) in [
            (1, "bank transfer", "1 bank transfer"),
            (0, "payout", "0 payouts"),
            (2, "ledger entry", "2 ledger entries"),
            (1, "ledger entry", "1 ledger entry"),
            (21, "merchant", "21 merchants"),
        ] {
            assert_eq!(count(number, thing), words);
        }
    }
}
