//! One log for all emulators: a record that is published in one dialect is read in the others.
//!
//! A stream of the store whose name has no slash is the topic of Kafka, the hub, the stream of Kinesis in every region, the topic
//! of Pub/Sub in every project, and the queue of SQS in every region, of that name. Records are stored once, as the dialect has
//! them that wrote them; who reads them in another one transcodes them (see `interchange`). Pub/Sub and SQS keep references
//! to them, in streams of their own whose names have slashes, and lease those.

use std::sync::Arc;

use crate::StartError;
#[cfg(feature = "kafka")]
use crate::kafka::{Cluster, Rebuilt};
use crate::store::{Attributes, Clock, LogSettings, Medium, Store, Visitor, frame};

/// The store that emulators share, and the number of partitions of streams that are created without one.
#[derive(Clone, Debug)]
pub struct Bridge {
    store: Arc<Store>,
    partitions: u32,
    notes: Arc<[String]>,
    #[cfg(feature = "kafka")]
    cluster: Cluster,
}

impl Bridge {
    /// Opens the store.
    ///
    /// # Errors
    /// The data directory is in use, cannot be written, or is damaged.
    pub fn open(
        medium: Medium,
        clock: Arc<dyn Clock>,
        partitions: u32,
    ) -> Result<Self, StartError> {
        let mut visitor = Logs::new(clock.now_ms());
        let (store, notes) = Store::open(medium, clock, &mut visitor)?;
        let store = Arc::new(store);
        Ok(Self {
            #[cfg(feature = "kafka")]
            cluster: Cluster::open(Arc::clone(&store), visitor.producers, REBALANCE_DELAY)?,
            store,
            partitions,
            notes: notes.into(),
        })
    }

    /// What had to be mended in the data directory, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where everything is kept.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Partitions of a stream that is created without a number.
    #[cfg_attr(
        not(any(feature = "aws", feature = "pubsub")),
        expect(
            dead_code,
            reason = "only queues and topics of Pub/Sub know no partitions"
        )
    )]
    pub(crate) fn partitions(&self) -> u32 {
        self.partitions
    }

    /// What Kafka knows, for its own port and for that of Event Hubs.
    #[cfg(feature = "kafka")]
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

/// How long a new group of Kafka waits for further members.
#[cfg(feature = "kafka")]
const REBALANCE_DELAY: std::time::Duration = std::time::Duration::from_millis(100);

/// Segments of queues and of what Pub/Sub keeps: small ones, so that what is settled is freed soon.
const OF_QUEUES: LogSettings = LogSettings {
    segment_bytes: 1 << 20,
    segment_ms: i64::MAX,
    retention_ms: None,
    retention_bytes: None,
};

/// What the logs tell when they are opened.
struct Logs {
    #[cfg(feature = "kafka")]
    producers: Rebuilt,
}

impl Logs {
    fn new(_now_ms: i64) -> Self {
        Self {
            #[cfg(feature = "kafka")]
            producers: Rebuilt::new(_now_ms),
        }
    }
}

impl Visitor for Logs {
    fn settings(&mut self, stream: &str, _attributes: &Attributes) -> LogSettings {
        match crate::interchange::is_shared(stream) {
            false => OF_QUEUES,
            #[cfg(feature = "kafka")]
            true => self.producers.settings(stream, _attributes),
            #[cfg(not(feature = "kafka"))]
            true => LogSettings::default(),
        }
    }

    fn frame(&mut self, _stream: &str, _partition: u32, _header: &frame::Header, _payload: &[u8]) {
        #[cfg(feature = "kafka")]
        self.producers.frame(_stream, _partition, _header, _payload);
    }
}
