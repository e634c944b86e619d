//! A change of the bank: what workers met, what is at stake, and an operator's word that it is meant.

use jiff::Timestamp;
use payrail_store::{OperatorAction, Store, StoreError};

use crate::ids;
use crate::rail;
use crate::worker::{MET, MET_COUNTS_FOR, Met, RETURNS_CURSOR};

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
    let is_now = |met: &Met| {
        let age = now.as_microsecond().saturating_sub(met.at);
        age < i64::try_from(MET_COUNTS_FOR.as_micros()).unwrap_or(i64::MAX)
    };
    let met = met.filter(|met| is_now(met) && known.as_ref() != Some(&met.identity));
    Ok(BankState { known, met })
}

/// An operator's word that the payouts go to another bank from now on.
#[derive(Clone, Debug)]
pub struct Confirmation {
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
