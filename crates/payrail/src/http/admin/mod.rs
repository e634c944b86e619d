//! The operators' API, `/admin/api/v1`: by session cookie only. A handler takes [`Signed`] if any role may see
//! what it shows, [`MayOperate`] if it changes anything; whatever changes something writes its row of the audit
//! log in the same transaction.

mod actions;
mod auditor;
mod bank;
pub(super) mod cursor;
mod doubtful;
mod exceptions;
pub(super) mod fund;
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
mod search;
mod session;
mod sign_ins;
mod verify;
mod workers;

pub use auditor::Auditor;
use guard::{MayOperate, Signed};
use sign_ins::SignIns;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use crate::passwords::Passwords;

/// Where it is nested.
pub const PATH: &str = "/admin/api/v1";

/// What only the operators' handlers reach.
#[derive(Clone, Debug)]
pub struct Desk {
    pub passwords: Passwords,
    pub sign_ins: SignIns,
    pub auditor: Auditor,
}

impl Desk {
    pub fn new(auditor: Auditor) -> Self {
        Self { passwords: Passwords::default(), sign_ins: SignIns::default(), auditor }
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
        .routes(routes!(bank::show))
        .routes(routes!(bank::confirm))
        .routes(routes!(search::find))
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
        .routes(routes!(doubtful::list_far_ahead))
        .routes(routes!(doubtful::bring_forward))
        .routes(routes!(doubtful::ask))
        .routes(routes!(doubtful::decide))
        .routes(routes!(exceptions::list))
        .routes(routes!(exceptions::resolve))
        .routes(routes!(exceptions::waiting))
        .routes(routes!(ledger::list))
        .routes(routes!(records::list))
        .routes(routes!(actions::list))
}
