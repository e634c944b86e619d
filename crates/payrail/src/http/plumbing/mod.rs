//! What the handlers of both APIs share: bodies, fields, lists, errors, headers.

pub mod body;
pub mod client;
pub mod cookies;
pub mod cursor;
pub mod fields;
pub mod form;
pub mod integer;
pub mod list;
pub mod params;
pub mod path;
pub mod period;
pub mod problem;
pub mod rate_limit;
pub mod same_origin;
pub mod security;
pub mod text;
pub mod trace;
