//! A change of the bank: which one workers met, what is under way with the earlier one, and an operator's
//! confirmation that the change is meant. The admin and the command line both use it.

use jiff::Timestamp;
use payrail_store::{OperatorAction, Store, StoreError};

use crate::ids;
use crate::rail;
use crate::worker::{MET, Met, RETURNS_CURSOR};

/// How things stand with the bank.
#[derive(Clone, Debug)]
pub struct BankState {
    /// The bank that the database remembers; none until a worker met one.
    pub known: Option<String>,
    /// Another one, that a worker met a moment ago.
    pub met: Option<Met>,
}

pub async fn state(store: &Store, now: Timestamp) -> Result<BankState, StoreError> {
    let known = store.setting(rail::IDENTITY).await?;
    let met: Option<Met> = store.setting(MET).await?.and_then(|text| serde_json::from_str(&text).ok());
    let met = met.filter(|met| met.counts_at(now.as_microsecond()) && known.as_ref() != Some(&met.identity));
    Ok(BankState { known, met })
}

/// An operator confirms that the payouts go to another bank from now on.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The bank as the operator saw it. If workers meet yet another one by now, nothing is confirmed.
    pub identity: String,
    /// How many payouts the operator was told are under way with the earlier bank: they may have been sent to it, and
    /// the new bank knows nothing of them.
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
    let Confirmation { identity, under_way, reason, operator } = confirmation;
    let state = state(store, now).await?;
    let known = state.known.ok_or(ConfirmError::NothingKnown)?;
    if known == identity {
        return Err(ConfirmError::Same);
    }
    let met = state.met.ok_or(ConfirmError::NothingMet)?;
    if met.identity != identity {
        return Err(ConfirmError::Differs(met.identity));
    }
    let now_under_way = store.under_way().await?.count;
    if now_under_way != under_way {
        return Err(ConfirmError::Changed(now_under_way));
    }
    let done = OperatorAction {
        id: ids::action_id(),
        at: now,
        merchant: None,
        operator,
        action: "bank_confirmed".to_owned(),
        subject: Some(identity.clone()),
        reason: Some(reason),
        detail: Some(format!("before: {known}; under way with it: {under_way}")),
    };
    // The numbers of the old bank's returns mean nothing in the new bank's list.
    let forgotten = [MET, RETURNS_CURSOR];
    match store.replace_setting(rail::IDENTITY, [&known, &identity], &forgotten, &done).await? {
        true => Ok(()),
        false => Err(ConfirmError::Late),
    }
}
