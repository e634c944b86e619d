//! Endpoints for monitoring.

pub mod health;
pub mod metrics;
