//! What to fill a database with.

use jiff::{SignedDuration, Timestamp};
use payrail::keys::KeyHasher;
use payrail_bank::accounts;
use payrail_core::command::PayoutRequest;
use payrail_store::Order;
use payrail_types::money::Amount;
use payrail_types::names::BankAccountId;

/// Every merchant's remaining balance: ₹1,000 crore.
pub const LEFT_PAISE: i64 = 1_000_000_000_000;

#[derive(Clone, Debug)]
pub struct Plan {
    /// The number of payouts of each new merchant.
    pub books: Vec<u64>,
    /// Whether the bank paid the payouts, or a worker has yet to submit them.
    pub is_completed: bool,
    pub amount: Amount,
    /// The merchants' keys are derived from it.
    pub keys_seed: String,
    /// The payouts are spread evenly from here to `until`.
    pub from: Timestamp,
    pub until: Timestamp,
}

/// The API key of merchant `number`, counted from 0: `prk_` and HMAC-SHA256 of the number under the seed.
/// (`printf %s 0 | openssl dgst -sha256 -hmac SEED` prints the same.)
pub fn api_key(seed: &str, number: u64) -> String {
    format!("prk_{}", hex::encode(KeyHasher::new(seed).hash(&number.to_string())))
}

impl Plan {
    /// The same number of payouts for each merchant; the first ones get the remainder.
    pub fn spread(merchants: u64, payouts: u64) -> Vec<u64> {
        let (each, more) = (payouts / merchants, payouts % merchants);
        (0..merchants).map(|number| each + u64::from(number < more)).collect()
    }

    /// All payouts belong to the first merchant.
    pub fn hot(merchants: u64, payouts: u64) -> Vec<u64> {
        (0..merchants).map(|number| if number == 0 { payouts } else { 0 }).collect()
    }

    /// How much each merchant is funded with. `None`: the amounts do not fit 64 bits.
    pub fn funds(&self) -> Option<Vec<Amount>> {
        let funds = self.books.iter().map(|payouts| {
            let spent = i64::try_from(*payouts).ok()?.checked_mul(self.amount.get())?;
            Amount::new(spent.checked_add(LEFT_PAISE)?).ok()
        });
        funds.collect()
    }

    pub fn order(&self) -> Order {
        let bank_account_id = BankAccountId::from_stored(accounts::SUCCESS);
        let request = PayoutRequest { amount: self.amount, bank_account_id, rail: None, request_id: None };
        Order {
            amount: self.amount,
            request: request.hash(),
            bank_account_id: request.bank_account_id,
            worker: "payrail-bench".to_owned(),
            is_completed: self.is_completed,
        }
    }

    /// The time between two payouts.
    pub fn pause(&self) -> SignedDuration {
        let payouts = i64::try_from(self.books.iter().sum::<u64>().max(1)).unwrap_or(i64::MAX);
        let span = i64::try_from(self.until.duration_since(self.from).as_micros()).unwrap_or(i64::MAX);
        SignedDuration::from_micros((span / payouts).max(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payout_is_dealt() {
        assert_eq!(Plan::spread(3, 200), [67, 67, 66]);
        assert_eq!(Plan::spread(3, 2), [1, 1, 0]);
        assert_eq!(Plan::hot(3, 200), [200, 0, 0]);
    }

    /// The expected key was computed with `openssl dgst -sha256 -hmac seed`.
    #[test]
    fn keys_can_be_derived_elsewhere() {
        let expected = "prk_03c52f9668ff1b270ae522251f4ae8ea20b129f4f99baae569e23e2b8825311b";
        assert_eq!(api_key("seed", 0), expected);
    }
}
