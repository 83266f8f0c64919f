//! Streams in this process's memory: always built, first to pass every test.

mod group;
mod log;
mod reader;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::Deserialize;
use tokio::sync::watch;

use crate::{
    Adapter, Admin, Backlog, Bound, Capabilities, EndOfStream, Error, ErrorKind, Lag, Location,
    Options, Order, Partition, PartitionInfo, Position, Range, Record, Rejected, Result, Sink,
    SinkSpec, Source, SourceSpec, StreamInfo, StreamSpec, StreamUri, Target, Written, decode,
};
use group::Groups;
use log::Log;
use reader::MemorySource;

/// `memory:STREAM`. All targets of one adapter value share their streams.
#[derive(Default)]
pub struct MemoryAdapter {
    store: Arc<Store>,
}

/// Options of the memory adapter.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MemoryOptions {
    /// Largest record a sink takes, in bytes of key, value and headers; no limit when not said.
    max_record_bytes: Option<usize>,
}

#[derive(Default)]
struct Store {
    streams: Mutex<BTreeMap<String, Arc<Stream>>>,
    commits: Mutex<BTreeMap<(String, String, Partition), i64>>,
    groups: Mutex<Groups>,
}

struct Stream {
    log: Mutex<Log>,
    /// Told when records or readers come or go.
    changed: watch::Sender<()>,
}

impl Adapter for MemoryAdapter {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn summary(&self) -> &'static str {
        "streams in this process's memory, gone at exit"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: true,
            write: true,
            admin: true,
            partitions: true,
            keys: true,
            headers: true,
            tombstones: true,
            timestamps: true,
            binary: true,
            order: Order::PerPartition,
            seek: true,
            seek_time: true,
            resume: true,
            fan_out: true,
            leases: false,
            end: EndOfStream::Exact,
            lag: true,
            max_record_bytes: None,
        }
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(MemoryOptions)
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        let options = uri
            .query
            .iter()
            .map(|(k, v)| (k.clone(), v.clone().into()))
            .collect();
        Ok(Location {
            options,
            stream: uri.path.clone(),
        })
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        let MemoryOptions { max_record_bytes } = decode(self.name(), options)?;
        Ok(Arc::new(Memory {
            store: self.store.clone(),
            largest: max_record_bytes.unwrap_or(usize::MAX),
        }))
    }
}

#[derive(Clone)]
struct Memory {
    store: Arc<Store>,
    largest: usize,
}

#[async_trait]
impl Target for Memory {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        let stream = self.store.stream(&spec.stream)?;
        Ok(Box::new(MemorySource::open(
            self.store.clone(),
            stream,
            spec,
        )?))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        Ok(Box::new(MemorySink {
            stream: self.store.stream(&spec.stream)?,
            largest: self.largest,
        }))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(self.clone()))
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }

    async fn probe(&self) -> Result<String> {
        Ok(format!(
            "{} streams in memory",
            lock(&self.store.streams).len()
        ))
    }
}

impl Store {
    fn stream(&self, name: &str) -> Result<Arc<Stream>> {
        let streams = lock(&self.streams);
        streams.get(name).cloned().ok_or_else(|| {
            let known = streams.keys().cloned().collect::<Vec<_>>().join("`, `");
            Error::new(
                ErrorKind::NotFound,
                format!("stream `{name}` does not exist in memory"),
            )
            .hint(format!("create it first; there is `{known}`"))
        })
    }

    fn committed(&self, stream: &str, group: &str, partition: &Partition) -> Option<i64> {
        let key = (stream.to_owned(), group.to_owned(), partition.clone());
        lock(&self.commits).get(&key).copied()
    }

    fn commit(&self, stream: &str, group: &str, partition: &Partition, next: i64) {
        let key = (stream.to_owned(), group.to_owned(), partition.clone());
        lock(&self.commits).insert(key, next);
    }
}

struct MemorySink {
    stream: Arc<Stream>,
    largest: usize,
}

#[async_trait]
impl Sink for MemorySink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let mut written = Written::default();
        let mut log = lock(&self.stream.log);
        for (index, record) in records.iter().enumerate() {
            if record.size() <= self.largest {
                log.append(record.clone());
            } else {
                let error = Error::new(
                    ErrorKind::TooLarge,
                    format!("a record of {} bytes is too large", record.size()),
                )
                .hint(format!("this target takes up to {} bytes", self.largest));
                written.rejected.push(Rejected { index, error });
            }
        }
        drop(log);
        self.stream.changed.send_replace(());
        Ok(written)
    }

    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Admin for Memory {
    async fn create(&self, spec: &StreamSpec) -> Result<()> {
        if let Some(name) = spec.config.keys().next() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("memory streams have no setting `{name}`"),
            ));
        }
        let mut streams = lock(&self.store.streams);
        if streams.contains_key(&spec.name) {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("stream `{}` exists", spec.name),
            ));
        }
        let log = Log::new(&spec.name, spec.partitions.unwrap_or(1).max(1));
        let stream = Stream {
            log: Mutex::new(log),
            changed: watch::Sender::new(()),
        };
        streams.insert(spec.name.clone(), Arc::new(stream));
        Ok(())
    }

    async fn list(&self) -> Result<Vec<String>> {
        Ok(lock(&self.store.streams).keys().cloned().collect())
    }

    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        let found = self.store.stream(stream)?;
        let log = lock(&found.log);
        let partitions = log.partitions().map(|(id, end)| PartitionInfo {
            id: id.clone(),
            start: Position::Offset(0),
            end: Position::Offset(end),
        });
        Ok(StreamInfo {
            name: stream.to_owned(),
            partitions: partitions.collect(),
            config: BTreeMap::new(),
        })
    }

    async fn delete(&self, stream: &str) -> Result<()> {
        self.store.stream(stream)?;
        lock(&self.store.streams).remove(stream);
        lock(&self.store.commits).retain(|(name, ..), _| name != stream);
        Ok(())
    }

    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        let found = self.store.stream(stream)?;
        let log = lock(&found.log);
        let lag = log
            .partitions()
            .map(|(id, end)| match self.store.committed(stream, group, id) {
                Some(next) => Lag {
                    partition: id.clone(),
                    committed: Position::Offset(next),
                    end: Position::Offset(end),
                    backlog: Backlog::Records(u64::try_from(end - next).unwrap_or(0)),
                },
                None => Lag {
                    partition: id.clone(),
                    committed: Position::None,
                    end: Position::Offset(end),
                    backlog: Backlog::Unknown(format!("group `{group}` has committed nothing")),
                },
            });
        Ok(lag.collect())
    }

    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()> {
        let found = self.store.stream(stream)?;
        let log = lock(&found.log);
        for (id, _) in log.partitions() {
            if to.from != Bound::Stored {
                let next = log.start(id, &to.from)?;
                self.store.commit(stream, group, id, next);
            }
        }
        Ok(())
    }
}

/// A poisoned lock means a panic elsewhere; the data under it is still whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
