//! Tables that records are enriched from: read to their end before the first record, and in memory then.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use ssectl_adapter::{
    Batch, Commit, Error, ErrorKind, Fetched, Limit, Partition, Receipt, Record, Result, Source,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::error::{RecordError, place};
use super::reader::becomes_true;
use super::steps::{Encoding, eval};
use crate::expr::{Outputs, Program};

/// The rows of a table by their keys; handles to the same table are cheap.
#[derive(Clone, Default)]
pub struct Rows(Arc<RwLock<HashMap<Box<[u8]>, Bytes>>>);

impl Rows {
    /// The row of a key, which is compact JSON.
    pub(super) fn get(&self, key: &[u8]) -> Option<Bytes> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rows.get(key).cloned()
    }

    fn set(&self, changes: Vec<(Box<[u8]>, Option<Bytes>)>) {
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, row) in changes {
            match row {
                Some(row) => rows.insert(key, row),
                None => rows.remove(&key),
            };
        }
    }
}

/// How a table is read.
pub struct TableSource {
    /// Its records, in the order in which they change it; `None` if it is empty at the start.
    pub source: Option<Box<dyn Source>>,
    /// Becomes true when nobody will write it any more; then it is read to its end.
    pub bound: watch::Receiver<bool>,
    /// What the bytes of its records are.
    pub encoding: Encoding,
    /// What a row is found by.
    pub key: Program,
    /// What of a row is taken.
    pub value: Program,
    /// What comes after those, if later changes are to count.
    pub later: Option<Box<dyn Source>>,
    /// The table.
    pub rows: Rows,
}

impl TableSource {
    /// Reads all there is.
    ///
    /// # Errors
    /// The stream cannot be read, or a record is no row.
    async fn load(mut self) -> Result<Self> {
        let Some(mut source) = self.source.take() else {
            return Ok(self);
        };
        let mut bounded = false;
        loop {
            tokio::select! {
                () = becomes_true(self.bound.clone()), if !bounded => {
                    source.bound().await?;
                    bounded = true;
                }
                fetched = source.fetch(Limit::default()) => match fetched? {
                    Fetched::Batch(batch) => self.take(batch)?,
                    Fetched::Idle => {}
                    Fetched::End => {
                        source.close().await?;
                        return Ok(self);
                    }
                }
            }
        }
    }

    /// Reads what changes later.
    ///
    /// # Errors
    /// As [`TableSource::load`].
    async fn follow(mut self) -> Result<()> {
        let Some(mut later) = self.later.take() else {
            return Ok(());
        };
        loop {
            match later.fetch(Limit::default()).await? {
                Fetched::Batch(batch) => self.take(batch)?,
                Fetched::Idle => {}
                Fetched::End => return later.close().await,
            }
        }
    }

    fn take(&self, batch: Batch) -> Result<()> {
        if let Some(fault) = batch.faults.into_iter().next() {
            return Err(fault.error.with("table", place(&fault.origin)));
        }
        let (mut keys, mut values) = (Outputs::default(), Outputs::default());
        let mut changes = Vec::with_capacity(batch.records.len());
        for record in &batch.records {
            let change = self.change(record, &mut keys, &mut values);
            changes.extend(change.map_err(|error| {
                Error::new(ErrorKind::Data, error.to_string()).with("table", place(&record.origin))
            })?);
        }
        self.rows.set(changes);
        Ok(())
    }

    /// The key and the row of a record; without a key it is no row.
    fn change(
        &self,
        record: &Record,
        keys: &mut Outputs,
        values: &mut Outputs,
    ) -> std::result::Result<Option<Change>, RecordError> {
        keys.clear();
        values.clear();
        eval(record, self.encoding, |input| self.key.eval(input, keys))?;
        let Some(key) = keys.get(0).filter(|key| !key.is_null()) else {
            return Ok(None);
        };
        if record.value.is_some() {
            eval(record, self.encoding, |input| {
                self.value.eval(input, values)
            })?;
        }
        let row = values.get(0).map(|row| Bytes::copy_from_slice(row.json()));
        Ok(Some((key.json().into(), row)))
    }
}

/// A key, and its row from now on; `None` deletes it.
type Change = (Box<[u8]>, Option<Bytes>);

/// A source whose records wait until the tables they are enriched from are there.
pub struct AfterTables {
    loading: Option<BoxFuture<'static, Result<Vec<TableSource>>>>,
    /// Those that read on; they end with this.
    following: JoinSet<Result<()>>,
    source: Box<dyn Source>,
    /// Becomes true when the tables are there.
    loaded: watch::Sender<bool>,
}

impl AfterTables {
    /// `source`, behind all of `tables`.
    pub fn new(source: Box<dyn Source>, tables: Vec<TableSource>) -> Self {
        let loads = tables.into_iter().map(TableSource::load);
        Self {
            loading: Some(Box::pin(futures::future::try_join_all(loads))),
            following: JoinSet::new(),
            source,
            loaded: watch::Sender::new(false),
        }
    }

    /// Becomes true when the tables are there.
    pub fn loaded(&self) -> watch::Receiver<bool> {
        self.loaded.subscribe()
    }

    /// `source`, behind the tables that another one of the pipeline reads.
    pub fn behind(source: Box<dyn Source>, loaded: watch::Receiver<bool>) -> Self {
        let waiting = async {
            becomes_true(loaded).await;
            Ok(Vec::new())
        };
        Self {
            loading: Some(Box::pin(waiting)),
            following: JoinSet::new(),
            source,
            loaded: watch::Sender::new(false),
        }
    }
}

#[async_trait]
impl Source for AfterTables {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        if let Some(loading) = &mut self.loading {
            let Ok(loaded) = tokio::time::timeout(limit.wait, loading).await else {
                return Ok(Fetched::Idle);
            };
            self.loading = None;
            // Never for now: to try again would be to go on without the table.
            let loaded = loaded.map_err(|error| Error::new(error.kind(), error.to_string()));
            for table in loaded? {
                self.following.spawn(table.follow());
            }
            self.loaded.send_replace(true);
        }
        while let Some(Ok(followed)) = self.following.try_join_next() {
            followed?;
        }
        self.source.fetch(limit).await
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
