//! The fields of a request's body, each with the original's sentences on what is wrong with it.

use axum::http::StatusCode;
use payrail_core::money::Amount;
use serde_json::Value;

use super::problem::Problem;

/// What is wrong with a field, in sentences.
pub type Wrong = Vec<String>;

const REQUIRED: &str = "This field is required.";
const NOT_NULL: &str = "This field may not be null.";

/// The refusal that names all bad fields at once; none if all are good.
pub fn invalid<const N: usize>(fields: [(&'static str, Option<Wrong>); N]) -> Option<Problem> {
    let mut problem = None;
    for (name, wrong) in fields {
        let Some(wrong) = wrong else { continue };
        let detail = "One or more fields are invalid: see the member that each is named by.";
        let so_far = problem.unwrap_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "invalid", detail));
        problem = Some(so_far.member(name, wrong));
    }
    problem
}

pub fn amount(value: Option<&Value>) -> Result<Amount, Wrong> {
    let text = match value {
        None => REQUIRED.to_owned(),
        Some(Value::Null) => NOT_NULL.to_owned(),
        Some(Value::Number(number)) => match whole(number) {
            Some(Ok(paise)) => match Amount::new(paise) {
                Ok(amount) => return Ok(amount),
                Err(_) => "Ensure this value is greater than or equal to 1.".to_owned(),
            },
            Some(Err(TooLarge)) => format!("Ensure this value is less than or equal to {}.", i64::MAX),
            None => "A valid integer is required.".to_owned(),
        },
        Some(_) => "A valid integer is required.".to_owned(),
    };
    Err(vec![text])
}

struct TooLarge;

/// The whole number that a JSON number is, if it is one. `1000.0` is; a float is not that is so large
/// that hundredths (from 2^46 on) and then neighbours are lost in it before we see it.
fn whole(number: &serde_json::Number) -> Option<Result<i64, TooLarge>> {
    const EXACT: f64 = 70_368_744_177_664.0;
    if let Some(paise) = number.as_i64() {
        return Some(Ok(paise));
    }
    if number.is_u64() {
        return Some(Err(TooLarge));
    }
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() < EXACT).then_some(Ok(float as i64))
}

/// A text of 1 to `most` characters, without the space around it.
pub fn text(value: Option<&Value>, most: usize) -> Result<String, Wrong> {
    let text = match value {
        None => return Err(vec![REQUIRED.to_owned()]),
        Some(Value::Null) => return Err(vec![NOT_NULL.to_owned()]),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(vec!["Not a valid string.".to_owned()]),
    };
    if text.is_empty() {
        return Err(vec!["This field may not be blank.".to_owned()]);
    }
    let mut texts = Vec::new();
    if text.chars().count() > most {
        texts.push(format!("Ensure this field has no more than {most} characters."));
    }
    if text.contains('\0') {
        texts.push("Null characters are not allowed.".to_owned());
    }
    if texts.is_empty() { Ok(text.to_owned()) } else { Err(texts) }
}
