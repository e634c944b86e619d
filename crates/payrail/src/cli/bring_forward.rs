//! `payrail bring-forward`: payouts that a wrong clock made due far in the future. It lists them, or has one or all of
//! them taken up now, with a reason for the audit log.

use jiff::{SignedDuration, Timestamp};
use payrail_core::command::{Action, Command, timestamp};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::operator::ByOperator;
use payrail_core::payout::Payout;
use payrail_store::Store;
use serde_json::json;
use uuid::Uuid;

use super::Error;
use super::merchant::COMMAND_LINE;
use crate::clock::Clock;
use crate::http::answers;
use crate::ids;
use crate::lanes::Door;
use crate::settings::{BadSetting, Common};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The payout to bring forward; without it and without --all, the payouts are listed
    payout: Option<Uuid>,
    /// Bring all of them forward
    #[arg(long, conflicts_with = "payout")]
    all: bool,
    /// Why, for the audit log; at least 10 characters
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

const PAGE: u32 = 1_000;
const REASON_MIN_CHARACTERS: usize = 10;

pub async fn run(common: &Common, args: &Args) -> Result<(), Error> {
    let store = common.open_existing().await?;
    let now = Clock::of(&store).now();
    if !args.all && args.payout.is_none() {
        let list = store.due_far_ahead(now, PAGE).await?;
        if list.is_empty() && !args.json {
            say!("No payout is due far in the future.");
        }
        list.iter().for_each(|(merchant, payout)| show(*merchant, payout, now, args.json));
        return Ok(());
    }
    let reason = reason(args)?;
    let door = Door::for_command(&store, answers::usual_rules());
    if let Some(id) = args.payout.map(PayoutId) {
        let unknown = || BadSetting(format!("there is no payout {id}"));
        let merchant = store.merchant_of_payout(id).await?.ok_or_else(unknown)?;
        return bring(&door, merchant, id, reason).await;
    }
    bring_all(&store, &door, now, reason).await
}

/// Each is gone from the list once it is brought forward; one that is refused meanwhile was taken up by itself.
async fn bring_all(store: &Store, door: &Door, now: Timestamp, reason: &str) -> Result<(), Error> {
    loop {
        let list = store.due_far_ahead(now, PAGE).await?;
        for (merchant, payout) in &list {
            bring(door, *merchant, payout.id, reason).await?;
        }
        if list.len() < PAGE as usize {
            return Ok(());
        }
    }
}

async fn bring(door: &Door, merchant: MerchantId, payout: PayoutId, reason: &str) -> Result<(), Error> {
    let by = ByOperator { name: COMMAND_LINE.to_owned(), action_id: ids::action_id() };
    let action = Action::BringForward { payout, reason: reason.to_owned(), by };
    match door.send(Command { merchant, action }).await? {
        Ok(_) => {
            say!("{payout} is due now.");
            Ok(())
        }
        Err(refusal) => Err(format!("{payout}: {refusal}").into()),
    }
}

fn reason(args: &Args) -> Result<&str, BadSetting> {
    let reason = args.reason.as_deref().unwrap_or_default().trim();
    match reason.chars().count() >= REASON_MIN_CHARACTERS && !reason.contains('\0') {
        true => Ok(reason),
        false => Err(BadSetting(format!(
            "--reason must say in {REASON_MIN_CHARACTERS} characters or more why the payout is brought forward"
        ))),
    }
}

fn show(merchant: MerchantId, payout: &Payout, now: Timestamp, as_json: bool) {
    let Some(due_at) = payout.due_at() else { return };
    if as_json {
        say!(
            "{}",
            json!({
                "payout_id": payout.id,
                "merchant_id": merchant,
                "amount_paise": payout.amount,
                "status": payout.status().as_str(),
                "due_at": timestamp(due_at),
                "updated_at": timestamp(payout.updated_at),
            })
        );
        return;
    }
    let wait = SignedDuration::from_secs(due_at.duration_since(now).as_secs());
    let amount = payout.amount.paise().to_string();
    say!("{}  {amount:>16}  {:<10}  due in {wait:#}, at {}", payout.id, payout.status().as_str(), timestamp(due_at));
}
