//! The operator as its callers see it.

mod against_model;
mod digests;
mod harness;
mod model;
mod panes;
mod partitions;
mod restore;
mod sessions;
mod zones;
