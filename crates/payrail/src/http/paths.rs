//! The paths of the two APIs, for the router and for links to further pages.

/// The merchants' API.
pub const MERCHANT: &str = "/api/v1";
/// The operators' API.
pub const ADMIN: &str = "/admin/api/v1";
