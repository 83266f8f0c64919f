//! Producer ids, each given out once.

use std::sync::{Arc, Mutex};

use kafka_protocol::ResponseError;

use crate::kafka::tables::{NEXT_PRODUCER_ID, PRODUCER_IDS};
use crate::store::{Change, LockExt, Store, StoreError};

/// How many ids are reserved with one entry of the journal.
const BLOCK: i64 = 1000;

/// Gives out producer ids. After a restart it goes on behind the last block that was reserved.
#[derive(Debug)]
pub(crate) struct ProducerIds {
    store: Arc<Store>,
    inner: Mutex<Block>,
}

#[derive(Debug)]
struct Block {
    next: i64,
    end: i64,
}

impl ProducerIds {
    /// Goes on where the store says.
    pub(crate) fn open(store: Arc<Store>) -> Result<Self, StoreError> {
        let known = store.facts().table::<i64>(PRODUCER_IDS)?;
        let next = known.first().map_or(1000, |(_, next)| *next);
        Ok(Self {
            store,
            inner: Mutex::new(Block { next, end: next }),
        })
    }

    /// An id that nobody had.
    pub(crate) fn next(&self) -> Result<i64, ResponseError> {
        let mut block = self.inner.locked();
        if block.next == block.end {
            let end = block.end + BLOCK;
            let reserved =
                self.store
                    .facts()
                    .apply(vec![Change::put(PRODUCER_IDS, NEXT_PRODUCER_ID, &end)]);
            reserved.map_err(|_| ResponseError::CoordinatorNotAvailable)?;
            block.end = end;
        }
        let id = block.next;
        block.next += 1;
        Ok(id)
    }
}
