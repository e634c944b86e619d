//! Forms: a request's body as a struct, which is also its schema in the OpenAPI document. The answer lists all errors
//! of a body at once.

use axum::extract::Request;
use axum::http::StatusCode;
use payrail_types::money::Amount;
use payrail_types::names::{Name, Rule};
use serde_json::Value;

use super::body::{self, Object};
use super::fields::{self, Wrong};
use super::problem::Problem;
use crate::http::state::Api;

pub trait Form: Sized {
    /// Reads every field before it fails, so that the answer names all bad fields.
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid>;
}

/// A field is bad; [`Fields`] has the error. Only [`Fields`] creates this value.
#[derive(Debug)]
pub struct Invalid(());

/// The fields of one body, and their errors.
#[derive(Debug)]
pub struct Fields<'a> {
    body: &'a Object,
    wrong: Vec<(&'static str, Wrong)>,
}

/// Reads the request's body as a form.
pub async fn form<F: Form>(api: &Api, request: Request) -> Result<F, Problem> {
    parse(&body::object(api, request).await?)
}

pub fn parse<F: Form>(body: &Object) -> Result<F, Problem> {
    let mut fields = Fields { body, wrong: Vec::new() };
    let form = F::read(&mut fields);
    form.ok().filter(|_| fields.wrong.is_empty()).ok_or_else(|| refusal(fields.wrong))
}

/// Refuses a form for one field that could only be checked after the form was read.
pub fn invalid_field(name: &'static str, sentence: impl Into<String>) -> Problem {
    refusal(vec![(name, vec![sentence.into()])])
}

fn refusal(wrong: Vec<(&'static str, Wrong)>) -> Problem {
    let detail = "One or more fields are invalid: see the member that each is named by.";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "invalid", detail);
    wrong.into_iter().fold(problem, |problem, (name, wrong)| problem.member(name, wrong))
}

impl Fields<'_> {
    /// The field as it was sent, for a separate check.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.body.get(name)
    }

    /// Records the error of a check, if any.
    pub fn check<T>(&mut self, name: &'static str, checked: Result<T, Wrong>) -> Result<T, Invalid> {
        checked.map_err(|wrong| {
            self.wrong.push((name, wrong));
            Invalid(())
        })
    }

    /// A whole number of paise, 1 or more.
    pub fn amount(&mut self, name: &'static str) -> Result<Amount, Invalid> {
        self.check(name, fields::amount(self.body, name))
    }

    /// A whole number, 0 or more.
    pub fn count(&mut self, name: &'static str) -> Result<i64, Invalid> {
        self.check(name, fields::count(self.body, name))
    }

    /// A line of text.
    pub fn line(&mut self, name: &'static str, most: usize) -> Result<String, Invalid> {
        self.check(name, fields::text(self.value(name), most))
    }

    /// What names something, by the core's rule for it.
    pub fn name<R: Rule>(&mut self, name: &'static str) -> Result<Name<R>, Invalid> {
        self.check(name, fields::name(self.value(name)))
    }

    /// A text that is compared: no character in it is invisible.
    pub fn identifier(&mut self, name: &'static str, most: usize) -> Result<String, Invalid> {
        self.check(name, fields::identifier(self.value(name), most))
    }

    /// A password: any characters.
    pub fn secret(&mut self, name: &'static str, most: usize) -> Result<String, Invalid> {
        self.check(name, fields::secret(self.value(name), most))
    }

    /// Why an operator does something, in 10 to 1,000 characters.
    pub fn reason(&mut self, name: &'static str) -> Result<String, Invalid> {
        self.check(name, fields::reason(self.value(name)))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Two {
        amount: Amount,
        name: String,
    }

    impl Form for Two {
        fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
            let (amount, name) = (fields.amount("amount"), fields.line("name", 5));
            Ok(Self { amount: amount?, name: name? })
        }
    }

    fn read(body: &str) -> Result<Two, String> {
        let json = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let read = body::json(&json, body.as_bytes()).and_then(|object| parse(&object));
        read.map_err(|problem| serde_json::to_string(&problem).unwrap())
    }

    #[test]
    fn all_bad_fields_are_named_at_once_in_the_order_of_the_form() {
        let two = Two { amount: Amount::new(5).unwrap(), name: "x".to_owned() };
        assert_eq!(read(r#"{"name":" x ","amount":5,"other":[]}"#), Ok(two));
        let refused = read(r#"{"name":"too long"}"#).unwrap_err();
        let expected = r#"{"amount":["This field is required."],"name":["Ensure this field has no more than 5 characters."],"type":"about:blank""#;
        assert!(refused.starts_with(expected), "{refused}");
        assert!(read("{}").unwrap_err().contains(r#""code":"invalid""#));
    }
}
