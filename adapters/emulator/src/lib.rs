//! Wire-compatible emulators of the brokers ssectl speaks to.
//!
//! Two layers. [`store`] keeps partitioned, append-only logs and a small table of facts, in memory or in a data
//! directory, and knows no wire protocol. Each dialect is a front end over it, behind a Cargo feature of its own:
//!
//! - [`kafka`]: Apache Kafka, spoken by kcat, librdkafka, the Java clients and tools, kafka-python and the rest.
//!
//! The crate prints nothing and starts no runtime: an emulator is a value that owns its threads and ends them on drop.

pub mod store;

#[cfg(feature = "kafka")]
pub mod kafka;
