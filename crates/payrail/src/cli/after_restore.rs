//! `payrail after-restore`: what the bank paid that a restored database does not know, and what to do about each.

use std::process::ExitCode;

use jiff::Timestamp;
use payrail_types::word::Word;
use serde_json::{Value, json};

use super::books::Books;
use super::shared::Error;
use super::words::{count, rupees};
use crate::clock::timestamp;
use crate::rail::PaidTransfer;
use crate::settings::{BadSetting, Common};
use crate::verify::after_restore::{Counted, Finding, Owner, look};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Leave out what the bank paid before this time, such as 2026-11-30T09:15:00+05:30 [default: nothing]
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    #[command(flatten)]
    books: Books,
}

pub async fn run(common: &Common, args: &Args) -> Result<ExitCode, Error> {
    let store = common.open_current().await?;
    let (rails, simulated) = args.books.open().await?;
    if rails.is_empty() {
        return Err(Box::new(BadSetting(format!("there is no bank to ask: {}", args.books.none()))));
    }
    let since = args.since.unwrap_or(Timestamp::MIN);
    let counted = look(&store, &rails, since, |finding| show(finding, args.json)).await?;
    if let Some(bank) = simulated {
        bank.stop().await;
    }
    if !args.json {
        print_end(counted);
    }
    Ok(if counted.for_people == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(finding: &Finding, as_json: bool) {
    if as_json {
        say!("{}", line(finding));
        return;
    }
    let mark = if finding.mends_itself() { "WAITS" } else { "OPEN" };
    say!("{mark} {}: {}", finding.word(), finding.what);
    if let Some(transfer) = &finding.transfer {
        say!("    {}", facts(transfer));
    }
    match &finding.owner {
        Owner::Known(merchant, payout) => {
            let (status, amount) = (payout.status().as_str(), rupees(payout.amount.paise()));
            say!("    payout {} of merchant {merchant}: {status}, {amount}", payout.id);
        }
        Owner::Lost { payout, merchants } => {
            let (made_at, bucket) = (timestamp(payout.made_at()), payout.bucket().get());
            let known: Vec<_> = merchants.iter().map(ToString::to_string).collect();
            let known = if known.is_empty() { String::new() } else { format!(": {}", known.join(", ")) };
            say!("    payout {payout}, made at {made_at} for a merchant of bucket {bucket}{known}");
        }
        Owner::Nobody => {}
    }
    say!("    {}", finding.correction);
}

fn facts(transfer: &PaidTransfer) -> String {
    let PaidTransfer { reference, bank_account_id, utr, .. } = transfer;
    let (amount, paid_at) = (rupees(transfer.amount.paise()), timestamp(transfer.paid_at));
    let returned = if transfer.returned { ", and came back" } else { "" };
    format!("{reference}: {amount} to {bank_account_id:?}, UTR {utr}, paid at {paid_at}{returned}")
}

fn print_end(counted: Counted) {
    let Counted { transfers, for_people, for_workers } = counted;
    say!("{} looked at.", count(transfers, "bank transfer"));
    if for_workers > 0 {
        say!("{} under way here: workers complete them.", count(for_workers, "payout"));
    }
    match for_people {
        0 => say!("OK: nothing is open."),
        number => say!("{number} open."),
    };
}

fn line(finding: &Finding) -> Value {
    let transfer = finding.transfer.as_ref();
    let (mut merchant, mut payout, mut made_at, mut merchants) = (None, None, None, None);
    let (mut status, mut amount_here) = (None, None);
    match &finding.owner {
        Owner::Known(owner, known) => {
            (merchant, payout) = (Some(*owner), Some(known.id));
            (status, amount_here) = (Some(known.status().as_str()), Some(known.amount));
        }
        Owner::Lost { payout: id, merchants: possible } => {
            (payout, made_at, merchants) = (Some(*id), Some(timestamp(id.made_at())), Some(possible));
        }
        Owner::Nobody => {}
    }
    json!({
        "kind": finding.word(),
        "is_open": !finding.mends_itself(),
        "what": finding.what,
        "correction": finding.correction,
        "rail": finding.rail.as_str(),
        "reference": transfer.map(|it| &it.reference),
        "amount_paise": transfer.map(|it| it.amount),
        "bank_account_id": transfer.map(|it| &it.bank_account_id),
        "utr": transfer.map(|it| &it.utr),
        "paid_at": transfer.map(|it| timestamp(it.paid_at)),
        "returned": transfer.map(|it| it.returned),
        "payout_id": payout,
        "bucket": payout.map(|id| id.bucket().get()),
        "made_at": made_at,
        "merchant_id": merchant,
        "possible_merchants": merchants,
        "status": status,
        "ledger_amount_paise": amount_here,
    })
}
