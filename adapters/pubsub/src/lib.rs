//! Google Cloud Pub/Sub as a stream: a stream is a topic, a group is a subscription of it.
//!
//! Topics and subscriptions are made and asked after by REST, messages travel by gRPC, both of the official client. Its
//! retries are off where it lets us, because the engine has its own. What the client cannot say (how a stream is doing,
//! where it ends) the source finds out itself; see `source/end.rs`.

mod admin;
mod config;
mod error;
mod locate;
mod message;
mod names;
mod service;
mod sink;
mod source;
mod subscription;
mod target;
mod time;

use std::sync::Arc;

use ssectl_adapter::{
    Adapter, Capabilities, EndOfStream, Location, Options, Order, Result, StreamUri, Target, decode,
};

use config::PubsubConfig;
use target::PubsubTarget;

/// The adapter of `pubsub:` streams.
pub fn adapter() -> impl Adapter {
    PubsubAdapter
}

struct PubsubAdapter;

impl Adapter for PubsubAdapter {
    fn name(&self) -> &'static str {
        "pubsub"
    }

    fn summary(&self) -> &'static str {
        "Google Cloud Pub/Sub topics and subscriptions"
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
            // Only messages with an ordering key have an order, and only where a subscription keeps it.
            order: Order::None,
            seek: false,
            seek_time: true,
            resume: true,
            fan_out: true,
            leases: true,
            end: EndOfStream::Silence,
            lag: false,
            // A message holds 10 MB; what is left is for attributes of ours.
            max_record_bytes: Some(9_900_000),
        }
    }

    fn capabilities_with(&self, options: &Options) -> Capabilities {
        let says = |name| options.get(name).is_some_and(|value| value == true);
        let mut capabilities = self.capabilities();
        if says("ordering") {
            capabilities.order = Order::PerKey;
        }
        if says("data-only") {
            capabilities.admin = false;
            capabilities.seek_time = false;
        }
        capabilities
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(PubsubConfig)
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        locate::locate(uri)
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        let config: PubsubConfig = decode(self.name(), options)?;
        config.check()?;
        Ok(Arc::new(PubsubTarget::new(config)?))
    }
}
