//! Whether a pipeline keeps what it promises when its process is killed.
//!
//! A [`Plan`] says where each life of the process ends, as a pure function of a seed. What the
//! lives leave in the streams is held against a run that nobody disturbed, and judged by what is
//! claimed for each stream.

mod claim;
mod life;
mod plan;

pub use claim::{Claim, Finding, claimed};
pub use life::Life;
pub use plan::{Kill, Moment, Plan};
