//! The audit: its runs and its report.

pub mod auditor;
pub mod handlers;
pub mod report;
