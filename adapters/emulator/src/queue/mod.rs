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
//! In memory there is an index of every message, without its body. All methods take the time from the store's
//! clock, so that leases, delays and retention can be tested in virtual time.

mod cleanup;
mod dedup;
mod frames;
mod index;
mod lease_queue;
mod leases;
mod message;
mod settings;
#[cfg(test)]
mod tests;

pub use lease_queue::{Counts, LeaseQueue, Leased, Received, Sent};
pub use leases::LeaseTooLong;
pub use message::{Message, NewMessage};
pub use settings::{OnExpired, QueueSettings, Receipt, Settled};
