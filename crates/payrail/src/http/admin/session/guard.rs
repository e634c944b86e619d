//! Authorization: an operator needs a session, and a sufficient role for changes.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;
use payrail_store::{Operator, Role};

use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::{cookies, same_origin, trace};
use crate::http::state::Api;

/// An operator of any role.
#[derive(Debug)]
pub struct Signed {
    pub operator: Operator,
    /// When the session ends.
    pub until: Timestamp,
}

impl FromRequestParts<Api> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let OwnSession { signed, .. } = OwnSession::from_request_parts(parts, api).await?;
        if signed.operator.temporary_until.is_some() {
            let detail = "You signed in with a one-time password. Choose a password of your own first.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "password_change_required", detail));
        }
        Ok(signed)
    }
}

/// An operator of any role, even with a one-time password. Only for handlers about the operator's own session.
#[derive(Debug)]
pub struct OwnSession {
    pub signed: Signed,
    /// The hash under which the store has the session.
    pub hash: [u8; 32],
}

impl FromRequestParts<Api> for OwnSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let token = cookies::OPERATOR.read(api, &parts.headers);
        let token = token.ok_or_else(|| refused("not_authenticated", "Sign in first."))?;
        same_origin::check(&parts.method, &parts.headers)?;
        let found = session(api, &token).await?;
        let signed = found.ok_or_else(|| refused("session_expired", "The session has ended; sign in again."))?;
        trace::operator(&signed.operator.name);
        Ok(Self { signed, hash: api.session_hash(&token) })
    }
}

/// An operator whose role allows changes.
#[derive(Debug)]
pub struct MayOperate(pub Operator);

impl FromRequestParts<Api> for MayOperate {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Signed { operator, .. } = Signed::from_request_parts(parts, api).await?;
        match operator.role {
            Role::Operator => Ok(Self(operator)),
            Role::Viewer => {
                let detail = "Your role is viewer: you can look at everything and change nothing.";
                Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
            }
        }
    }
}

pub async fn session(api: &Api, token: &str) -> Result<Option<Signed>, Problem> {
    let found = api.store.operator_of_session(&api.session_hash(token), api.clock.now()).await?;
    Ok(found.map(|(operator, until)| Signed { operator, until }))
}

pub fn refused(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}
