//! Amazon Kinesis Data Streams as a stream: a shard is a partition, a sequence number a position.
//!
//! Nothing of the AWS SDK runs before a stream is opened. Requests are tasks of their own, so that a fetch may be
//! dropped, and the leases of a group are renewed while a sink is slow.

mod admin;
mod aggregate;
mod client;
mod config;
mod envelope;
mod error;
mod leases;
mod locate;
mod position;
mod sink;
mod source;
mod target;
mod topology;

use std::sync::Arc;

use ssectl_adapter::{
    Adapter, Capabilities, EndOfStream, Location, Options, Order, Result, StreamUri, Target, decode,
};

use config::KinesisConfig;
use target::KinesisTarget;

/// The adapter of `kinesis:` streams.
pub fn adapter() -> impl Adapter {
    KinesisAdapter
}

struct KinesisAdapter;

impl Adapter for KinesisAdapter {
    fn name(&self) -> &'static str {
        "kinesis"
    }

    fn summary(&self) -> &'static str {
        "Amazon Kinesis Data Streams"
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
            // Other programs read plain data with the time of its arrival; `envelope: with-times` keeps that of the record.
            timestamps: false,
            binary: true,
            order: Order::PerPartition,
            seek: true,
            seek_time: true,
            resume: true,
            fan_out: true,
            leases: false,
            end: EndOfStream::Exact,
            lag: true,
            // A record holds 1 MiB with its partition key and what wraps it.
            max_record_bytes: Some(1_040_000),
        }
    }

    fn capabilities_with(&self, options: &Options) -> Capabilities {
        let envelope = |name: &str| {
            options
                .get("envelope")
                .is_some_and(|envelope| envelope == name)
        };
        let all = self.capabilities();
        Capabilities {
            headers: all.headers && !envelope("never"),
            tombstones: all.tombstones && !envelope("never"),
            timestamps: envelope("with-times"),
            ..all
        }
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(KinesisConfig)
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        locate::locate(uri)
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        let config: KinesisConfig = decode(self.name(), options)?;
        config.check()?;
        Ok(Arc::new(KinesisTarget::new(config)))
    }
}
