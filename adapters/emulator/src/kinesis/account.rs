//! What holds for an account in one region.

/// The account.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// When the commitment to a minimum of throughput began, Unix milliseconds, if it holds.
    pub(super) committed_ms: Option<i64>,
    /// When the last one ended, Unix milliseconds.
    pub(super) ended_ms: Option<i64>,
}
