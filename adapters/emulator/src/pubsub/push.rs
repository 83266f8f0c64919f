//! Push.
use super::service::PubSub;
use super::subscription::Subscription;
use std::sync::Arc;
pub(super) fn watch(_service: &Arc<PubSub>, _subscription: &Arc<Subscription>) {}
pub(super) fn watch_all(_service: &Arc<PubSub>) {}
