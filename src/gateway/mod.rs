//! The gateway: what a `gateway.yaml` declares, and the log of its changes in a stream.

mod format;
mod load;
mod log;

pub use load::{Gateway, schema};
pub use log::{LogReader, StreamLog, open};
