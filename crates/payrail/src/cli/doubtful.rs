//! `payrail doubtful`: every payout whose last call got no definite answer, with the time and the next step.

use jiff::{SignedDuration, Timestamp};
use payrail_core::payout::{Doubt, Payout, Progress, State};
use payrail_types::ids::MerchantId;
use payrail_types::word::Word;
use serde_json::{Value, json};

use super::shared::Error;
use super::words::{count, rupees};
use crate::clock::Clock;
use crate::clock::timestamp;
use crate::settings::Common;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// How many to list, the oldest doubts first
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    limit: u32,
}

pub async fn run(common: &Common, args: &Args) -> Result<(), Error> {
    let store = common.open_current().await?;
    let now = Clock::of(&store).now();
    let list = store.doubtful(args.limit).await?;
    for (merchant, payout) in &list {
        // All payouts of the list are in doubt, because the query selects them by the doubt.
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
    let amount = rupees(payout.amount.paise());
    say!(
        "{}  {amount:>16}  in doubt for {:<10} {}",
        payout.id,
        words(now.duration_since(doubt.since)),
        doubt.reason.as_str()
    );
    let wait = progress.due_at.duration_since(now);
    let next = match &progress.leased_by {
        Some(worker) => format!("{worker} is making a call ({})", progress.kind.as_str()),
        None if wait.is_positive() => format!("next: {} in {}", progress.kind.as_str(), words(wait)),
        None => format!("next: {} now", progress.kind.as_str()),
    };
    let (submissions, unanswered) =
        (count(payout.submissions, "submission"), count(payout.unanswered, "unanswered call"));
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
        "reason": doubt.reason.as_str(),
        "submissions": payout.submissions,
        "unanswered": payout.unanswered,
        "next_step": progress.kind.as_str(),
        "next_step_at": timestamp(progress.due_at),
    })
}

/// A duration in seconds: `2h 3m 4s`.
fn words(length: SignedDuration) -> String {
    format!("{:#}", SignedDuration::from_secs(length.as_secs()))
}
