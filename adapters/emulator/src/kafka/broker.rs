//! What all connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kafka_protocol::protocol::StrBytes;

use super::config::Config;
use super::groups::Groups;
use super::topics::Topics;
use crate::store::{Budget, Clock, Store, SystemClock};

/// The node id of the only broker.
pub(crate) const NODE_ID: i32 = 1;

/// The state of the emulated cluster.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) topics: Topics,
    pub(crate) groups: Groups,
    pub(crate) cluster_id: StrBytes,
    stopping: AtomicBool,
}

impl Broker {
    /// A broker without topics.
    pub(crate) fn new(config: Config) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let store = Store::in_memory(Arc::clone(&clock), Budget::new(config.memory_limit));
        let cluster_id = StrBytes::from_string(uuid::Uuid::new_v4().simple().to_string());
        let groups = Groups::new(Arc::clone(&clock), config.initial_rebalance_delay);
        Self {
            config,
            clock,
            topics: Topics::new(store),
            groups,
            cluster_id,
            stopping: AtomicBool::new(false),
        }
    }

    /// Whether requests should end soon.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Ends everything that waits.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.groups.stop();
        self.topics.wake_all();
    }
}
