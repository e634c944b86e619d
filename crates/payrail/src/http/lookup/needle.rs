//! The text of a search: an id, a reference, a UTR, a bank account, an amount, or the last eight characters of an id. A
//! payout must match exactly.

use payrail_core::payout::Payout;
use payrail_store::Wanted;
use payrail_types::ids::PayoutId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::plumbing::params::bad_parameter;
use crate::http::plumbing::problem::Problem;

const CHARACTERS_MAX: usize = 255;

/// The field of a payout that matched. `ending`: the last eight characters of its id and reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matched {
    Id,
    Reference,
    Utr,
    BankAccount,
    Amount,
    Ending,
}

/// A text, parsed in every way in which it can name a payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    text: String,
    /// The payout that it names, and by which field.
    named: Option<(PayoutId, Matched)>,
    /// In paise. "6000" may mean rupees, as people write, or paise, as in the API.
    amounts: Vec<i64>,
    /// Eight hexadecimal digits, in lower case.
    ending: Option<String>,
}

impl Needle {
    pub fn new(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(bad_parameter("q must say what to search for."));
        }
        if text.contains(char::is_control) {
            return Err(bad_parameter("q must have no control characters."));
        }
        if text.chars().count() > CHARACTERS_MAX {
            return Err(bad_parameter(format!("q must have no more than {CHARACTERS_MAX} characters.")));
        }
        Ok(Self { text: text.to_owned(), named: named(text), amounts: amounts(text), ending: ending(text) })
    }

    pub fn named(&self) -> Option<PayoutId> {
        self.named.map(|(id, _)| id)
    }

    /// The query for the store.
    pub fn wanted(&self) -> Wanted<'_> {
        let amount = |at: usize| self.amounts.get(at).copied();
        Wanted { text: &self.text, amounts: [amount(0), amount(1)], ending: self.ending.as_deref() }
    }

    /// The payout's fields that equal the text. Empty if none does.
    pub fn matched(&self, payout: &Payout) -> Vec<Matched> {
        let facts = [
            (self.named.filter(|(id, _)| *id == payout.id).map(|(_, by)| by)),
            payout.utr().filter(|utr| utr.as_str().eq_ignore_ascii_case(&self.text)).map(|_| Matched::Utr),
            (payout.bank_account_id.as_str() == self.text).then_some(Matched::BankAccount),
            self.amounts.contains(&payout.amount.paise().get()).then_some(Matched::Amount),
            self.ending
                .as_ref()
                .filter(|ending| payout.id.0.simple().to_string().ends_with(*ending))
                .map(|_| Matched::Ending),
        ];
        facts.into_iter().flatten().collect()
    }
}

fn named(text: &str) -> Option<(PayoutId, Matched)> {
    let by_reference = PayoutId::from_reference(&text.to_uppercase()).map(|id| (id, Matched::Reference));
    by_reference.or_else(|| Uuid::try_parse(text).ok().map(|id| (PayoutId(id), Matched::Id)))
}

/// Rupees as the pages write them, with or without ₹ and commas; a bare whole number may be paise as well.
fn amounts(text: &str) -> Vec<i64> {
    let bare = text.trim_start_matches('₹').trim_start();
    let (whole, rest) = bare.split_once('.').unwrap_or((bare, ""));
    let digits = whole.replace(',', "");
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_amount = !digits.is_empty() && is_number(&digits) && is_number(rest) && rest.len() <= 2;
    if !is_amount || (bare.contains('.') && rest.is_empty()) {
        return Vec::new();
    }
    let rupees = digits.parse::<i64>().ok().and_then(|rupees| rupees.checked_mul(100));
    let paise = format!("{rest:0<2}").parse::<i64>().unwrap_or(0);
    let in_rupees = rupees.and_then(|rupees| rupees.checked_add(paise));
    let in_paise = if bare == text && rest.is_empty() && whole == digits { digits.parse().ok() } else { None };
    in_rupees.into_iter().chain(in_paise).filter(|paise| *paise > 0).collect()
}

fn ending(text: &str) -> Option<String> {
    let digits = text.trim_start_matches('…').trim_start_matches("...");
    let is_ending = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ending.then(|| digits.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_people_and_programs_write_it() {
        for (text, paise) in [
            ("6000", vec![600_000, 6_000]),
            ("₹60.00", vec![6_000]),
            ("60.00", vec![6_000]),
            ("60.5", vec![6_050]),
            ("₹ 1,00,000.05", vec![10_000_005]),
            ("1,000", vec![100_000]),
            ("₹60", vec![6_000]),
            ("0", vec![]),
            ("60.", vec![]),
            ("60.005", vec![]),
            (".5", vec![]),
            ("-60", vec![]),
            ("6e3", vec![]),
            ("٦٠", vec![]),
            ("", vec![]),
            // Rupees do not fit into 64 bits; paise do.
            ("9223372036854775807", vec![i64::MAX]),
            ("92233720368547758.08", vec![]),
        ] {
            assert_eq!(amounts(text), paise, "{text:?}");
        }
    }

    #[test]
    fn eight_hexadecimal_digits_are_the_end_of_an_id() {
        assert_eq!(ending("…0A1b2C3d").as_deref(), Some("0a1b2c3d"));
        for none in ["0a1b2c3", "0a1b2c3d4", "0a1b2c3g", "demo-abc"] {
            assert_eq!(ending(none), None, "{none}");
        }
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        assert!(Needle::new("  ").is_err());
        assert!(Needle::new("a\0b").is_err());
        assert!(Needle::new(&"x".repeat(256)).is_err());
        assert!(Needle::new(&"ü".repeat(255)).is_ok());
    }
}
