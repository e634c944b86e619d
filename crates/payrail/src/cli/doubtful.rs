//! `payrail doubtful`: the operator's list. Every payout whose last call got no definite answer, how long
//! it has been so, and what it waits for.

use jiff::{SignedDuration, Timestamp};
use payrail_core::command::timestamp;
use payrail_core::ids::MerchantId;
use payrail_core::payout::{Doubt, Payout, Progress, State};
use serde_json::{Value, json};

use super::Error;
use super::words::count;
use crate::clock::Clock;
use crate::settings::Common;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// How many to list, the oldest doubts first
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    limit: u32,
}

pub async fn run(common: &Common, args: &Args) -> Result<(), Error> {
    let store = common.open_existing().await?;
    let now = Clock::of(&store).now();
    let list = store.doubtful(args.limit).await?;
    for (merchant, payout) in &list {
        // The list holds nothing else: it is read off the column that makes it so.
        let State::Processing(progress @ Progress { doubt: Some(doubt), .. }) = &payout.state else { continue };
        if args.json {
            say!("{}", line(*merchant, payout, progress, doubt));
        } else {
            print(payout, progress, doubt, now);
        }
    }
    if list.is_empty() && !args.json {
        say!("No payout is in doubt.");
    }
    Ok(())
}

fn print(payout: &Payout, progress: &Progress, doubt: &Doubt, now: Timestamp) {
    let amount = payout.amount.paise().to_string();
    say!("{}  {amount:>16}  in doubt for {:<10} {}", payout.id, words(now.duration_since(doubt.since)), doubt.reason);
    let wait = progress.due_at.duration_since(now);
    let next = match &progress.leased_by {
        Some(worker) => format!("{worker} is making a call ({})", progress.step.as_str()),
        None if wait.is_positive() => format!("next: {} in {}", progress.step.as_str(), words(wait)),
        None => format!("next: {} now", progress.step.as_str()),
    };
    let (submissions, unanswered) = (count(payout.attempts, "submission"), count(payout.unanswered, "unanswered call"));
    say!("    {submissions}, {unanswered}; {next}");
}

fn line(merchant: MerchantId, payout: &Payout, progress: &Progress, doubt: &Doubt) -> Value {
    json!({
        "payout_id": payout.id,
        "merchant_id": merchant,
        "amount_paise": payout.amount,
        "bank_account_id": payout.bank_account_id,
        "reference": payout.id.reference(),
        "since": timestamp(doubt.since),
        "reason": doubt.reason,
        "submissions": payout.attempts,
        "unanswered": payout.unanswered,
        "next_step": progress.step.as_str(),
        "next_step_at": timestamp(progress.due_at),
    })
}

/// To the second: `2h 3m 4s`.
fn words(length: SignedDuration) -> String {
    format!("{:#}", SignedDuration::from_secs(length.as_secs()))
}
