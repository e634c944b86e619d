//! `payrail returns`: how far the banks' lists of returns have been read, and an operator's word that numbers are
//! missing for good.

use payrail_core::bank_return::{Exception, ExceptionKind};
use payrail_store::{OperatorAction, Store};
use payrail_types::operator::OperatorActionKind;
use payrail_types::rail::RailId;

use super::shared::{COMMAND_LINE, Error};
use crate::bank_change::{self, returns_read};
use crate::clock::Clock;
use crate::ids;
use crate::rail::Remembered;
use crate::settings::{BadSetting, Common};
use crate::worker::returns::gap;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The rail whose list it is about [default: bank; without --pass-gap-before all rails are shown]
    #[arg(long, value_name = "NAME")]
    rail: Option<String>,
    /// Go on after the gap before this number: the bank confirmed that there are no returns in between
    #[arg(long, value_name = "NUMBER", requires = "reason")]
    pass_gap_before: Option<i64>,
    /// Why, for the audit log; at least 10 characters
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

const REASON_MIN_CHARACTERS: usize = 10;

pub async fn run(common: &Common, args: &Args) -> Result<(), Error> {
    let store = common.open_current().await?;
    let rail = args.rail.as_deref().map(|name| RailId::parse(name).ok_or_else(|| bad("--rail is no name of a rail")));
    let rail = rail.transpose()?;
    let Some(number) = args.pass_gap_before else {
        let rails = match rail {
            Some(rail) => vec![rail],
            None => bank_change::rails(&store, &[]).await?,
        };
        for rail in rails {
            let read = returns_read(&store, rail).await?;
            say!("The bank's list of returns of the rail {rail} is read up to number {read}.");
        }
        return Ok(());
    };
    let rail = rail.unwrap_or(RailId::DEFAULT);
    let reason = args.reason.as_deref().unwrap_or_default().trim();
    if reason.chars().count() < REASON_MIN_CHARACTERS || reason.chars().any(char::is_control) {
        return Err(bad("--reason must have 10 characters or more, on one line"));
    }
    pass(&store, rail, number, reason).await?;
    say!("The list of returns of the rail {rail} goes on at number {number}.");
    Ok(())
}

/// Only a gap that a worker has met and reported, and only from where the reading stands.
async fn pass(store: &Store, rail: RailId, number: i64, reason: &str) -> Result<(), Error> {
    let clock = Clock::of(store);
    let read = returns_read(store, rail).await?;
    let what = gap(rail, number);
    let met = Exception::from_list(ExceptionKind::ReturnsMissing, &what, None, String::new(), clock.now());
    if number <= read + 1 || store.exception(met.id).await?.is_none() {
        return Err(bad(&format!(
            "no worker has met a gap before number {number}: the list is read up to number {read}, and \
             `payrail exceptions` shows the gaps"
        )));
    }
    let setting = Remembered::ReturnsCursor.of(rail);
    let before = store.remember(&setting, &read.to_string()).await?;
    let done = OperatorAction {
        id: ids::action_id(),
        at: clock.now(),
        merchant: None,
        operator: COMMAND_LINE.to_owned(),
        action: OperatorActionKind::ReturnsGapPassed,
        subject: Some(rail.to_string()),
        reason: Some(reason.to_owned()),
        detail: Some(format!("from number {read} to number {number}")),
    };
    match store.replace_setting(&setting, [&before, &(number - 1).to_string()], &[], &done).await? {
        true => Ok(()),
        false => Err(bad("a worker has read on meanwhile; look again")),
    }
}

fn bad(text: &str) -> Error {
    Box::new(BadSetting(text.to_owned()))
}
