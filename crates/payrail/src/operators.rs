//! Rules about operators that the command line and the admin share.

use jiff::{SignedDuration, Timestamp};

const NAME_CHARACTERS: usize = 64;
pub const NAME_RULE: &str = "the name must have 1 to 64 letters (a to z), digits and the characters . _ @ - only";

pub fn is_name(name: &str) -> bool {
    let may_be = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
    (1..=NAME_CHARACTERS).contains(&name.len()) && name.chars().all(may_be)
}

const ONE_TIME_PASSWORD_LASTS: SignedDuration = SignedDuration::from_hours(72);

/// A password that is shown once and signs in until its owner replaces it, or until this time.
pub fn one_time_password(now: Timestamp) -> (String, Timestamp) {
    (random_password(), now.saturating_add(ONE_TIME_PASSWORD_LASTS).unwrap_or(now))
}

/// 100 random bits in letters and digits that are not taken for one another: five groups of four.
fn random_password() -> String {
    const ALPHABET: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y',
        'z', '2', '3', '4', '5', '6', '7', '8', '9', '0',
    ];
    let mut bits: u128 = rand::random();
    let mut password = String::with_capacity(24);
    for index in 0..20 {
        if index > 0 && index % 4 == 0 {
            password.push('-');
        }
        password.push(ALPHABET[(bits & 31) as usize]);
        bits >>= 5;
    }
    password
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_one_time_password_is_long_new_and_easy_to_copy() {
        let made: BTreeSet<_> = (0..1_000).map(|_| one_time_password(Timestamp::UNIX_EPOCH).0).collect();
        assert_eq!(made.len(), 1_000);
        for password in &made {
            assert!(password.len() >= crate::passwords::MIN_CHARACTERS, "{password}");
            assert!(password.split('-').all(|group| group.len() == 4) && password.len() == 24, "{password}");
            assert!(!password.contains(['o', 'l', 'i', '1']), "{password}");
        }
        assert_eq!(one_time_password(Timestamp::UNIX_EPOCH).1.as_second(), 72 * 3600);
    }

    #[test]
    fn names_are_plain() {
        assert!(["a", "Ana", "bela@example.com", "x-1_2", &"x".repeat(64)].into_iter().all(is_name));
        assert!(!["", "two words", "Äna", "x\ny", &"x".repeat(65)].into_iter().any(is_name));
    }
}
