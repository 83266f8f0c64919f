//! A partitioned, append-only offset log, free of any wire protocol.
//!
//! A [`Store`] holds named *streams*; a stream has *partitions*; a partition is a list of *segments*; a segment is a
//! run of [frames](frame). What a frame carries is opaque here: a dialect stores its own batches and reads them back as
//! they were. Offsets count records, a frame covers one or more of them.
//!
//! Time is passed in through [`Clock`], so retention and expiry can be tested without waiting.

mod budget;
mod catalog;
mod clock;
mod error;
pub mod frame;
mod index;
mod log;
mod partition;
mod segment;
mod storage;
mod stream;
mod sync;
mod wake;

pub use budget::Budget;
pub use catalog::Store;
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::StoreError;
pub use frame::Frame;
pub use log::{LogSettings, NewFrame};
pub use partition::Partition;
pub use stream::Stream;
pub(crate) use sync::LockExt;
pub use wake::{Subscription, Waiter};
