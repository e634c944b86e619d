//! The fields of a request's body, each with the original's sentences on what is wrong with it.

use std::ops::RangeInclusive;

use payrail_types::money::Amount;
use payrail_types::names::{Name, Rule, Unfit, faults, is_visible};
use serde_json::Value;

use super::body::Object;
use super::integer;
use super::integer::Integer;
use super::text::Kind;

/// What is wrong with a field, in sentences.
pub type Wrong = Vec<String>;

const REQUIRED: &str = "This field is required.";
const NOT_NULL: &str = "This field may not be null.";
const REASON_CHARACTERS: RangeInclusive<usize> = 10..=1_000;
const NOT_WHOLE: &str = "A valid integer is required.";

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
    checked(value, |text| Kind::Line.faults(text, most))
}

/// The same of what is compared: nothing in it is invisible.
pub fn identifier(value: Option<&Value>, most: usize) -> Result<String, Wrong> {
    checked(value, |text| faults(text, most, is_visible))
}

/// A text that names something, by the core's rule for it.
pub fn name<R: Rule>(value: Option<&Value>) -> Result<Name<R>, Wrong> {
    Name::parse(string(value)?.trim()).map_err(sentences)
}

/// The same with line breaks.
pub fn paragraph(value: Option<&Value>, most: usize) -> Result<String, Wrong> {
    checked(value, |text| Kind::Paragraph.faults(text, most))
}

/// What is compared and never stored or shown: any characters, and the space around them is part of it.
pub fn secret(value: Option<&Value>, most: usize) -> Result<String, Wrong> {
    checked(value, |text| faults(text, most, |_| true))?;
    Ok(string(value)?.to_owned())
}

fn checked(value: Option<&Value>, faults: impl Fn(&str) -> Vec<Unfit>) -> Result<String, Wrong> {
    let text = string(value)?.trim();
    let faults = faults(text);
    if faults.is_empty() { Ok(text.to_owned()) } else { Err(sentences(faults)) }
}

fn string(value: Option<&Value>) -> Result<&str, Wrong> {
    match value {
        None => Err(vec![REQUIRED.to_owned()]),
        Some(Value::Null) => Err(vec![NOT_NULL.to_owned()]),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(vec!["Not a valid string.".to_owned()]),
    }
}

/// In the original's words where it has any.
fn sentences(faults: Vec<Unfit>) -> Wrong {
    let sentence = |fault: Unfit| match fault {
        Unfit::Blank => "This field may not be blank.".to_owned(),
        Unfit::TooLong(most) => format!("Ensure this field has no more than {most} characters."),
        other => other.to_string(),
    };
    faults.into_iter().map(sentence).collect()
}

/// Why, in the operator's own words.
pub fn reason(value: Option<&Value>) -> Result<String, Wrong> {
    let text = paragraph(value, *REASON_CHARACTERS.end())?;
    let least = *REASON_CHARACTERS.start();
    if text.chars().count() < least {
        return Err(vec![format!("Ensure this field has at least {least} characters.")]);
    }
    Ok(text)
}
