//! Rows of a PostgreSQL table, found by the values of one column: many keys, one query.
//!
//! A [`Table`] connects when it is first asked, and again after its connection broke. It never tries again by itself: an
//! [`AskError`] says whether that may help. Passwords are in no error and in no `Debug` output.

mod connect;
mod error;
mod key;
mod table;

pub use error::AskError;
pub use table::{Table, TableSpec};
