//! Apache Kafka as a stream, by way of librdkafka.
//!
//! Everything of librdkafka that blocks runs on threads of its own: one per source that polls the
//! consumer, one per sink that serves confirmations, and tokio's blocking threads for questions.

mod admin;
mod bounds;
mod cluster;
mod config;
mod error;
mod locate;
mod monitor;
mod properties;
mod sink;
mod source;
mod succession;
mod target;
mod token;
mod transaction;

use std::sync::Arc;

use ssectl_adapter::{
    Adapter, Capabilities, EndOfStream, Location, Options, Order, Result, StreamUri, Target, decode,
};

use config::KafkaConfig;
use target::KafkaTarget;

/// The adapter of `kafka://` streams.
pub fn adapter() -> impl Adapter {
    KafkaAdapter
}

struct KafkaAdapter;

impl Adapter for KafkaAdapter {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn summary(&self) -> &'static str {
        "Apache Kafka, Confluent Cloud, the Kafka endpoint of Azure Event Hubs"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: true,
            write: true,
            admin: true,
            partitions: true,
            keys: true,
            headers: true,
            tombstones: true,
            timestamps: true,
            binary: true,
            order: Order::PerPartition,
            seek: true,
            seek_time: true,
            resume: true,
            fan_out: true,
            leases: false,
            end: EndOfStream::Exact,
            lag: true,
            // A broker takes 1 MiB by default, with some bytes around the record.
            max_record_bytes: Some(1_000_000),
        }
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(KafkaConfig)
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        locate::locate(uri)
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        let config: KafkaConfig = decode(self.name(), options)?;
        config.check()?;
        properties::check(&config)?;
        Ok(Arc::new(KafkaTarget::new(config)))
    }
}
