//! The sequential reference: a merchant's book and the core; and the search for an order in which they give the
//! observed answers.

use std::collections::BTreeMap;

use payrail_core::book::Book;
use payrail_core::command::{Refusal, Reply};
use payrail_core::decide::{Rules, decide_all};
use payrail_core::ledger::Tip;
use payrail_core::payout::Payout;
use payrail_types::ids::MerchantId;

use super::record::{Asked, Record};
use crate::world::note_needs;

#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there are few of them")]
pub enum Answered {
    Replies(Vec<Result<Reply, Refusal>>),
    Tip(Tip),
    Payout(Option<Payout>),
}

/// A question about one merchant. One without an answer may have been carried out at any time since, or never.
struct Question {
    begun: usize,
    ended: usize,
    asked: Asked,
    answered: Option<Answered>,
}

struct Search {
    questions: Vec<Question>,
    rules: Rules,
    /// The books that were tried after a set of questions (a bit for each), in whatever order these were asked.
    tried: BTreeMap<u128, Vec<Book>>,
}

/// Whether some order explains what this merchant's clients saw.
pub fn has_an_order(record: &Record, owner: MerchantId, rules: Rules) -> bool {
    let questions: Vec<_> = record.lines().filter_map(|line| part(line, owner)).collect();
    assert!(questions.len() <= 128, "too many for the search's bits");
    Search { questions, rules, tried: BTreeMap::new() }.goes_on(0, &Book::new(owner))
}

impl Search {
    fn goes_on(&mut self, done: u128, book: &Book) -> bool {
        let open = |(n, _): &(usize, &Question)| done & (1 << n) == 0;
        let left = self.questions.iter().enumerate().filter(open);
        // What is next was asked before any that is left had been answered.
        let first = left.clone().filter(|(_, question)| question.answered.is_some()).map(|(_, next)| next.ended).min();
        let Some(first) = first else { return true };
        let next: Vec<_> = left.filter(|(_, question)| question.begun < first).map(|(n, _)| n).collect();
        next.into_iter().any(|n| {
            let mut after = book.clone();
            let answer = invoke(&mut after, &self.questions[n].asked, &self.rules);
            let fits = self.questions[n].answered.as_ref().is_none_or(|seen| *seen == answer);
            let tried = self.tried.entry(done | 1 << n).or_default();
            if !fits || tried.contains(&after) {
                return false;
            }
            tried.push(after.clone());
            self.goes_on(done | 1 << n, &after)
        })
    }
}

fn invoke(book: &mut Book, asked: &Asked, rules: &Rules) -> Answered {
    match asked {
        Asked::Batch(commands, now) => {
            let mut books = BTreeMap::from([(book.merchant, Some(book.clone()))]);
            note_needs(&mut books, commands);
            let replies = decide_all(&mut books, commands, rules, *now).expect("all is at hand").replies;
            *book = books.remove(&book.merchant).flatten().unwrap();
            Answered::Replies(replies)
        }
        Asked::Tip(_) => Answered::Tip(book.tip),
        Asked::Payout(_, id) => Answered::Payout(book.payouts.get(id).cloned().flatten()),
    }
}

/// A batch is one question of each merchant in it.
fn part(line: &super::record::Line, owner: MerchantId) -> Option<Question> {
    if !line.asked.is_about(owner) {
        return None;
    }
    let (mut asked, mut answered) = (line.asked.clone(), line.answered.as_ref().map(|(_, answer)| answer.clone()));
    if let Asked::Batch(commands, _) = &mut asked {
        if let Some(Answered::Replies(replies)) = &mut answered {
            let mut owners = commands.iter().map(|command| command.merchant);
            replies.retain(|_| owners.next() == Some(owner));
        }
        commands.retain(|command| command.merchant == owner);
    }
    let ended = line.answered.as_ref().map_or(usize::MAX, |(moment, _)| *moment);
    Some(Question { begun: line.begun, ended, asked, answered })
}
