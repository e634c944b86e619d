//! Parses a JSON number's text as a whole number, exactly and without floats.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integer {
    Is(i64),
    TooSmall,
    TooLarge,
    /// The number has a fraction.
    Fraction,
}

/// More digits than any 64-bit number has.
const DIGITS_MOST: i64 = 20;

/// `text` must be a JSON number (RFC 8259 §6). `1000.0` and `1e3` are whole; `0.9999999999999999999` is not.
pub fn read(text: &str) -> Integer {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Integer::Is(0);
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    // The number is `significant`, followed by so many zeros.
    let zeros = length(trailing).saturating_sub(length(fraction.len())).saturating_add(power(exponent));
    if zeros < 0 {
        return Integer::Fraction;
    }
    let beyond = if negative { Integer::TooSmall } else { Integer::TooLarge };
    if zeros.saturating_add(length(significant.len())) > DIGITS_MOST {
        return beyond;
    }
    let sign = if negative { "-" } else { "" };
    let zeros = "0".repeat(usize::try_from(zeros).unwrap_or_default());
    format!("{sign}{significant}{zeros}").parse().map_or(beyond, Integer::Is)
}

/// An exponent beyond 64 bits counts as the largest.
fn power(exponent: &str) -> i64 {
    let bound = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    exponent.parse().unwrap_or(bound)
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_read_digit_by_digit() {
        for (text, integer) in [
            ("0", Integer::Is(0)),
            ("-0", Integer::Is(0)),
            ("0.000e999999999999999999999", Integer::Is(0)),
            ("1000.0", Integer::Is(1000)),
            ("1e3", Integer::Is(1000)),
            ("1E+3", Integer::Is(1000)),
            ("120e-1", Integer::Is(12)),
            ("1.50e2", Integer::Is(150)),
            ("0.001e3", Integer::Is(1)),
            ("100000e-5", Integer::Is(1)),
            ("9007199254740993.0", Integer::Is(9_007_199_254_740_993)),
            ("9223372036854775807", Integer::Is(i64::MAX)),
            ("9223372036854775807.000", Integer::Is(i64::MAX)),
            ("-9223372036854775808", Integer::Is(i64::MIN)),
            ("9223372036854775808", Integer::TooLarge),
            ("18446744073709551616", Integer::TooLarge),
            ("1e30", Integer::TooLarge),
            ("1e99999999999999999999", Integer::TooLarge),
            ("-9223372036854775809", Integer::TooSmall),
            ("-1180591620717411303424", Integer::TooSmall),
            ("-1e30", Integer::TooSmall),
            ("0.9999999999999999999", Integer::Fraction),
            ("1.0000000000000000000001", Integer::Fraction),
            ("-1.5", Integer::Fraction),
            ("1e-1", Integer::Fraction),
            ("1e-99999999999999999999", Integer::Fraction),
            ("100000000000000.01", Integer::Fraction),
            ("10e-2", Integer::Fraction),
        ] {
            assert_eq!(read(text), integer, "{text}");
        }
    }

    proptest! {
        /// The same number in another spelling.
        #[test]
        fn the_point_may_stand_anywhere(number: i64, shift in 0_usize..30, zeros in 0_usize..5) {
            let (sign, digits) = (if number < 0 { "-" } else { "" }, number.unsigned_abs().to_string());
            let padded = format!("{:0>width$}{}", digits, "0".repeat(zeros), width = shift + 1);
            let (whole, fraction) = padded.split_at(padded.len() - shift);
            let exponent = i64::try_from(shift).unwrap() - i64::try_from(zeros).unwrap();
            let dot = if fraction.is_empty() { "" } else { "." };
            prop_assert_eq!(read(&format!("{sign}{whole}{dot}{fraction}e{exponent}")), Integer::Is(number));
        }

        #[test]
        fn a_fraction_is_a_fraction(whole: u32, zeros in 0_usize..40, last in 1..10) {
            prop_assert_eq!(read(&format!("{whole}.{}{last}", "0".repeat(zeros))), Integer::Fraction);
        }
    }
}
