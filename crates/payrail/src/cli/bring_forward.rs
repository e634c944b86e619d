//! `payrail bring-forward`: payouts that a wrong clock made due far in the future. It lists them, or makes one or all
//! of them due now, with a reason for the audit log.

use jiff::{SignedDuration, Timestamp};
use payrail_core::command::{Action, Command};
use payrail_core::payout::Payout;
use payrail_store::Store;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::operator::ByOperator;
use payrail_types::word::Word;
use serde_json::json;
use uuid::Uuid;

use super::shared::{COMMAND_LINE, Error};
use super::words::rupees;
use crate::clock::Clock;
use crate::clock::timestamp;
use crate::ids;
use crate::lanes::Engine;
use crate::settings::{BadSetting, Common, default_rules};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The payout to bring forward; without it and without --all, the payouts are listed
    payout: Option<Uuid>,
    /// Bring all of them forward
    #[arg(long, conflicts_with = "payout")]
    all: bool,
    /// The reason for the audit log; at least 10 characters
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

const PAGE: u32 = 1_000;
const REASON_MIN_CHARACTERS: usize = 10;

pub async fn run(common: &Common, args: &Args) -> Result<(), Error> {
    let store = common.open_current().await?;
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
    let engine = Engine::for_command(&store, default_rules());
    if let Some(id) = args.payout.map(PayoutId) {
        let unknown = || BadSetting(format!("there is no payout {id}"));
        let merchant = store.merchant_of_payout(id).await?.ok_or_else(unknown)?;
        return bring(&engine, merchant, id, reason).await;
    }
    bring_all(&store, &engine, now, reason).await
}

/// A payout leaves the list once it is brought forward. If one is refused, a worker claimed it meanwhile.
async fn bring_all(store: &Store, engine: &Engine, now: Timestamp, reason: &str) -> Result<(), Error> {
    loop {
        let list = store.due_far_ahead(now, PAGE).await?;
        for (merchant, payout) in &list {
            bring(engine, *merchant, payout.id, reason).await?;
        }
        if list.len() < PAGE as usize {
            return Ok(());
        }
    }
}

async fn bring(engine: &Engine, merchant: MerchantId, payout: PayoutId, reason: &str) -> Result<(), Error> {
    let by = ByOperator { name: COMMAND_LINE.to_owned(), action_id: ids::action_id() };
    let action = Action::BringForward { payout, reason: reason.to_owned(), by };
    match engine.send(Command { merchant, action }).await? {
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
    let amount = rupees(payout.amount.paise());
    say!("{}  {amount:>16}  {:<10}  due in {wait:#}, at {}", payout.id, payout.status().as_str(), timestamp(due_at));
}
