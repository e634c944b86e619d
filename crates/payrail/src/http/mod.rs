//! The HTTP API. A handler authenticates, acts and answers. `merchant/` and `admin/` are the two APIs, with a file or
//! folder for each resource. The other modules support them. No file imports this one.

pub mod admin;
mod fallback;
pub mod idempotency;
mod lookup;
pub mod merchant;
pub mod openapi;
mod pages;
#[cfg(feature = "fuzzing")]
pub mod parsers;
mod paths;
pub mod plumbing;
mod probes;
mod routes;
pub mod server;
pub mod service;
pub(crate) mod shapes;
pub mod state;
