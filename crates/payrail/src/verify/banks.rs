//! The banks whose books are compared with the payouts.

use payrail_store::Store;
use payrail_types::ids::PayoutId;

use super::audit::{Audit, VerifyError};
use super::kind::Kind;
use super::payouts::hash;
use crate::rail::{Error, Rail, Remembered};

/// One bank's book, by way of the rail that leads to it.
pub struct Book<'r> {
    pub rail: &'r Rail,
    /// The bank's identity.
    pub bank: u64,
    /// Up to which of the bank's returns the worker has read. It is looked up before the merchants' books are read:
    /// what the worker had taken in then must be in them.
    pub returns_taken: i64,
}

/// The banks to compare with. A rail that leads to another bank than the one that its payouts go to is left out:
/// nothing in that book can be compared, and that is said instead of a difference for each payout.
pub async fn books<'r>(store: &Store, rails: &'r [Rail], audit: &mut Audit<'_>) -> Result<Vec<Book<'r>>, VerifyError> {
    let mut books = Vec::new();
    for rail in rails {
        let met = match meet(store, rail).await? {
            Ok(met) => met,
            Err(another) => {
                audit.differ(Kind::AnotherBank, another.met, another.what);
                continue;
            }
        };
        let cursor = store.setting(&rail.setting(Remembered::ReturnsCursor)).await?;
        let returns_taken = cursor.and_then(|text| text.parse().ok()).unwrap_or(0);
        books.push(Book { rail, bank: hash(&met), returns_taken });
    }
    Ok(books)
}

/// The bank that a rail leads to, and that is not the one that its payouts were sent to.
pub struct Another {
    met: String,
    pub what: String,
}

/// Which bank answers. From now on only its answers count.
pub async fn meet(store: &Store, rail: &Rail) -> Result<Result<String, Another>, VerifyError> {
    let met = rail.identity().await.map_err(Error::List)?;
    let known = store.setting(&rail.setting(Remembered::Identity)).await?;
    if let Some(known) = known.filter(|known| *known != met) {
        let what = format!(
            "the payouts of the rail {} were sent to the bank {known}, and here is the bank {met}: its book was not \
             compared. Name the right one in PAYRAIL_BANK_URL or PAYRAIL_BANK_BOOK; if the change is meant, \
             `payrail bank confirm`",
            rail.name()
        );
        return Ok(Err(Another { met, what }));
    }
    rail.expect(&met);
    Ok(Ok(met))
}

/// A list that does not go on would be read for ever.
pub fn onward(after: i64, number: i64) -> Result<i64, Error> {
    match number > after {
        true => Ok(number),
        false => Err(Error::List(format!("after row {after} comes row {number}"))),
    }
}

/// What is no reference of ours belongs to the last part.
pub fn bucket(reference: &str) -> i16 {
    PayoutId::from_reference(reference).map_or(i16::MAX, |id| id.bucket().column())
}
