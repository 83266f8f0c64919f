//! The operations, by resource.

pub(super) mod iam;
pub(super) mod messages;
mod pages;
pub(super) mod publish;
pub(super) mod push_config;
pub(super) mod schemas;
pub(super) mod seek;
pub(super) mod snapshots;
pub(super) mod subscriptions;
pub(super) mod topics;
