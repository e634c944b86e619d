//! `payrail exceptions`: statements of the bank that do not match the books, and the returns that wait.

use jiff::Timestamp;
use payrail_store::{ExceptionFilter, ExceptionLine, Position, WaitingReturn};
use payrail_types::word::Word;
use serde_json::{Value, json};

use super::shared::Error;
use crate::clock::timestamp;
use crate::settings::Common;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// Also list the exceptions that an operator has resolved
    #[arg(long)]
    all: bool,
    /// How many of each to list, the newest exceptions first
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    limit: u32,
}

pub async fn run(common: &Common, args: &Args) -> Result<(), Error> {
    let store = common.open_current().await?;
    let filter = if args.all { ExceptionFilter::All } else { ExceptionFilter::Open };
    let exceptions = store.exceptions(filter, Position::newest(Timestamp::MAX), args.limit).await?;
    let waiting = store.waiting_returns(args.limit).await?;
    for line in &exceptions {
        if args.json {
            say!("{}", exception_json(line));
        } else {
            print_exception(line)
        }
    }
    for line in &waiting {
        if args.json {
            say!("{}", waiting_json(line));
        } else {
            print_waiting(line)
        }
    }
    if exceptions.is_empty() && waiting.is_empty() && !args.json {
        say!("No exception is open, and no return waits.");
    }
    Ok(())
}

fn print_exception(line: &ExceptionLine) {
    let exception = &line.exception;
    say!("{}  {}  {}", exception.id, timestamp(exception.created_at), exception.kind.as_str());
    say!("    {}", exception.detail);
    if let Some(payout) = exception.payout {
        say!("    payout {payout}");
    }
    if let Some(resolution) = &line.resolution {
        say!("    resolved by {}: {}", resolution.by, resolution.reason);
    }
}

fn print_waiting(line: &WaitingReturn) {
    let next = timestamp(line.next_try_at);
    say!("return {} of payout {}: waits, as {}; next try {next}", line.line.number, line.payout, line.waits_for);
}

fn exception_json(line: &ExceptionLine) -> Value {
    let exception = &line.exception;
    json!({
        "type": "exception",
        "id": exception.id,
        "kind": exception.kind.as_str(),
        "merchant_id": line.merchant,
        "payout_id": exception.payout,
        "other_payout_id": exception.other_payout,
        "reference": exception.reference,
        "return_number": exception.return_number,
        "stated_paise": exception.stated.amount_paise,
        "stated_utr": exception.stated.utr,
        "expected_paise": exception.expected.amount_paise,
        "expected_utr": exception.expected.utr,
        "detail": exception.detail,
        "created_at": timestamp(exception.created_at),
        "resolved_at": line.resolution.as_ref().map(|it| timestamp(it.at)),
        "resolved_by": line.resolution.as_ref().map(|it| &it.by),
        "resolution": line.resolution.as_ref().map(|it| &it.reason),
    })
}

fn waiting_json(line: &WaitingReturn) -> Value {
    json!({
        "type": "waiting_return",
        "merchant_id": line.merchant,
        "payout_id": line.payout,
        "return_number": line.line.number,
        "amount_paise": line.line.amount_paise,
        "utr": line.line.utr,
        "waits_for": line.waits_for,
        "tries": line.tries,
        "next_try_at": timestamp(line.next_try_at),
        "first_seen_at": timestamp(line.first_seen_at),
    })
}
