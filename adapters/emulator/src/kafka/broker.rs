//! What all connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::api::sasl;
use super::call::Authentication;
use super::config::Config;
use super::groups::Groups;
use super::tables::{CLUSTER, CLUSTER_ID};
use super::throttle::Throttle;
use super::topics::{Rebuilt, Topics};
use super::transactions::Transactions;
use crate::store::{Change, Medium, Store, StoreError};

/// The node id of the only broker.
pub(crate) const NODE_ID: i32 = 1;

/// The state of the emulated cluster.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) config: Config,
    pub(crate) store: Arc<Store>,
    pub(crate) topics: Arc<Topics>,
    pub(crate) groups: Arc<Groups>,
    pub(crate) transactions: Arc<Transactions>,
    pub(crate) cluster_id: StrBytes,
    /// Connections that were refused, or closed by this end.
    pub(crate) refusals: Throttle,
    /// Writes that the file system refused.
    pub(crate) write_faults: Throttle,
    /// Who may come in; nobody is asked without one.
    door: Option<Door>,
    stopping: AtomicBool,
}

/// What is known of topics, groups and transactions: one for all brokers over a store.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    store: Arc<Store>,
    topics: Arc<Topics>,
    groups: Arc<Groups>,
    transactions: Arc<Transactions>,
    id: StrBytes,
}

impl Cluster {
    /// What is in a store, with what was rebuilt from its logs. New groups wait for members for so long.
    pub(crate) fn open(
        store: Arc<Store>,
        rebuilt: Rebuilt,
        rebalance_delay: Duration,
    ) -> Result<Self, StoreError> {
        let topics = Arc::new(Topics::new(Arc::clone(&store), rebuilt));
        let groups = Arc::new(Groups::open(Arc::clone(&store), rebalance_delay)?);
        let (of_topics, of_groups) = (Arc::clone(&topics), Arc::clone(&groups));
        let transactions = Transactions::open(Arc::clone(&store), of_topics, of_groups)?;
        Ok(Self {
            id: StrBytes::from_string(cluster_id(&store)?),
            store,
            topics,
            groups,
            transactions: Arc::new(transactions),
        })
    }
}

/// Whether a user with this password may come in.
type Check = dyn Fn(&str, &str) -> bool + Send + Sync;

/// Decides by a user and a password.
pub(crate) struct Door(Box<Check>);

impl Door {
    /// Lets those in of whom `check` says so.
    pub(crate) fn new(check: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Box::new(check))
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Door")
    }
}

impl Broker {
    /// Opens the store and what is in it; also tells what had to be mended.
    pub(crate) fn open(config: Config) -> Result<(Self, Vec<String>), StoreError> {
        let (cluster, notes) = match &config.bridge {
            Some(bridge) => (bridge.cluster().clone(), Vec::new()),
            None => {
                let mut rebuilt = Rebuilt::new(config.clock.now_ms());
                let clock = Arc::clone(&config.clock);
                let (store, notes) = Store::open(config.medium.clone(), clock, &mut rebuilt)?;
                let delay = config.initial_rebalance_delay;
                (Cluster::open(Arc::new(store), rebuilt, delay)?, notes)
            }
        };
        let door = config.sasl_plain.clone().map(|users| {
            Door::new(move |user, password| users.get(user).is_some_and(|known| known == password))
        });
        Ok((Self::of(config, cluster, door), notes))
    }

    /// A broker of a cluster.
    pub(crate) fn of(config: Config, cluster: Cluster, door: Option<Door>) -> Self {
        let throttle = || Throttle::new(config.notices.clone(), Arc::clone(&config.clock));
        let (refusals, write_faults) = (throttle(), throttle());
        let stopping = AtomicBool::new(false);
        Self {
            config,
            store: cluster.store,
            topics: cluster.topics,
            groups: cluster.groups,
            transactions: cluster.transactions,
            cluster_id: cluster.id,
            refusals,
            write_faults,
            door,
            stopping,
        }
    }

    /// The time in Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.config.clock.now_ms()
    }

    /// Where the records are, for people.
    pub(crate) fn log_dir(&self) -> String {
        match &self.config.medium {
            Medium::Memory { .. } => "memory".to_owned(),
            Medium::Directory { path, .. } => path.display().to_string(),
        }
    }

    /// Says that a write was refused; of full memory once, until some of it is free again.
    pub(crate) fn tell_refused_write(&self) {
        match &self.config.medium {
            Medium::Memory { limit } => {
                if self.store.is_newly_full() {
                    self.config.notices.say(&format!(
                        "memory limit of {} MiB reached (--memory), writes are refused; delete topics, or use --data-dir",
                        limit >> 20
                    ));
                }
            }
            // Of a disk that takes nothing the housekeeping tells.
            Medium::Directory { .. } => {}
        }
    }

    /// Checks a PLAIN token.
    pub(crate) fn authenticate(&self, token: &Bytes) -> Authentication {
        let known = sasl::parse_plain(token)
            .zip(self.door.as_ref())
            .is_some_and(|((user, password), door)| door.0(user, password));
        if known {
            Authentication::Done
        } else {
            Authentication::Failed
        }
    }

    /// How a new connection starts.
    pub(crate) fn authentication(&self) -> Authentication {
        match self.door {
            Some(_) => Authentication::Missing,
            None => Authentication::NotRequired,
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

/// The id of the cluster, made up once.
fn cluster_id(store: &Store) -> Result<String, StoreError> {
    let known = store.facts().table::<String>(CLUSTER)?;
    if let Some((_, id)) = known.into_iter().find(|(key, _)| key == CLUSTER_ID) {
        return Ok(id);
    }
    let id = Uuid::new_v4().simple().to_string();
    store
        .facts()
        .apply(vec![Change::put(CLUSTER, CLUSTER_ID, &id)])?;
    Ok(id)
}
