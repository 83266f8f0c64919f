//! What of a partition those may see who do not know how it was written.

use std::fmt::Debug;

use super::Frame;

/// Tells what is committed; a dialect with transactions knows.
pub trait Visibility: Debug + Send + Sync {
    /// The offset before which every transaction has ended, where `end` is the end of the log.
    fn end(&self, end: i64) -> i64;

    /// Whether a frame is part of a transaction that was aborted.
    fn hides(&self, frame: &Frame) -> bool;
}
