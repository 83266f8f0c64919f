//! Google Cloud Pub/Sub on one port: gRPC over HTTP/2 without TLS, and REST with JSON over HTTP/1.1 and HTTP/2, as
//! `PUBSUB_EMULATOR_HOST` wants it.
//!
//! The messages of the API, the names of its operations and the routes of REST come from Google's `.proto` files. Rules,
//! limits and messages of errors are those of the Pub/Sub documentation; what differs is listed by [`coverage`]. Nobody
//! has to authenticate.
//!
//! A topic is a stream of the [offset log](crate::store), a subscription has [leases](crate::queue) over it, so that a
//! message is stored once however many subscriptions there are, and seeking is only a change of what counts as
//! acknowledged. What was published or acknowledged survives the process where there is a data directory; leases,
//! counts of deliveries and policies do not.
//!
//! `POST /_ssectl/reset` deletes everything, so that test suites can share an emulator.

mod api;
mod call;
mod config;
mod dead_letters;
mod declare;
mod descriptors;
mod emulator;
mod error;
mod exchange;
mod filter;
mod frames;
mod front;
mod grpc;
mod housekeeping;
mod labels;
mod masks;
mod names;
mod operations;
mod proto;
mod push;
mod received;
mod rest;
mod schemas;
mod service;
mod snapshot;
mod stream;
mod subscription;
mod topic;

pub use config::{Config, Limits};
pub use emulator::Emulator;
pub(crate) use exchange::records_of;
pub(crate) use frames::MESSAGES as FORMAT;
pub use operations::{Coverage, Support, coverage};
