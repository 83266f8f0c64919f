//! Playing recorded events back with their original timing.
//!
//! * [`Merge`] brings the records of several recordings into one order by event time;
//! * [`Pacer`] says how long to wait before each, at a [`Speed`], and measures how well that was kept;
//! * [`Rounds`] plays a recording again, with event times that go on.
//!
//! None of these reads, sleeps or knows what a record is (that is [`ReplaySource`]): the caller pushes records with their times in, and passes the time of
//! its clock. A whole replay with a clock made by hand:
//!
//! ```
//! use std::time::Duration;
//! use ssectl::replay::{Merge, Next, Order, Pacer};
//!
//! let mut merge = Merge::new(Order::AsRecorded);
//! let (one, two) = (merge.add_input(), merge.add_input());
//! for (input, second, record) in [(one, 0, "a"), (one, 4, "c"), (two, 2, "b")] {
//!     merge.push(input, Some(second * 1_000_000_000), record);
//! }
//! merge.finish(one);
//! merge.finish(two);
//!
//! let mut pacer = Pacer::new("2x".parse()?, None);
//! let mut now = Duration::ZERO;
//! let mut played = Vec::new();
//! while let Next::Record(next) = merge.pull() {
//!     now += pacer.wait(next.turn_ns, now);
//!     pacer.sent(now);
//!     played.push((next.record, now.as_secs()));
//! }
//! assert_eq!(played, [("a", 0), ("b", 1), ("c", 2)]);
//! # Ok::<(), ssectl::replay::SpeedError>(())
//! ```

mod drift;
mod merge;
mod pacer;
mod reorder;
mod rounds;
mod source;
mod speed;

pub use drift::Drift;
pub use merge::{InputId, Merge, Next, Order, Timed};
pub use pacer::Pacer;
pub use rounds::{Repeat, RepeatError, Rounds};
pub use source::{Plan, ReplaySource};
pub use speed::{Speed, SpeedError};
