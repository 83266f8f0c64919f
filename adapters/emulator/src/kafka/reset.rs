//! An empty cluster again, without a restart.

use super::broker::Broker;
use crate::store::StoreError;

impl Broker {
    /// Deletes all transactions, groups and topics. Clients that go on find their groups and producers unknown.
    ///
    /// # Errors
    /// The store does not forget; what was not deleted yet is still there.
    pub(crate) fn reset(&self) -> Result<(), StoreError> {
        self.transactions.clear()?;
        self.groups.clear()?;
        self.topics.clear()
    }
}
