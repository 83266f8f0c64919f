//! Azure Event Hubs as a stream: partitions over AMQP 1.0, by way of Microsoft's client.
//!
//! Nothing of the client runs before a stream is opened; then each stream has a thread for it. Each
//! partition is read by a task of its own, so that a fetch may be dropped. What groups have committed is kept by a store of ours, because the
//! service keeps none.

mod admin;
mod bounds;
mod checkpoint;
mod client;
mod config;
mod error;
mod locate;
mod message;
mod routing;
mod sink;
mod source;
mod target;
mod worker;

use std::sync::Arc;

use ssectl_adapter::{
    Adapter, Capabilities, EndOfStream, Location, Options, Order, Result, StreamUri, Target, decode,
};

use config::EventHubsConfig;
use target::EventHubsTarget;

/// The adapter of `eventhubs:` streams.
pub fn adapter() -> impl Adapter {
    EventHubsAdapter
}

struct EventHubsAdapter;

impl Adapter for EventHubsAdapter {
    fn name(&self) -> &'static str {
        "eventhubs"
    }

    fn summary(&self) -> &'static str {
        "Azure Event Hubs, over AMQP 1.0"
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
            // A message holds 1 MiB, with some bytes around the record.
            max_record_bytes: Some(1_000_000),
        }
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(EventHubsConfig)
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        locate::locate(uri)
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        let config: EventHubsConfig = decode(self.name(), options)?;
        config.check()?;
        Ok(Arc::new(EventHubsTarget::new(config)))
    }
}
