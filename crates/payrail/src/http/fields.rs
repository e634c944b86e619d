//! The fields of a request's body, each with the original's sentences on what is wrong with it.

use axum::http::StatusCode;
use payrail_core::money::Amount;
use serde_json::Value;

use super::body::Object;
use super::integer::{self, Integer};
use super::problem::Problem;
use super::text::{self, Kind};

/// What is wrong with a field, in sentences.
pub type Wrong = Vec<String>;

const REQUIRED: &str = "This field is required.";
const NOT_NULL: &str = "This field may not be null.";
const NOT_WHOLE: &str = "A valid integer is required.";

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

/// The amount of this name: a whole number of paise, read from its text.
pub fn amount(body: &Object, name: &str) -> Result<Amount, Wrong> {
    const TOO_SMALL: &str = "Ensure this value is greater than or equal to 1.";
    let text = match (body.get(name), body.number(name).map(integer::read)) {
        (None, _) => REQUIRED.to_owned(),
        (Some(Value::Null), _) => NOT_NULL.to_owned(),
        (_, None | Some(Integer::Fraction)) => NOT_WHOLE.to_owned(),
        (_, Some(Integer::TooSmall)) => TOO_SMALL.to_owned(),
        (_, Some(Integer::TooLarge)) => format!("Ensure this value is less than or equal to {}.", i64::MAX),
        (_, Some(Integer::Is(paise))) => match Amount::new(paise) {
            Ok(amount) => return Ok(amount),
            Err(_) => TOO_SMALL.to_owned(),
        },
    };
    Err(vec![text])
}

/// The number of this name, zero or more.
pub fn count(body: &Object, name: &str) -> Result<i64, Wrong> {
    let text = match (body.get(name), body.number(name).map(integer::read)) {
        (None, _) => REQUIRED.to_owned(),
        (Some(Value::Null), _) => NOT_NULL.to_owned(),
        (_, None | Some(Integer::Fraction)) => NOT_WHOLE.to_owned(),
        (_, Some(Integer::Is(count))) if count >= 0 => return Ok(count),
        (_, Some(Integer::Is(_) | Integer::TooSmall)) => "Ensure this value is greater than or equal to 0.".to_owned(),
        (_, Some(Integer::TooLarge)) => format!("Ensure this value is less than or equal to {}.", i64::MAX),
    };
    Err(vec![text])
}

/// A line of 1 to `most` characters, without the space around it.
pub fn text(value: Option<&Value>, most: usize) -> Result<String, Wrong> {
    checked(value, most, Some(Kind::Line))
}

/// The same of what names something: nothing in it is invisible.
pub fn identifier(value: Option<&Value>, most: usize) -> Result<String, Wrong> {
    checked(value, most, Some(Kind::Identifier))
}

/// The same with line breaks.
pub fn paragraph(value: Option<&Value>, most: usize) -> Result<String, Wrong> {
    checked(value, most, Some(Kind::Paragraph))
}

/// What is compared and never stored or shown: any characters, and the space around them is part of it.
pub fn secret(value: Option<&Value>, most: usize) -> Result<String, Wrong> {
    checked(value, most, None)?;
    Ok(value.and_then(Value::as_str).unwrap_or_default().to_owned())
}

fn checked(value: Option<&Value>, most: usize, kind: Option<Kind>) -> Result<String, Wrong> {
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
    texts.extend(kind.and_then(|kind| kind.fault(text)).map(text::sentence));
    if texts.is_empty() { Ok(text.to_owned()) } else { Err(texts) }
}
