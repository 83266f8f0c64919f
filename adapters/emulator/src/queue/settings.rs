//! What a queue promises, and what its readers hold.

/// How a queue treats its messages. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// How long a new message is hidden.
    pub delay_ms: i64,
    /// How long a message is kept, counted from when it was sent.
    pub retention_ms: i64,
    /// Messages of one group are leased in order, and none while another of the group is leased.
    pub ordered: bool,
    /// How many messages may be leased at a time.
    pub max_leases: usize,
}

/// For how long a message with a deduplication key hides later ones with the same key.
#[cfg(feature = "aws")]
pub(super) const DEDUP_WINDOW_MS: i64 = 5 * 60 * 1000;

/// What a reader proves its lease with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// A number that the queue drew when it was opened.
    pub epoch: u64,
    /// The message.
    pub offset: i64,
    /// Which of the message's leases it is, counted from 1.
    pub lease: u32,
}

/// What a lease that has ended, without another reader having got the message since, is still good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExpired {
    /// Its message can still be settled, or hidden anew.
    Settle,
    /// Nothing.
    Refuse,
}

/// What became of an attempt to settle or to change a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is done.
    Done,
    /// There is no such message (any more).
    Gone,
    /// The lease has ended, nobody has leased the message since.
    Expired,
    /// Another lease of the message was given since.
    Superseded,
}
