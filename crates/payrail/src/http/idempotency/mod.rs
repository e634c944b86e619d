//! Requests under an Idempotency-Key, and their stored answers.

pub mod answers;
pub mod request;
