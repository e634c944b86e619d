//! Output, whose reader may stop early, and the words for counts and sums.

use std::fmt::{Arguments, Display};
use std::io::Write;

use payrail_types::money::Paise;

/// Prints a line to standard output. False if the reader is gone, as with `payrail merchant list | head`.
pub fn say(line: Arguments<'_>) -> bool {
    writeln!(std::io::stdout(), "{line}").is_ok()
}

/// Prints a line to standard error. (`eprintln!` panics if the reader is gone.)
pub fn complain(line: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Replaces the line before, on a terminal. An empty text clears it.
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

/// `₹1,00,000.00`: rupees with Indian grouping (the last three digits, then pairs).
pub fn rupees(sum: Paise) -> String {
    let sign = if sum.is_negative() { "-" } else { "" };
    let (rupees, paise) = (sum.get().unsigned_abs() / 100, sum.get().unsigned_abs() % 100);
    let digits = rupees.to_string();
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    let comma = |place: usize| if place % 2 == head.len() % 2 { "" } else { "," };
    let grouped: String = head.char_indices().map(|(place, digit)| format!("{digit}{}", comma(place))).collect();
    format!("{sign}₹{grouped}{tail}.{paise:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupees_are_grouped_the_indian_way() {
        for (paise, text) in [
            (0, "₹0.00"),
            (5, "₹0.05"),
            (99_999, "₹999.99"),
            (100_000, "₹1,000.00"),
            (10_000_000, "₹1,00,000.00"),
            (1_234_567_890, "₹1,23,45,678.90"),
            (-6_000, "-₹60.00"),
            (i64::MIN, "-₹92,23,37,20,36,85,47,758.08"),
        ] {
            assert_eq!(rupees(Paise::new(paise)), text);
        }
    }

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
