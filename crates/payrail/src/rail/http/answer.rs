//! What a reply means. Money hangs on it, so only a definite answer in good form counts: the right
//! status, the right content, the right reference and amount, and nothing in it that contradicts itself.
//!
//! Every answer names the reference. `paid` and `refused` are about a transfer that the bank has, so they also name
//! its amount, and it must be the payout's. `never_received` and `closed` say that the bank has no such transfer: they
//! name no amount.

use payrail_core::payout::{AttemptKind, BankAnswer};
use payrail_types::names::{Utr, normal};
use payrail_types::word::Word;
use reqwest::StatusCode;
use serde::Deserialize;

use super::call::Reply;
use crate::rail::types::{Instruction, excerpt};

const REASON_MAX: usize = 500;

#[derive(Deserialize)]
struct Said {
    status: String,
    reference: Option<String>,
    amount_paise: Option<i64>,
    bank_account_id: Option<String>,
    utr: Option<String>,
    reason: Option<String>,
}

pub fn read(step: AttemptKind, about: Instruction<'_>, reply: &Reply) -> BankAnswer {
    definite(step, about, reply).unwrap_or_else(|why| BankAnswer::NoAnswer { why })
}

fn definite(step: AttemptKind, about: Instruction<'_>, reply: &Reply) -> Result<BankAnswer, String> {
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
    said.is_about(about)?;
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

    /// An answer about another transfer, or about none in particular, says nothing about this one.
    fn is_about(&self, it: Instruction<'_>) -> Result<(), String> {
        match self.reference.as_deref() {
            None => return Err("the bank's answer does not say which reference it is about".to_owned()),
            Some(other) if other != it.reference => {
                return Err("the bank's answer is about another reference".to_owned());
            }
            Some(_) => {}
        }
        if self.bank_account_id.as_deref().is_some_and(|other| normal(other) != normal(it.bank_account_id)) {
            return Err("the bank's answer is about another bank account".to_owned());
        }
        let has_transfer = matches!(self.status.as_str(), "paid" | "refused");
        match (self.amount_paise, has_transfer) {
            (Some(amount), true) if amount == it.amount.get() => Ok(()),
            (Some(amount), true) => Err(format!(
                "the bank's answer is about {amount} paise, and the payout is for {} paise",
                it.amount.get()
            )),
            (None, true) => Err(format!("the bank answered {:?} without amount_paise", self.status)),
            (Some(_), false) => Err("the bank's answer contradicts itself: no transfer, yet an amount".to_owned()),
            (None, false) => Ok(()),
        }
    }

    fn answer(self, step: AttemptKind) -> Result<BankAnswer, String> {
        if self.status != "paid" && self.utr.is_some() {
            return Err("the bank's answer contradicts itself: not paid, yet with a UTR".to_owned());
        }
        match (self.status.as_str(), step) {
            ("paid", _) => self.utr.and_then(|utr| Utr::parse(&utr).ok()).map(|utr| BankAnswer::Paid { utr }),
            ("refused", _) => self.reason.and_then(reason).map(|reason| BankAnswer::Refused { reason }),
            ("never_received", AttemptKind::Enquire | AttemptKind::Close) => return Ok(BankAnswer::NeverReceived),
            ("closed", AttemptKind::Enquire | AttemptKind::Close) => return Ok(BankAnswer::Closed),
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

fn reason(text: String) -> Option<String> {
    let text = excerpt(text.trim(), REASON_MAX);
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use payrail_types::money::Amount;

    use super::*;

    fn about(reference: &str) -> Instruction<'_> {
        Instruction { reference, amount: Amount::new(60_000).unwrap(), bank_account_id: "acc-1" }
    }

    fn told(step: AttemptKind, body: &str) -> BankAnswer {
        let reply = Reply { status: StatusCode::OK, is_json: true, body: body.into(), broken: None };
        read(step, about("PR1"), &reply)
    }

    const PAID: &str = r#"{"status":"paid","utr":"U1","reference":"PR1","amount_paise":60000}"#;
    const REFUSED: &str = r#"{"status":"refused","reason":" closed\n","reference":"PR1","amount_paise":60000}"#;
    const NEVER_RECEIVED: &str = r#"{"status":"never_received","reference":"PR1"}"#;
    const CLOSED: &str = r#"{"status":"closed","reference":"PR1"}"#;

    fn is_no_answer(answer: &BankAnswer) -> bool {
        matches!(answer, BankAnswer::NoAnswer { why } if !why.is_empty())
    }

    #[test]
    fn a_definite_answer_counts() {
        let paid = BankAnswer::Paid { utr: Utr::parse("U1").unwrap() };
        let refused = BankAnswer::Refused { reason: "closed".to_owned() };
        for step in AttemptKind::all() {
            assert_eq!(told(step, PAID), paid);
            for more in [r#""reason":null,"x":{}"#, r#""bank_account_id":"acc-1""#, r#""bank_account_id":null"#] {
                assert_eq!(told(step, &PAID.replace('}', &format!(",{more}}}"))), paid);
            }
            assert_eq!(told(step, REFUSED), refused);
        }
        for step in [AttemptKind::Enquire, AttemptKind::Close] {
            assert_eq!(told(step, NEVER_RECEIVED), BankAnswer::NeverReceived);
            assert_eq!(told(step, CLOSED), BankAnswer::Closed);
        }
    }

    #[test]
    fn anything_else_is_no_answer() {
        let altered = |from: &str, to: &str| PAID.replace(from, to);
        let twice = format!("{PAID}{{}}");
        for body in [
            "",
            "paid",
            "null",
            "[]",
            r#"["paid","PR1",60000,null,"U1",null]"#,
            &twice,
            &PAID[..PAID.len() - 1],
            &altered(r#""utr":"U1","#, ""),
            &altered(r#""U1""#, "null"),
            &altered("U1", ""),
            &altered("U1", " "),
            &altered("U1", "U\\u00001"),
            &altered("U1", "U1 "),
            &altered("U1", "Ü1"),
            &altered(r#""U1""#, "17"),
            &altered("U1", &"U".repeat(65)),
            &altered(r#""status":"paid""#, r#""status":"paid","status":"refused","reason":"x""#),
            &altered("paid\"", "PAID\""),
            &altered(r#""status":"paid","#, ""),
            &altered(r#""status":"paid""#, r#""status":"pending""#),
            &REFUSED.replace(r#""reason":" closed\n","#, ""),
            &REFUSED.replace(" closed\\n", " \\n"),
            &REFUSED.replace('}', r#","utr":"U1"}"#),
            &CLOSED.replace('}', r#","utr":"U1"}"#),
            &NEVER_RECEIVED.replace('}', r#","utr":"U1"}"#),
        ] {
            for step in AttemptKind::all() {
                let answer = told(step, body);
                assert!(is_no_answer(&answer), "{body}: {answer:?}");
            }
        }
    }

    /// An answer that does not say what it is about may be about anything.
    #[test]
    fn another_reference_amount_or_account_is_no_answer() {
        for said in [PAID, REFUSED, NEVER_RECEIVED, CLOSED] {
            for reference in [r#""reference":"PR2""#, r#""reference":"pr1""#, r#""reference":null"#, r#""x":0"#] {
                let body = said.replace(r#""reference":"PR1""#, reference);
                assert!(AttemptKind::all().all(|step| is_no_answer(&told(step, &body))), "{body}");
            }
            let body = said.replace('}', r#","bank_account_id":"acc-2"}"#);
            assert!(AttemptKind::all().all(|step| is_no_answer(&told(step, &body))), "{body}");
        }
        for said in [PAID, REFUSED] {
            for amount in ["1", "60001", "0", "-60000", "60000.0", "\"60000\"", "null", "18446744073709611616"] {
                let body = said.replace("60000", amount);
                assert!(AttemptKind::all().all(|step| is_no_answer(&told(step, &body))), "{body}");
            }
            let without = said.replace(r#","amount_paise":60000"#, "");
            assert!(is_no_answer(&told(AttemptKind::Enquire, &without)), "{without}");
            let twice = said.replace('}', r#","amount_paise":60000}"#);
            assert!(is_no_answer(&told(AttemptKind::Enquire, &twice)), "{twice}");
        }
        for said in [NEVER_RECEIVED, CLOSED] {
            let body = said.replace('}', r#","amount_paise":60000}"#);
            assert!(is_no_answer(&told(AttemptKind::Enquire, &body)), "{body}");
        }
    }

    #[test]
    fn a_utr_follows_the_rule_for_utrs() {
        for utr in
            ["U1", "AXIS/2026-12:01_a.b", &"U".repeat(64), &"U".repeat(65), "U 1", "U1 ", "Ü1", "１２", "U\u{200b}1"]
        {
            let answer = told(AttemptKind::Submit, &PAID.replace("U1", utr));
            match Utr::parse(utr) {
                Ok(utr) => assert_eq!(answer, BankAnswer::Paid { utr }),
                Err(_) => assert!(is_no_answer(&answer), "{utr:?}: {answer:?}"),
            }
        }
    }

    #[test]
    fn an_account_is_the_same_in_another_normal_form() {
        let about = Instruction { bank_account_id: "Cafe\u{301}", ..about("PR1") };
        for (account, is_it) in [("Caf\u{e9}", true), ("Cafe\u{301}", true), ("Cafe", false)] {
            let body = PAID.replace('}', &format!(r#","bank_account_id":"{account}"}}"#)).into();
            let reply = Reply { status: StatusCode::OK, is_json: true, body, broken: None };
            assert_ne!(is_no_answer(&read(AttemptKind::Submit, about, &reply)), is_it, "{account}");
        }
    }

    #[test]
    fn a_submission_is_not_answered_by_an_enquirys_answer() {
        assert!(is_no_answer(&told(AttemptKind::Submit, CLOSED)));
        assert!(is_no_answer(&told(AttemptKind::Submit, NEVER_RECEIVED)));
    }

    #[test]
    fn status_content_type_and_completeness_come_before_the_body() {
        let good = || Reply { status: StatusCode::OK, is_json: true, body: PAID.into(), broken: None };
        assert!(!is_no_answer(&read(AttemptKind::Submit, about("PR1"), &good())));
        for status in [201, 202, 204, 301, 302, 400, 404, 409, 429, 500, 502, 503, 504] {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            assert!(
                status == StatusCode::OK
                    || is_no_answer(&read(AttemptKind::Submit, about("PR1"), &Reply { status, ..good() }))
            );
        }
        assert!(is_no_answer(&read(AttemptKind::Submit, about("PR1"), &Reply { is_json: false, ..good() })));
        assert!(is_no_answer(&read(
            AttemptKind::Submit,
            about("PR1"),
            &Reply { broken: Some("cut".to_owned()), ..good() }
        )));
    }

    #[test]
    fn a_reason_fits_its_column() {
        let body = REFUSED.replace(" closed", &"é".repeat(600)).replace("\\n", "\\u0000");
        let BankAnswer::Refused { reason } = told(AttemptKind::Submit, &body) else { panic!("not refused") };
        assert_eq!(reason.chars().count(), REASON_MAX);
    }
}
