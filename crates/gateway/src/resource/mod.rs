//! Resources: things of one kind that clients create, read, update and delete.
//!
//! A [`Resource`] says what they look like. [`Resources`] holds them in memory and changes them only by
//! commands, in one order. Without a [`Log`] that is the order in which requests come. With one, a command is appended to
//! the log first and obeyed when it is read back, so that all replicas that read the same log hold the same things, an update
//! that lost a race is told so, and a replica that starts reads the log and is as the others are.

mod check;
mod command;
mod declaration;
mod item;
mod openapi;
mod page;
mod precondition;
mod routes;
mod state;
mod store;

pub use declaration::{Declared, Field, FieldKind, Key, KeyKind, Resource, Setter};
pub use openapi::openapi;
pub use routes::router;
pub use store::{Log, LogError, Resources};
