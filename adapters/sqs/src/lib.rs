//! Amazon SQS as a stream: a queue whose messages are leased, and deleted when they are safe.
//!
//! Nothing of the AWS SDK runs before a stream is opened. Receives and the renewal of leases are
//! tasks of their own, so that a fetch may be dropped and a slow sink does not lose its messages.

mod admin;
mod client;
mod config;
mod error;
mod locate;
mod message;
mod sink;
mod source;
mod target;

use std::sync::Arc;

use ssectl_adapter::{
    Adapter, Capabilities, EndOfStream, Location, Options, Order, Result, StreamUri, Target, decode,
};

use config::SqsConfig;
use target::SqsTarget;

/// The adapter of `sqs:` streams.
pub fn adapter() -> impl Adapter {
    SqsAdapter
}

struct SqsAdapter;

impl Adapter for SqsAdapter {
    fn name(&self) -> &'static str {
        "sqs"
    }

    fn summary(&self) -> &'static str {
        "Amazon SQS, standard and FIFO queues"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: true,
            write: true,
            admin: true,
            partitions: false,
            keys: true,
            headers: true,
            tombstones: true,
            timestamps: true,
            binary: true,
            // FIFO queues keep the order of each message group; a standard queue keeps none.
            order: Order::None,
            seek: false,
            seek_time: false,
            resume: true,
            fan_out: false,
            leases: true,
            end: EndOfStream::Silence,
            lag: true,
            // A message holds 1 MiB of text, and bytes that are no text take a third more.
            max_record_bytes: Some(780_000),
        }
    }

    fn capabilities_with(&self, options: &Options) -> Capabilities {
        let mut capabilities = self.capabilities();
        if options.get("fifo").is_some_and(|fifo| fifo == true) {
            capabilities.order = Order::PerKey;
        }
        capabilities
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(SqsConfig)
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        locate::locate(uri)
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        let config: SqsConfig = decode(self.name(), options)?;
        config.check()?;
        Ok(Arc::new(SqsTarget::new(config)))
    }
}
