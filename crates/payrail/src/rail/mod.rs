//! The way to the bank: submit, enquire, close.
//!
//! A call ends in one answer, and only what the bank said in so many words counts as one
//! ([`answer`]). Whatever else may happen on the way is no answer: the bank may have paid or not.

mod http;
mod types;

use std::time::Duration;

use payrail_types::rail::{BankId, RailId};
use serde::Deserialize;

use http::Http;
use lists::Row;

pub use http::{IDENTITY, Reply, answer, lists};
pub use lists::{PaidTransfer, ReturnedTransfer, Unreadable};
pub(crate) use types::excerpt;
pub use types::{Access, Error, Exchange, Instruction};

/// The protocol of a rail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// JSON over HTTP, as the simulated bank speaks it.
    #[default]
    Http,
}

/// What a database remembers of each rail. Its setting is called after the rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// The bank that the payouts of the rail go to.
    Identity,
    /// Another bank, which a worker met.
    Met,
    /// How far the bank's list of returns has been read. Several workers may read on from the same place.
    ReturnsCursor,
}

impl Remembered {
    const ALL: [Self; 3] = [Self::Identity, Self::Met, Self::ReturnsCursor];

    pub fn of(self, rail: RailId) -> String {
        // No name of a rail has an underscore: no two settings have one name.
        format!("{rail}{}", self.ending())
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Identity => "_identity",
            Self::Met => "_met",
            Self::ReturnsCursor => "_returns_cursor",
        }
    }

    /// The rail of which something is remembered under this name.
    pub fn rail_in(setting: &str) -> Option<RailId> {
        Self::ALL.into_iter().find_map(|what| RailId::parse(setting.strip_suffix(what.ending())?))
    }
}

/// A way to a bank. Clones share their connections and what they know of the bank.
#[derive(Clone, Debug)]
pub struct Rail {
    name: RailId,
    protocol: Protocol,
}

/// A variant and a folder for each kind; the functions below are all that is asked of it.
#[derive(Clone, Debug)]
enum Protocol {
    Http(Http),
}

impl Rail {
    pub fn open(kind: Kind, access: &Access<'_>) -> Result<Self, Error> {
        let protocol = match kind {
            Kind::Http => Protocol::Http(Http::open(access)?),
        };
        Ok(Self { name: RailId::DEFAULT, protocol })
    }

    /// `timeout` bounds a whole call, from the connection to the last byte of the answer.
    pub fn http(base_url: &str, timeout: Duration) -> Result<Self, Error> {
        Self::open(Kind::Http, &Access { url: base_url, timeout, token: None })
    }

    pub fn named(self, name: RailId) -> Self {
        Self { name, ..self }
    }

    pub fn name(&self) -> RailId {
        self.name
    }

    /// The setting of the database in which something of this rail is remembered.
    pub fn setting(&self, what: Remembered) -> String {
        what.of(self.name)
    }

    /// Tells the bank to pay.
    pub async fn submit(&self, instruction: Instruction<'_>) -> Exchange {
        match &self.protocol {
            Protocol::Http(http) => http.submit(instruction).await,
        }
    }

    /// Asks what became of the instruction.
    pub async fn enquire(&self, about: Instruction<'_>) -> Exchange {
        match &self.protocol {
            Protocol::Http(http) => http.enquire(about).await,
        }
    }

    /// Asks, and has the bank refuse the reference from now on if it never received it.
    pub async fn close(&self, about: Instruction<'_>) -> Exchange {
        match &self.protocol {
            Protocol::Http(http) => http.close(about).await,
        }
    }

    /// Which bank answers now. An error is no statement: nothing answered.
    pub async fn identity(&self) -> Result<String, String> {
        match &self.protocol {
            Protocol::Http(http) => http.identity().await,
        }
    }

    /// From now on only this bank's answers count, and each call carries its name.
    pub fn expect(&self, bank: &str) {
        match &self.protocol {
            Protocol::Http(http) => http.expect(bank),
        }
    }

    /// The bank whose answers count.
    pub fn expected_bank(&self) -> Option<BankId> {
        match &self.protocol {
            Protocol::Http(http) => http.expected_bank(),
        }
    }

    /// Whether an answer came from another bank since [`Self::expect`].
    pub fn met_another(&self) -> bool {
        match &self.protocol {
            Protocol::Http(http) => http.met_another(),
        }
    }

    /// What the bank paid after its row `after`, in its own order; an empty page is the end.
    pub async fn paid(&self, after: i64, limit: u32) -> Result<Vec<Row<PaidTransfer>>, Error> {
        match &self.protocol {
            Protocol::Http(http) => http.paid(after, limit).await,
        }
    }

    /// What came back after return number `after`, in order; an empty page is the end.
    pub async fn returns(&self, after: i64, limit: u32) -> Result<Vec<Row<ReturnedTransfer>>, Error> {
        match &self.protocol {
            Protocol::Http(http) => http.returns(after, limit).await,
        }
    }

    /// Has a bank of demonstrations empty its book. Any other is not even asked.
    pub async fn reset(&self, identity: &str) -> Result<(), String> {
        match &self.protocol {
            Protocol::Http(http) => http.reset(identity).await,
        }
    }
}

#[test]
fn the_names_of_what_is_remembered_name_their_rail() {
    for rail in ["bank", "a-met"].map(|name| RailId::parse(name).unwrap()) {
        for what in Remembered::ALL {
            assert_eq!(Remembered::rail_in(&what.of(rail)), Some(rail));
        }
    }
    for other in ["database_id", "shared_utrs_cursor", "bank_of_old_payouts", "_identity", "identity"] {
        assert_eq!(Remembered::rail_in(other), None);
    }
}
