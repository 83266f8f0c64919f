//! A queue of messages that readers lease, over one partition of the offset log.
//!
//! A message is appended to the log as one frame; its offset is its place in the queue. A reader *leases* messages: they
//! are hidden from others until the lease ends, the reader gives them back, or *settles* them, which removes them. What
//! was settled is appended to the log as well, so that a queue opened again holds what was not settled before; leases
//! and counts of deliveries do not outlive the process, so messages that were leased can be leased again at once.
//!
//! | idea here | SQS | Pub/Sub |
//! |---|---|---|
//! | lease | visibility time-out | ack deadline |
//! | settle | delete | acknowledge |
//! | receipt | receipt handle | ack id |
//! | group of an ordered queue | message group of a FIFO queue | ordering key |
//! | exhausted message | redrive policy | dead-letter policy |
//!
//! Pub/Sub has many queues over one log, so it keeps the messages with its topics and shares the index alone.
//!
//! In memory there is an index of every message, without its body. All methods take the time from the store's
//! clock, so that leases, delays and retention can be tested in virtual time.

#[cfg(feature = "aws")]
mod cleanup;
#[cfg(feature = "aws")]
mod dedup;
#[cfg(feature = "aws")]
mod frames;
mod index;
#[cfg(feature = "aws")]
mod lease_queue;
#[cfg(feature = "aws")]
mod leases;
#[cfg(feature = "aws")]
mod message;
mod settings;
#[cfg(feature = "aws")]
mod shared;
#[cfg(all(test, feature = "aws"))]
mod tests;

#[cfg(feature = "aws")]
pub(crate) use frames::MESSAGE as FORMAT;
#[cfg(feature = "pubsub")]
pub(crate) use index::{Entry, Index, State};
#[cfg(feature = "aws")]
pub use lease_queue::{Counts, LeaseQueue, Leased, Received, Sent};
#[cfg(feature = "aws")]
pub use leases::LeaseTooLong;
#[cfg(feature = "aws")]
pub use message::{Message, NewMessage};
pub use settings::{OnExpired, QueueSettings, Receipt, Settled};
#[cfg(feature = "aws")]
pub(crate) use shared::Transcoder;
