//! What a reply means. Money hangs on it, so only a definite answer in good form counts: the right
//! status, the right content, the right reference, and nothing in it that contradicts itself.

use payrail_core::payout::{BankAnswer, Step};
use reqwest::StatusCode;
use serde::Deserialize;

use super::call::Reply;
use super::excerpt;

const UTR_MAX: usize = 64;
const REASON_MAX: usize = 500;

#[derive(Deserialize)]
struct Said {
    status: String,
    reference: Option<String>,
    utr: Option<String>,
    reason: Option<String>,
}

pub fn read(step: Step, reference: &str, reply: &Reply) -> BankAnswer {
    definite(step, reference, reply).unwrap_or_else(|why| BankAnswer::NoAnswer { why })
}

fn definite(step: Step, reference: &str, reply: &Reply) -> Result<BankAnswer, String> {
    if reply.status != StatusCode::OK {
        return Err(format!("the bank answered with HTTP status {}", reply.status));
    }
    if let Some(why) = &reply.broken {
        return Err(why.clone());
    }
    if !reply.is_json {
        return Err("the bank's answer is not application/json".to_owned());
    }
    let said = Said::parse(&reply.body)?;
    if said.reference.as_ref().is_some_and(|other| other != reference) {
        return Err("the bank's answer is about another reference".to_owned());
    }
    said.answer(step)
}

impl Said {
    fn parse(body: &[u8]) -> Result<Said, String> {
        // Serde would read a struct from a bare array too.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err("the bank's answer is not a JSON object".to_owned());
        }
        serde_json::from_slice(body).map_err(|error| format!("the bank's answer makes no sense: {error}"))
    }

    fn answer(self, step: Step) -> Result<BankAnswer, String> {
        if self.status != "paid" && self.utr.is_some() {
            return Err("the bank's answer contradicts itself: not paid, yet with a UTR".to_owned());
        }
        match (self.status.as_str(), step) {
            ("paid", _) => self.utr.filter(|utr| is_utr(utr)).map(|utr| BankAnswer::Paid { utr }),
            ("refused", _) => self.reason.and_then(reason).map(|reason| BankAnswer::Refused { reason }),
            ("never_received", Step::Enquire | Step::Close) => return Ok(BankAnswer::NeverReceived),
            ("closed", Step::Enquire | Step::Close) => return Ok(BankAnswer::Closed),
            (other, _) => {
                return Err(format!("the bank answered {:?} to {}", excerpt(other, 50), step.as_str()));
            }
        }
        .ok_or_else(|| format!("the bank answered {:?} without saying {}", self.status, evidence(&self.status)))
    }
}

fn evidence(status: &str) -> &'static str {
    if status == "paid" { "under which UTR" } else { "why" }
}

fn is_utr(text: &str) -> bool {
    (1..=UTR_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn reason(text: String) -> Option<String> {
    let text = excerpt(text.trim(), REASON_MAX);
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(step: Step, body: &str) -> BankAnswer {
        let reply = Reply { status: StatusCode::OK, is_json: true, body: body.into(), broken: None };
        read(step, "PR1", &reply)
    }

    fn is_no_answer(answer: &BankAnswer) -> bool {
        matches!(answer, BankAnswer::NoAnswer { why } if !why.is_empty())
    }

    #[test]
    fn a_definite_answer_counts() {
        let paid = BankAnswer::Paid { utr: "U1".to_owned() };
        let refused = BankAnswer::Refused { reason: "closed".to_owned() };
        for step in Step::ALL {
            assert_eq!(told(step, r#"{"status":"paid","utr":"U1"}"#), paid);
            assert_eq!(told(step, r#"{"status":"paid","utr":"U1","reference":"PR1","reason":null,"x":{}}"#), paid);
            assert_eq!(told(step, r#"{"status":"refused","reason":" closed\n"}"#), refused);
        }
        for step in [Step::Enquire, Step::Close] {
            assert_eq!(told(step, r#"{"status":"never_received"}"#), BankAnswer::NeverReceived);
            assert_eq!(told(step, r#"{"status":"closed"}"#), BankAnswer::Closed);
        }
    }

    #[test]
    fn anything_else_is_no_answer() {
        let long = format!(r#"{{"status":"paid","utr":"{}"}}"#, "U".repeat(65));
        for body in [
            "",
            "paid",
            "null",
            "[]",
            r#"["paid","PR1","U1",null]"#,
            r#"{"status":"paid","utr":"U1"}{}"#,
            r#"{"status":"paid","utr":"U1""#,
            r#"{"status":"paid"}"#,
            r#"{"status":"paid","utr":null}"#,
            r#"{"status":"paid","utr":""}"#,
            r#"{"status":"paid","utr":" "}"#,
            r#"{"status":"paid","utr":"U\u00001"}"#,
            r#"{"status":"paid","utr":17}"#,
            &long,
            r#"{"status":"paid","utr":"U1","reference":"PR2"}"#,
            r#"{"status":"paid","status":"refused","utr":"U1","reason":"x"}"#,
            r#"{"status":"PAID","utr":"U1"}"#,
            r#"{"status":"refused"}"#,
            r#"{"status":"refused","reason":" \n"}"#,
            r#"{"status":"refused","reason":"x","utr":"U1"}"#,
            r#"{"status":"refused","reason":"x","reference":"pr1"}"#,
            r#"{"status":"closed","utr":"U1"}"#,
            r#"{"status":"never_received","utr":"U1"}"#,
            r#"{"status":"pending"}"#,
            r#"{"utr":"U1"}"#,
        ] {
            for step in Step::ALL {
                let answer = told(step, body);
                assert!(is_no_answer(&answer), "{body}: {answer:?}");
            }
        }
    }

    #[test]
    fn a_submission_is_not_answered_by_an_enquirys_answer() {
        assert!(is_no_answer(&told(Step::Submit, r#"{"status":"closed"}"#)));
        assert!(is_no_answer(&told(Step::Submit, r#"{"status":"never_received"}"#)));
    }

    #[test]
    fn status_content_and_wholeness_count_before_the_words() {
        let good = || Reply {
            status: StatusCode::OK,
            is_json: true,
            body: br#"{"status":"paid","utr":"U1"}"#.to_vec(),
            broken: None,
        };
        assert!(!is_no_answer(&read(Step::Submit, "PR1", &good())));
        for status in [201, 202, 204, 301, 302, 400, 404, 409, 429, 500, 502, 503, 504] {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            assert!(status == StatusCode::OK || is_no_answer(&read(Step::Submit, "PR1", &Reply { status, ..good() })));
        }
        assert!(is_no_answer(&read(Step::Submit, "PR1", &Reply { is_json: false, ..good() })));
        assert!(is_no_answer(&read(Step::Submit, "PR1", &Reply { broken: Some("cut".to_owned()), ..good() })));
    }

    #[test]
    fn a_reason_fits_its_column() {
        let body = format!(r#"{{"status":"refused","reason":"{}\u0000"}}"#, "é".repeat(600));
        let BankAnswer::Refused { reason } = told(Step::Submit, &body) else { panic!("not refused") };
        assert_eq!(reason.chars().count(), REASON_MAX);
    }
}
