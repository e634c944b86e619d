//! Banks that speak JSON over HTTP, as the simulated bank does.

pub mod answer;
mod call;
mod client;
mod expected;
mod identity;
pub mod lists;
mod transfers;

pub use call::Reply;
pub use client::Http;
pub use identity::IDENTITY;
