//! Apache Kafka: a broker of one node that ordinary clients connect to.
//!
//! The wire codecs are those of the `kafka-protocol` crate; record batches are kept as the producer sent them. Every
//! connection has a thread of its own and its requests are answered one after the other, as a Kafka broker does it: a
//! thread that waits in a fetch or in a rebalance *is* the protocol's meaning of waiting.
//!
//! [`coverage`] lists which request types are served, in which versions, and what is missing.

mod api;
mod apis;
mod batch;
mod broker;
mod call;
mod compaction;
mod config;
mod emulator;
mod exchange;
mod groups;
mod housekeeping;
mod partition;
mod producers;
mod reset;
mod server;
mod tables;
mod throttle;
mod topic_config;
mod topics;
mod transactions;
mod wire;

pub use crate::{Notices, StartError};
pub use apis::{Coverage, Support, coverage};
pub use config::{Config, Limits};
pub use emulator::Emulator;

pub(crate) use broker::Cluster;
#[cfg(feature = "eventhubs")]
pub(crate) use broker::{Broker, Door};
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) use exchange::has_records;
pub(crate) use exchange::records_of;
#[cfg(feature = "eventhubs")]
pub(crate) use housekeeping::Housekeeper;
pub(crate) use partition::RECORD_BATCH;
#[cfg(feature = "eventhubs")]
pub(crate) use server::Guests;
pub(crate) use topics::Rebuilt;
