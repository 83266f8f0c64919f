//! Wire-compatible emulators of the brokers ssectl speaks to.
//!
//! Two layers. [`store`] keeps partitioned, append-only logs and a small table of facts, in memory or in a data
//! directory, and knows no wire protocol. Each dialect is a front end over it, behind a Cargo feature of its own:
//!
//! - [`kafka`]: Apache Kafka, spoken by kcat, librdkafka, the Java clients and tools, kafka-python and the rest.
//! - [`aws`]: services of AWS on one HTTP port, as `AWS_ENDPOINT_URL` wants it: [`kinesis`], [`sqs`], and STS
//!   GetCallerIdentity.
//! - [`eventhubs`]: Azure Event Hubs, AMQP 1.0 plain and with TLS, and its management API.
//! - [`pubsub`]: Google Cloud Pub/Sub, in gRPC and in REST on one port.
//!
//! With a [`Bridge`] all of them are over one store, where streams of the same name are the same stream.
//!
//! [`queue`] makes a queue with leases of a partition of the log, for the dialects that have queues.
//!
//! The crate prints nothing: an emulator is a value that owns its threads and ends them on drop.

mod bridge;
mod error;
pub mod faults;
mod interchange;
mod notices;
pub mod store;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "eventhubs")]
pub mod eventhubs;
#[cfg(any(feature = "aws", feature = "pubsub"))]
mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "aws")]
pub mod kinesis;
#[cfg(feature = "pubsub")]
pub mod pubsub;
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub mod queue;
#[cfg(feature = "aws")]
pub mod sqs;

pub use bridge::Bridge;
pub use error::StartError;
pub use notices::Notices;
