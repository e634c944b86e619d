use std::sync::{Arc, PoisonError, RwLock};

/// The bank whose answers count, shared by the rail's clones. Without one, any answer counts.
#[derive(Clone, Debug, Default)]
pub struct Expected(Arc<RwLock<State>>);

#[derive(Debug, Default)]
pub struct State {
    pub bank: Option<Arc<str>>,
    pub met_another: bool,
}

impl Expected {
    /// The identity for a call's header, if the bank stated one. (An address is not sent.)
    pub fn stated(&self) -> Option<Arc<str>> {
        self.read(|state| state.bank.clone()).filter(|bank| !bank.contains(' '))
    }

    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn write(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}
