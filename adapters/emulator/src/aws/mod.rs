//! Services of AWS on one HTTP port, as `AWS_ENDPOINT_URL` wants it.
//!
//! The port speaks HTTP/1.1 and HTTP/2 without TLS. A request names its service by `X-Amz-Target` (the JSON protocols)
//! or by `Action` and `Version` (the query protocol, which answers with XML). Signatures are not checked, but there has
//! to be one: its credential scope tells the region, and every region has resources of its own. The account is always
//! [`ACCOUNT`].
//!
//! `POST /_ssectl/reset` deletes everything, so that test suites can share an emulator.

mod authorization;
mod config;
mod coverage;
mod emulator;
mod error;
mod front;
mod port;
mod query;
mod reply;
mod request;
mod sts;
mod xml;

pub use config::{Config, Limits};
pub use coverage::{Coverage, Support, coverage};
pub use emulator::Emulator;
pub(crate) use error::AwsError;
pub(crate) use query::{Names, Shape};
pub(crate) use request::{Input, Protocol, or_default};

/// The only account there is.
pub const ACCOUNT: &str = "000000000000";
