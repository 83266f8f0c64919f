//! A read of a memory stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Store, Stream, lock};
use crate::{
    Batch, Bound, Commit, Error, ErrorKind, Fetched, Limit, Partition, Position, Record, Result,
    Source, SourceSpec,
};

pub(super) struct MemorySource {
    store: Arc<Store>,
    stream: Arc<Stream>,
    name: String,
    group: Option<String>,
    cursors: BTreeMap<Partition, Cursor>,
    grown: watch::Receiver<()>,
}

struct Cursor {
    next: i64,
    end: Option<i64>,
}

impl MemorySource {
    pub(super) fn open(store: Arc<Store>, stream: Arc<Stream>, spec: &SourceSpec) -> Result<Self> {
        let mut cursors = BTreeMap::new();
        {
            let log = lock(&stream.log);
            for (id, _) in log.partitions() {
                if !spec.partitions.is_empty() && !spec.partitions.iter().any(|p| p == id.as_str())
                {
                    continue;
                }
                let stored = spec
                    .group
                    .as_ref()
                    .filter(|_| spec.range.from == Bound::Stored)
                    .and_then(|group| store.committed(&spec.stream, group, id));
                let next = stored.unwrap_or_else(|| log.resolve(id, &spec.range.from));
                let end = spec.range.to.as_ref().map(|to| log.resolve(id, to));
                cursors.insert(id.clone(), Cursor { next, end });
            }
        }
        for name in &spec.partitions {
            if !cursors.contains_key(&Partition::from(name.as_str())) {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("stream `{}` has no partition `{name}`", spec.stream),
                ));
            }
        }
        Ok(Self {
            grown: stream.grown.subscribe(),
            store,
            stream,
            name: spec.stream.clone(),
            group: spec.group.clone(),
            cursors,
        })
    }

    fn take(&mut self, limit: Limit) -> Batch {
        let log = lock(&self.stream.log);
        let mut records: Vec<Record> = Vec::new();
        let mut upto = BTreeMap::new();
        let mut bytes = 0;
        for (id, cursor) in &mut self.cursors {
            let all = log.records(id);
            let end = cursor.end.unwrap_or(i64::MAX).min(all.len() as i64);
            while cursor.next < end && records.len() < limit.records {
                let record = &all[cursor.next as usize];
                if bytes + record.size() > limit.bytes && !records.is_empty() {
                    break;
                }
                bytes += record.size();
                records.push(record.clone());
                cursor.next += 1;
                upto.insert(id.clone(), Position::Offset(cursor.next));
            }
        }
        Batch {
            records,
            commit: Commit::UpTo(upto),
            ..Batch::default()
        }
    }

    fn is_done(&self) -> bool {
        self.cursors
            .values()
            .all(|cursor| cursor.end.is_some_and(|end| cursor.next >= end))
    }
}

#[async_trait]
impl Source for MemorySource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        self.grown.mark_unchanged();
        let batch = self.take(limit);
        if !batch.records.is_empty() {
            return Ok(Fetched::Batch(batch));
        }
        if self.is_done() {
            return Ok(Fetched::End);
        }
        // No record is taken before the wait, so a dropped future loses none.
        if timeout(limit.wait, self.grown.changed()).await.is_err() {
            return Ok(Fetched::Idle);
        }
        let batch = self.take(limit);
        Ok(if batch.records.is_empty() {
            Fetched::Idle
        } else {
            Fetched::Batch(batch)
        })
    }

    async fn bound(&mut self) -> Result<()> {
        let log = lock(&self.stream.log);
        for (id, cursor) in &mut self.cursors {
            let end = log.records(id).len() as i64;
            cursor.end.get_or_insert(end);
        }
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        let (Some(group), Commit::UpTo(positions)) = (&self.group, commit) else {
            return Ok(());
        };
        for (partition, position) in positions {
            if let Position::Offset(next) = position {
                self.store.commit(&self.name, group, partition, *next);
            }
        }
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
