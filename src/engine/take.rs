//! Stop after so many records.

use async_trait::async_trait;
use ssectl_adapter::{Commit, Fetched, Limit, Partition, Receipt, Result, Source};

/// A source that ends after `count` records, however many there are.
pub struct Take {
    source: Box<dyn Source>,
    left: u64,
}

impl Take {
    /// At most `count` records of `source`.
    pub fn new(source: Box<dyn Source>, count: u64) -> Self {
        Self {
            source,
            left: count,
        }
    }
}

#[async_trait]
impl Source for Take {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        if self.left == 0 {
            return Ok(Fetched::End);
        }
        let records = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(limit.records);
        let fetched = self.source.fetch(Limit { records, ..limit }).await?;
        if let Fetched::Batch(batch) = &fetched {
            self.left = self.left.saturating_sub(batch.records.len() as u64);
        }
        Ok(fetched)
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        self.source.partitions()
    }

    async fn bound(&mut self) -> Result<()> {
        self.source.bound().await
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        self.source.commit(commit).await
    }

    async fn release(&mut self, receipts: &[Receipt]) -> Result<()> {
        self.source.release(receipts).await
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.source.close().await
    }
}
