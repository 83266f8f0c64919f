//! A read of a memory stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::group::Membership;
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
    /// Only with a group that shares all partitions among its readers.
    membership: Option<Membership>,
    resumes: bool,
    cursors: Vec<(Partition, Cursor)>,
    changed: watch::Receiver<()>,
}

struct Cursor {
    /// Where to begin when nothing is committed.
    start: i64,
    /// The next record to read; `None` while the partition is another reader's.
    next: Option<i64>,
    end: Option<i64>,
    /// The start counts more than what is committed.
    fixed: bool,
}

impl Cursor {
    /// Whether it was read to its end.
    fn is_done(&self) -> bool {
        let next = self.next.unwrap_or(self.start);
        self.end.is_some_and(|end| next >= end)
    }
}

impl MemorySource {
    pub(super) fn open(store: Arc<Store>, stream: Arc<Stream>, spec: &SourceSpec) -> Result<Self> {
        let cursors = cursors(&stream, spec)?;
        let membership = spec
            .group
            .as_ref()
            .filter(|_| spec.partitions.is_empty())
            .map(|group| Membership::join(store.clone(), stream.clone(), &spec.stream, group));
        Ok(Self {
            changed: stream.changed.subscribe(),
            store,
            stream,
            name: spec.stream.clone(),
            group: spec.group.clone(),
            membership,
            resumes: spec.range.from == Bound::Stored,
            cursors,
        })
    }

    fn owns(&self, partition: usize) -> bool {
        self.membership.as_ref().is_none_or(|m| m.owns(partition))
    }

    /// Starts on partitions that came to this reader and lets go of those that went to others.
    fn assign(&mut self) {
        let owned: Vec<_> = (0..self.cursors.len()).map(|n| self.owns(n)).collect();
        for (owned, (partition, cursor)) in owned.into_iter().zip(&mut self.cursors) {
            cursor.next = match (owned, cursor.next) {
                (false, _) => None,
                (true, Some(next)) => Some(next),
                (true, None) => {
                    let resumes = self.resumes && !cursor.fixed;
                    let group = self.group.as_ref().filter(|_| resumes);
                    let stored =
                        group.and_then(|group| self.store.committed(&self.name, group, partition));
                    Some(stored.unwrap_or(cursor.start))
                }
            };
        }
    }

    fn take(&mut self, limit: Limit) -> Batch {
        let log = lock(&self.stream.log);
        let mut records: Vec<Record> = Vec::new();
        let mut upto = BTreeMap::new();
        let mut bytes = 0;
        for (id, cursor) in &mut self.cursors {
            let Some(next) = &mut cursor.next else {
                continue;
            };
            let all = log.records(id);
            let end = cursor.end.unwrap_or(i64::MAX).min(all.len() as i64);
            while *next < end && records.len() < limit.records {
                let record = &all[*next as usize];
                if bytes + record.size() > limit.bytes && !records.is_empty() {
                    break;
                }
                bytes += record.size();
                records.push(record.clone());
                *next += 1;
                upto.insert(id.clone(), Position::Offset(*next));
            }
        }
        Batch {
            records,
            commit: Commit::UpTo(upto),
            ..Batch::default()
        }
    }

    fn is_done(&self) -> bool {
        let done = |cursor: &Cursor| match cursor.next {
            Some(_) => cursor.is_done(),
            None => cursor.end.is_some(),
        };
        self.cursors.iter().all(|(_, cursor)| done(cursor))
    }
}

/// One cursor per asked partition, with the bounds of the range as they are now.
fn cursors(stream: &Stream, spec: &SourceSpec) -> Result<Vec<(Partition, Cursor)>> {
    let log = lock(&stream.log);
    let mut cursors = Vec::new();
    for (id, _) in log.partitions() {
        let asked = &spec.partitions;
        if asked.is_empty() || asked.iter().any(|name| name == id.as_str()) {
            let at = spec.at.get(id).map(|at| Bound::At(at.clone()));
            let cursor = Cursor {
                fixed: at.is_some(),
                start: log.start(id, at.as_ref().unwrap_or(&spec.range.from))?,
                next: None,
                end: spec.range.to.as_ref().map(|to| log.resolve(id, to)),
            };
            cursors.push((id.clone(), cursor));
        }
    }
    for name in &spec.partitions {
        if !cursors.iter().any(|(id, _)| id.as_str() == name) {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("stream `{}` has no partition `{name}`", spec.stream),
            ));
        }
    }
    Ok(cursors)
}

#[async_trait]
impl Source for MemorySource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let deadline = Instant::now() + limit.wait;
        loop {
            self.changed.mark_unchanged();
            self.assign();
            let batch = self.take(limit);
            if !batch.records.is_empty() {
                return Ok(Fetched::Batch(batch));
            }
            if self.is_done() {
                return Ok(Fetched::End);
            }
            // No record is taken before the wait, so a dropped future loses none.
            if timeout_at(deadline, self.changed.changed()).await.is_err() {
                return Ok(Fetched::Idle);
            }
        }
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        let cursors = self.cursors.iter().enumerate();
        let open = cursors.filter(|(number, (_, cursor))| self.owns(*number) && !cursor.is_done());
        Some(open.map(|(_, (id, _))| id.clone()).collect())
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
        for (number, (id, _)) in self.cursors.iter().enumerate() {
            // A partition that went to another reader is committed by that one.
            if self.owns(number)
                && let Some(Position::Offset(next)) = positions.get(id)
            {
                self.store.commit(&self.name, group, id, *next);
            }
        }
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
