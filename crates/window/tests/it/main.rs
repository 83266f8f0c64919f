//! The operator as its callers see it.

mod harness;
mod panes;
mod partitions;
mod sessions;
mod zones;
