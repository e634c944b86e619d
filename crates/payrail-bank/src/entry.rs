//! The book's entry for a reference, and the bank's decision about it. The decision is pure, so that the writer can
//! decide a whole batch in one transaction.

use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Deserializer, Serialize};

use crate::accounts;
use crate::odds::Outcome;
use crate::settings::Odds;

/// The reason given for refusing a reference that was closed before.
const CLOSED: &str = "The reference was closed at the payer's request";

/// An instruction to pay, as it arrives.
#[derive(Clone, Debug, Deserialize)]
pub struct Transfer {
    pub reference: String,
    #[serde(deserialize_with = "amount")]
    pub amount_paise: i64,
    pub bank_account_id: String,
}

#[derive(Clone, Debug)]
pub enum Order {
    Submit(Transfer),
    Close(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Paid,
    Refused,
    Closed,
    Lost,
}

impl Status {
    const ALL: [Status; 4] = [Self::Paid, Self::Refused, Self::Closed, Self::Lost];

    fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Lost => "lost",
        }
    }
}

impl FromSql for Status {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Status {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

/// The book's row for a reference.
#[derive(Clone, Debug)]
pub struct Entry {
    pub reference: String,
    pub amount_paise: Option<i64>,
    pub bank_account_id: Option<String>,
    pub status: Status,
    pub reason: Option<String>,
    pub arrivals: i64,
    pub arrived_at: i64,
    pub decided_at: i64,
    pub number: Option<i64>,
    pub return_due_at: Option<i64>,
}

/// The transfer as the bank has it. The payer compares it with its own instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Terms {
    pub amount_paise: i64,
    pub bank_account_id: String,
}

/// The bank's answer about a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Paid {
        terms: Terms,
        utr: String,
    },
    Refused {
        terms: Terms,
        reason: String,
    },
    Closed,
    NeverReceived,
    Silence,
    /// The reference is known for another amount or account.
    Conflict,
}

/// The settings behind the bank's decisions.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub odds: Odds,
    pub seed: u64,
    pub returns_after: Duration,
}

/// The bank's own reference for a payment, unique within its book.
pub fn utr(number: i64) -> String {
    format!("SIMB{number:012}")
}

fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let paise = i64::deserialize(from)?;
    if paise < 1 {
        let error = format_args!("an amount is one paisa or more, in whole paise; got {paise}");
        return Err(serde::de::Error::custom(error));
    }
    Ok(paise)
}

impl Transfer {
    fn terms(&self) -> Terms {
        Terms { amount_paise: self.amount_paise, bank_account_id: self.bank_account_id.clone() }
    }

    /// Says why the transfer is invalid.
    pub fn fault(&self) -> Option<&'static str> {
        let characters = self.bank_account_id.chars().count();
        if !is_reference(&self.reference) {
            return Some("reference must be 1 to 64 letters, digits, hyphens or underscores");
        }
        if characters == 0 || characters > 255 || self.bank_account_id.contains('\0') {
            return Some("bank_account_id must be 1 to 255 characters");
        }
        None
    }
}

pub fn is_reference(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl Order {
    pub fn reference(&self) -> &str {
        match self {
            Self::Submit(transfer) => &transfer.reference,
            Self::Close(reference) => reference,
        }
    }

    /// The entry for a reference that is not in the book yet.
    pub fn entry(&self, now: i64) -> Entry {
        let (amount_paise, bank_account_id, status) = match self {
            Self::Submit(t) => (Some(t.amount_paise), Some(t.bank_account_id.clone()), Status::Lost),
            Self::Close(_) => (None, None, Status::Closed),
        };
        Entry {
            reference: self.reference().to_owned(),
            amount_paise,
            bank_account_id,
            status,
            reason: None,
            arrivals: 0,
            arrived_at: now,
            decided_at: now,
            number: None,
            return_due_at: None,
        }
    }
}

impl Entry {
    pub fn find(book: &Connection, reference: &str) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT reference, amount_paise, bank_account_id, status, reason, arrivals, arrived_at, decided_at,
                          number, return_due_at
                   FROM transfers WHERE reference = ?";
        book.prepare_cached(sql)?.query_row([reference], Self::read).optional()
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            reference: row.get(0)?,
            amount_paise: row.get(1)?,
            bank_account_id: row.get(2)?,
            status: row.get(3)?,
            reason: row.get(4)?,
            arrivals: row.get(5)?,
            arrived_at: row.get(6)?,
            decided_at: row.get(7)?,
            number: row.get(8)?,
            return_due_at: row.get(9)?,
        })
    }

    pub fn save(&self, book: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO transfers (reference, amount_paise, bank_account_id, status, reason, arrivals,
                                          arrived_at, decided_at, number, return_due_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (reference) DO UPDATE SET status = excluded.status, reason = excluded.reason,
                          arrivals = excluded.arrivals, decided_at = excluded.decided_at, number = excluded.number,
                          return_due_at = excluded.return_due_at";
        book.prepare_cached(sql)?.execute(params![
            self.reference,
            self.amount_paise,
            self.bank_account_id,
            self.status,
            self.reason,
            self.arrivals,
            self.arrived_at,
            self.decided_at,
            self.number,
            self.return_due_at,
        ])?;
        Ok(())
    }

    /// The answer to an enquiry.
    pub fn answer(&self) -> Answer {
        if self.bank_account_id.as_deref() == Some(accounts::SILENT) {
            return Answer::Silence;
        }
        let terms = Terms {
            amount_paise: self.amount_paise.unwrap_or_default(),
            bank_account_id: self.bank_account_id.clone().unwrap_or_default(),
        };
        match (self.status, self.number) {
            (Status::Paid, number) => Answer::Paid { terms, utr: utr(number.unwrap_or_default()) },
            (Status::Refused, _) => Answer::Refused { terms, reason: self.reason.clone().unwrap_or_default() },
            (Status::Closed, _) => Answer::Closed,
            (Status::Lost, _) => Answer::NeverReceived,
        }
    }

    /// The answer to a submission: a closed reference is refused.
    fn answer_to_submission(&self, transfer: &Transfer) -> Answer {
        match self.answer() {
            Answer::Closed => Answer::Refused { terms: transfer.terms(), reason: CLOSED.to_owned() },
            answer => answer,
        }
    }

    /// A reference that was closed before it arrived matches any transfer.
    fn is_for(&self, transfer: &Transfer) -> bool {
        self.amount_paise.is_none_or(|amount| amount == transfer.amount_paise)
            && self.bank_account_id.as_ref().is_none_or(|id| *id == transfer.bank_account_id)
    }
}

impl Rules {
    /// Executes the order on its entry. `number` is the next free payment number; a payment uses it up.
    pub fn decide(&self, order: &Order, entry: &mut Entry, number: &mut i64, now: i64) -> Answer {
        match order {
            Order::Submit(transfer) => self.submit(transfer, entry, number, now),
            Order::Close(_) => {
                let silent = entry.answer() == Answer::Silence;
                if entry.status == Status::Lost && !silent {
                    (entry.status, entry.decided_at) = (Status::Closed, now);
                }
                entry.answer()
            }
        }
    }

    fn submit(&self, transfer: &Transfer, entry: &mut Entry, number: &mut i64, now: i64) -> Answer {
        if !entry.is_for(transfer) {
            return Answer::Conflict;
        }
        entry.arrivals += 1;
        let outcome = match accounts::forced(&transfer.bank_account_id) {
            Some(outcome) => outcome,
            None if entry.status == Status::Lost => self.odds.outcome(self.seed, &entry.reference, entry.arrivals),
            // The transfer was decided before: its answer is no longer random.
            None => return entry.answer_to_submission(transfer),
        };
        if entry.status == Status::Lost {
            self.record(outcome, entry, number, now);
        }
        if outcome.is_silent() { Answer::Silence } else { entry.answer_to_submission(transfer) }
    }

    fn record(&self, outcome: Outcome, entry: &mut Entry, number: &mut i64, now: i64) {
        entry.decided_at = now;
        match outcome {
            Outcome::Pay | Outcome::PayInSilence => {
                entry.status = Status::Paid;
                entry.number = Some(*number);
                entry.return_due_at = self.return_due_at(entry, now);
                *number += 1;
            }
            Outcome::Refuse(reason) => (entry.status, entry.reason) = (Status::Refused, Some(reason.to_owned())),
            Outcome::Lose => {}
        }
    }

    fn return_due_at(&self, entry: &Entry, now: i64) -> Option<i64> {
        let returns = entry.bank_account_id.as_deref() == Some(accounts::RETURN);
        let after = i64::try_from(self.returns_after.as_micros()).unwrap_or(i64::MAX);
        returns.then(|| now.saturating_add(after))
    }
}
