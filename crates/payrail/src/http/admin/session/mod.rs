//! Operators sign in and out, and change their own passwords.

pub mod attempts;
pub mod guard;
pub mod password;
pub mod sign_in;
