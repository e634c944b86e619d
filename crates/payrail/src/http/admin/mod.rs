//! The operators' API, `/admin/api/v1`: by session cookie only. A handler takes [`Signed`] if any role may see
//! what it shows, [`MayOperate`] if it changes anything; whatever changes something writes its row of the audit
//! log in the same transaction.

mod actions;
mod auditor;
pub(super) mod cursor;
mod doubtful;
mod fund;
mod guard;
mod keys;
mod ledger;
mod merchants;
mod operators;
mod overview;
mod password;
mod payouts;
mod people;
mod records;
mod session;
mod verify;
mod workers;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

pub use auditor::Auditor;
pub use guard::COOKIE;
use guard::{MayOperate, Signed};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::rate_limit::Limit;
use crate::passwords::Passwords;

/// Where it is nested.
pub const PATH: &str = "/admin/api/v1";

/// What only the operators' handlers reach.
#[derive(Clone, Debug)]
pub struct Desk {
    pub passwords: Passwords,
    pub by_name: Limit<String>,
    pub by_address: Limit<IpAddr>,
    pub auditor: Auditor,
}

/// Sign-ins at once, and then one each so often: under one name, and from one address.
const BY_NAME: (NonZeroU32, Duration) = (NonZeroU32::new(20).unwrap(), Duration::from_secs(6));
const BY_ADDRESS: (NonZeroU32, Duration) = (NonZeroU32::new(40).unwrap(), Duration::from_secs(2));

impl Desk {
    pub fn new(auditor: Auditor) -> Self {
        let (by_name, by_address) = (Limit::new(BY_NAME.0, BY_NAME.1), Limit::new(BY_ADDRESS.0, BY_ADDRESS.1));
        Self { passwords: Passwords::default(), by_name, by_address, auditor }
    }
}

pub fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(session::show, session::sign_in, session::sign_out))
        .routes(routes!(password::change))
        .routes(routes!(operators::list, operators::invite))
        .routes(routes!(operators::disable))
        .routes(routes!(operators::enable))
        .routes(routes!(operators::reset_password))
        .routes(routes!(overview::show))
        .routes(routes!(verify::show, verify::start))
        .routes(routes!(merchants::list, merchants::create))
        .routes(routes!(merchants::show))
        .routes(routes!(keys::issue))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(fund::fund))
        .routes(routes!(payouts::list))
        .routes(routes!(payouts::show))
        .routes(routes!(doubtful::list))
        .routes(routes!(doubtful::ask))
        .routes(routes!(doubtful::decide))
        .routes(routes!(ledger::list))
        .routes(routes!(records::list))
        .routes(routes!(actions::list))
}
