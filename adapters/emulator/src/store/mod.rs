//! A partitioned, append-only offset log, free of any wire protocol.
//!
//! A [`Store`] holds named *streams*; a stream has *partitions*; a partition is a list of *segments*; a segment is a
//! run of [frames](frame). What a frame carries is opaque here: a dialect stores its own batches and reads them back as
//! they were. Offsets count records, a frame covers one or more of them. Besides the streams a store keeps [`Facts`]: a
//! small table of whatever else a dialect has to remember.
//!
//! Everything lives in memory, or in a data directory: segment files and one journal, both with checksums, recovered
//! after a crash. An append is one write; what was acknowledged survives a kill of the process, and with
//! [`Fsync::EveryAppend`] a loss of power too.
//!
//! Time is passed in through [`Clock`], so retention and expiry can be tested without waiting.

mod budget;
mod catalog;
mod clock;
mod compaction;
mod data_dir;
mod error;
mod facts;
pub mod frame;
mod index;
mod journal;
mod ledger;
mod log;
mod partition;
mod recovery;
mod retention;
mod segment;
mod storage;
mod stream;
mod sync;
mod trouble;
mod visibility;
mod wake;
mod walk;

pub use budget::Budget;
pub use catalog::{Medium, Store, Visitor};
pub use clock::{Clock, ManualClock, SystemClock};
pub use compaction::{ClosedSegment, Verdict};
pub use data_dir::Fsync;
pub use error::StoreError;
pub use facts::{Change, Facts};
pub use frame::Frame;
pub use log::{LogSettings, NewFrame};
pub use partition::Partition;
pub use stream::{Attributes, Stream};
pub(crate) use sync::{LockExt, RwLockExt};
pub(crate) use trouble::Trouble;
pub use visibility::Visibility;
pub use wake::{Subscription, Waiter};
