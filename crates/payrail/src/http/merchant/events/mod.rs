//! A merchant's events, as a list and as a stream.

pub mod list;

pub mod stream;
pub mod stream_limit;
