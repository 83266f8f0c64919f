//! The numbers of the store's tables of facts that this dialect uses. They are part of the data directory's format.

/// The cluster's id, under [`CLUSTER_ID`].
pub(crate) const CLUSTER: u8 = 16;

/// The key of the cluster's id.
pub(crate) const CLUSTER_ID: &str = "id";

/// The first producer id that was never given out, under [`NEXT_PRODUCER_ID`].
pub(crate) const PRODUCER_IDS: u8 = 17;

/// The key of the next producer id.
pub(crate) const NEXT_PRODUCER_ID: &str = "next";

/// Transactions by transactional id.
pub(crate) const TRANSACTIONS: u8 = 18;

/// Committed offsets by `GROUP/TOPIC/PARTITION`.
pub(crate) const OFFSETS: u8 = 19;
