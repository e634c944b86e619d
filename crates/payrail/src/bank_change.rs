//! A change of the bank: the bank that workers found, the unfinished payouts at the earlier one, and an operator's
//! confirmation. The admin and the command line both use it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use payrail_store::{OperatorAction, Store, StoreError};
use payrail_types::operator::OperatorActionKind;
use payrail_types::rail::RailId;

use crate::ids;
use crate::rail::Remembered;
use crate::worker::Met;

/// The state of a rail's bank.
#[derive(Clone, Debug)]
pub struct BankState {
    /// The bank in the database; none until a worker has found one.
    pub known: Option<String>,
    /// Another bank that a worker found recently.
    pub met: Option<Met>,
}

/// All rails: those of this process's settings, and those that the database has stored. `bank` is always the first.
pub async fn rails(store: &Store, configured: &[RailId]) -> Result<Vec<RailId>, StoreError> {
    let names = store.setting_names().await?;
    let remembered = names.iter().filter_map(|name| Remembered::rail_in(name));
    let others: BTreeSet<RailId> = remembered.chain(configured.iter().copied()).collect();
    let others = others.into_iter().filter(|rail| *rail != RailId::DEFAULT);
    Ok(std::iter::once(RailId::DEFAULT).chain(others).collect())
}

pub async fn state(store: &Store, rail: RailId, now: Timestamp) -> Result<BankState, StoreError> {
    let known = store.setting(&Remembered::Identity.of(rail)).await?;
    let met: Option<Met> =
        store.setting(&Remembered::Met.of(rail)).await?.and_then(|text| serde_json::from_str(&text).ok());
    let met = met.filter(|met| met.counts_at(now.as_microsecond()) && known.as_ref() != Some(&met.identity));
    Ok(BankState { known, met })
}

/// The number up to which the list of returns of a rail's bank has been read.
pub async fn returns_read(store: &Store, rail: RailId) -> Result<i64, StoreError> {
    let cursor = store.setting(&Remembered::ReturnsCursor.of(rail)).await?;
    Ok(cursor.and_then(|text| text.parse().ok()).unwrap_or(0).max(0))
}

/// An operator confirms that the payouts of a rail go to another bank from now on.
#[derive(Clone, Debug)]
pub struct Confirmation {
    pub rail: RailId,
    /// The bank that the operator saw. If workers have found yet another one, nothing is confirmed.
    pub identity: String,
    /// The number of unfinished payouts at the earlier bank that the operator saw. They may have been sent to it, and
    /// the new bank does not know them.
    pub under_way: i64,
    pub reason: String,
    pub operator: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    #[error("no bank is remembered yet: the first that a worker meets will be")]
    NothingKnown,
    #[error("this is the bank that is remembered: there is nothing to confirm")]
    Same,
    #[error("no worker has met another bank in the last minute: there is nothing to confirm")]
    NothingMet,
    #[error("the workers meet the bank {0}, not the one that you were shown; look again")]
    Differs(String),
    #[error("{0} payouts are under way with the earlier bank now, not the number that you were shown; look again")]
    Changed(i64),
    #[error("somebody else confirmed another bank meanwhile; look again")]
    Late,
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub async fn confirm(store: &Store, confirmation: Confirmation, now: Timestamp) -> Result<(), ConfirmError> {
    let Confirmation { rail, identity, under_way, reason, operator } = confirmation;
    let state = state(store, rail, now).await?;
    let known = state.known.ok_or(ConfirmError::NothingKnown)?;
    if known == identity {
        return Err(ConfirmError::Same);
    }
    let met = state.met.ok_or(ConfirmError::NothingMet)?;
    if met.identity != identity {
        return Err(ConfirmError::Differs(met.identity));
    }
    let now_under_way = store.under_way(rail).await?.count;
    if now_under_way != under_way {
        return Err(ConfirmError::Changed(now_under_way));
    }
    let which = if rail == RailId::DEFAULT { String::new() } else { format!("; rail: {rail}") };
    let done = OperatorAction {
        id: ids::action_id(),
        at: now,
        merchant: None,
        operator,
        action: OperatorActionKind::BankConfirmed,
        subject: Some(identity.clone()),
        reason: Some(reason),
        detail: Some(format!("before: {known}; under way with it: {under_way}{which}")),
    };
    // The numbers of the old bank's returns mean nothing in the new bank's list.
    let forgotten = [Remembered::Met.of(rail), Remembered::ReturnsCursor.of(rail)];
    let forgotten = [forgotten[0].as_str(), forgotten[1].as_str()];
    let setting = Remembered::Identity.of(rail);
    match store.replace_setting(&setting, [&known, &identity], &forgotten, &done).await? {
        true => Ok(()),
        false => Err(ConfirmError::Late),
    }
}
