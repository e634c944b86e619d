use super::session::attempts::SignIns;
use super::verify::auditor::Auditor;
use crate::passwords::Passwords;

/// What only the operators' handlers share.
#[derive(Clone, Debug)]
pub struct AdminState {
    pub passwords: Passwords,
    pub sign_ins: SignIns,
    pub auditor: Auditor,
}

impl AdminState {
    pub fn new(auditor: Auditor, is_demo: bool) -> Self {
        Self { passwords: Passwords::new(is_demo), sign_ins: SignIns::default(), auditor }
    }
}
