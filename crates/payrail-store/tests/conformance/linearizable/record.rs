//! The requests and answers, in their real order.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use payrail_core::command::Command;
use payrail_types::ids::{MerchantId, PayoutId};

use super::sequence::Answered;

#[derive(Clone, Debug)]
pub enum Asked {
    /// The commands of a batch, and the time that the store took for now.
    Batch(Vec<Command>, Timestamp),
    Tip(MerchantId),
    Payout(MerchantId, PayoutId),
}

/// A request, with the positions of its start and its answer in the order of all events.
#[derive(Clone, Debug)]
pub struct Line {
    pub client: usize,
    pub begun: usize,
    pub asked: Asked,
    /// `None` if its outcome is unknown.
    pub answered: Option<(usize, Answered)>,
}

#[derive(Clone, Debug, Default)]
pub struct Record {
    lines: BTreeMap<usize, Line>,
    moments: usize,
    owners: Vec<MerchantId>,
}

impl Record {
    pub fn new(owners: &[MerchantId]) -> Self {
        Self { owners: owners.to_vec(), ..Self::default() }
    }

    pub fn merchants(&self) -> Vec<MerchantId> {
        self.owners.clone()
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.values()
    }

    /// The number of the question.
    pub fn begin(&mut self, client: usize, asked: Asked) -> usize {
        self.moments += 1;
        self.lines.insert(self.moments, Line { client, begun: self.moments, asked, answered: None });
        self.moments
    }

    pub fn end(&mut self, number: usize, now: Option<Timestamp>, answer: Answered) {
        self.moments += 1;
        let moment = self.moments;
        self.set_time(number, now);
        self.lines.get_mut(&number).unwrap().answered = Some((moment, answer));
    }

    /// The connection died on COMMIT.
    pub fn never_end(&mut self, number: usize, now: Option<Timestamp>) {
        self.set_time(number, now);
    }

    /// The store reports that nothing was written, and the search relies on this.
    pub fn strike_out(&mut self, number: usize) {
        self.lines.remove(&number);
    }

    fn set_time(&mut self, number: usize, read: Option<Timestamp>) {
        if let (Some(Line { asked: Asked::Batch(_, now), .. }), Some(read)) = (self.lines.get_mut(&number), read) {
            *now = read;
        }
    }

    /// Makes an answer about this merchant wrong; false if there is none of the forgery's kind.
    pub fn forge(&mut self, nth: usize, owner: MerchantId, forge: super::Forgery) -> bool {
        let line = self.lines.values_mut().nth(nth).unwrap();
        match (&line.asked, &mut line.answered) {
            (Asked::Batch(commands, _), _) if commands[0].merchant != owner => false,
            (Asked::Tip(of) | Asked::Payout(of, _), _) if *of != owner => false,
            (asked, Some((_, answer))) => forge(asked, answer),
            (_, None) => false,
        }
    }

    pub fn timeline(&self, owner: MerchantId) -> String {
        let mut text = String::new();
        for line in self.lines().filter(|line| line.asked.is_about(owner)) {
            let until = line.answered.as_ref().map_or(0, |(moment, _)| *moment);
            let _ = writeln!(text, "{}-{until} client {}: {:?}", line.begun, line.client, line.asked);
            let _ = writeln!(text, "    {:?}", line.answered.as_ref().map(|(_, answer)| answer));
        }
        text
    }

    pub fn figures(&self) -> Figures {
        let mut figures = Figures { questions: self.len(), ..Figures::default() };
        let mut newest = 0;
        for line in self.lines() {
            figures.at_once += usize::from(line.begun < newest);
            newest = newest.max(line.answered.as_ref().map_or(0, |(moment, _)| *moment));
            match &line.answered {
                None => figures.unknown += 1,
                Some((_, Answered::Replies(replies))) => {
                    figures.refused += replies.iter().filter(|reply| reply.is_err()).count();
                }
                Some(_) => figures.reads += 1,
            }
        }
        figures
    }
}

impl Asked {
    pub fn is_about(&self, owner: MerchantId) -> bool {
        match self {
            Self::Batch(commands, _) => commands.iter().any(|command| command.merchant == owner),
            Self::Tip(of) | Self::Payout(of, _) => *of == owner,
        }
    }
}

/// What the histories were like.
#[derive(Debug, Default)]
pub struct Figures {
    questions: usize,
    /// Asked before an earlier one was answered.
    at_once: usize,
    reads: usize,
    refused: usize,
    /// Requests with an unknown outcome.
    unknown: usize,
}

impl Figures {
    pub fn add(&mut self, more: Figures) {
        self.questions += more.questions;
        self.at_once += more.at_once;
        self.reads += more.reads;
        self.refused += more.refused;
        self.unknown += more.unknown;
    }

    /// Histories in which each question waits for the one before prove nothing. How many run at once depends on the
    /// machine, so the test plays histories until there are enough.
    pub fn suffice(&self, on_postgres: bool) -> bool {
        self.at_once >= 200 && self.reads > 0 && self.refused > 0 && (self.unknown > 0 || !on_postgres)
    }
}
