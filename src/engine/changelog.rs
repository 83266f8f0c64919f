//! A stream of the changes of a state, so that another machine can take over.
//!
//! Each record is a value of a table: the key is the pipeline and the place, the value what stands there, nothing where
//! it is gone. Headers say the run that wrote it and the number of its checkpoint. A marker ends each checkpoint, one
//! key per run, and is written when all before it is at the broker. So the stream may be compacted, and a record counts
//! if its run has a marker with its number or a later one. What a run left without a marker is written over by the next
//! one with what was true before; until then it must not be compacted away.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use bytes::Bytes;
use ssectl_adapter::{Error, ErrorKind, Fetched, Limit, Record, Sink, Source};
use ssectl_state::{Rebuild, Sealed, StateError, Store};

use super::error::{ChangelogError, PipelineError};
use super::retry::Patience;
use super::trial::{self, Point};
use super::writer::write_records;

/// Who wrote a record.
const RUN: &str = "ssectl-run";
/// The number of the checkpoint it belongs to.
const CHECKPOINT: &str = "ssectl-checkpoint";
/// What the key of a marker has in the place of a place: no table has this number.
const MARKER: [u8; 4] = [u8::MAX; 4];
/// So many records are written at once.
const CHUNK: usize = 1000;

/// Writes the changes of one pipeline's state.
pub struct Changelog {
    sink: Box<dyn Sink>,
    patience: Patience,
    pipeline: String,
    run: Bytes,
}

impl Changelog {
    /// Writes as a run that is new.
    pub fn new(sink: Box<dyn Sink>, patience: Patience, pipeline: &str) -> Self {
        let draw = RandomState::new().build_hasher().finish();
        Self {
            sink,
            patience,
            pipeline: pipeline.to_owned(),
            run: format!("{draw:016x}").into(),
        }
    }

    /// Writes the changes of a checkpoint and its marker; both are at the broker when this returns.
    pub(super) async fn write(&mut self, sealed: &Sealed) -> Result<(), PipelineError> {
        let number = sealed.number();
        let mut records = Vec::with_capacity(CHUNK);
        for (place, value) in sealed.changes() {
            records.push(self.record(place, value, number));
            if records.len() == CHUNK {
                self.put(&mut records).await?;
            }
        }
        self.put(&mut records).await?;
        self.flush().await?;
        trial::pass(Point::Changed);
        self.mark(number, sealed.marker()?).await?;
        trial::pass(Point::Logged);
        Ok(())
    }

    /// Writes what makes the stream say the same as a store that was just opened.
    ///
    /// # Errors
    /// The stream cannot be written, or the store not be read.
    pub async fn catch_up(&mut self, store: &Store, found: &Found) -> Result<(), PipelineError> {
        let Some(marker) = store.marker()? else {
            return self.take_back(store, found, 0).await;
        };
        let number = store.restored().map_or(0, |found| found.number);
        if found.number() == number && found.loose.is_empty() {
            return Ok(());
        }
        if found.number() == number {
            self.take_back(store, found, number).await?;
        } else {
            let mut records = Vec::with_capacity(CHUNK);
            for value in store.values() {
                let (place, value) = value?;
                records.push(self.record(&place, Some(&value), number));
                if records.len() == CHUNK {
                    self.put(&mut records).await?;
                }
            }
            self.put(&mut records).await?;
        }
        self.mark(number, marker).await
    }

    /// Writes over what has no marker.
    async fn take_back(
        &mut self,
        store: &Store,
        found: &Found,
        number: u64,
    ) -> Result<(), PipelineError> {
        let mut records = Vec::new();
        for place in &found.loose {
            let value = store.value(place)?;
            records.push(self.record(place, value.as_deref(), number));
        }
        self.put(&mut records).await
    }

    fn record(&self, place: &[u8], value: Option<&[u8]>, number: u64) -> Record {
        Record {
            key: Some(key(&self.pipeline, place).into()),
            value: value.map(Bytes::copy_from_slice),
            headers: vec![
                (RUN.to_owned(), Some(self.run.clone())),
                (CHECKPOINT.to_owned(), Some(number.to_string().into())),
            ],
            ..Record::default()
        }
    }

    async fn mark(&mut self, number: u64, marker: Vec<u8>) -> Result<(), PipelineError> {
        self.flush().await?;
        let place = [&MARKER[..], &self.run].concat();
        let mut records = vec![self.record(&place, Some(&marker), number)];
        self.put(&mut records).await?;
        self.flush().await
    }

    async fn put(&mut self, records: &mut Vec<Record>) -> Result<(), PipelineError> {
        if records.is_empty() {
            return Ok(());
        }
        let refused = write_records(&mut *self.sink, records, &self.patience).await?;
        records.clear();
        match refused.into_iter().next() {
            Some(refused) => Err(PipelineError::Changelog(refused.error)),
            None => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), PipelineError> {
        let mut tries = self.patience.tries();
        while let Err(error) = self.sink.flush().await {
            let again = tries.failed("writing the changelog", error).await;
            again.map_err(PipelineError::Changelog)?;
        }
        Ok(())
    }

    /// Closes the stream.
    pub(super) async fn close(self) -> Result<(), PipelineError> {
        self.sink.close().await.map_err(PipelineError::Changelog)
    }
}

/// What a stream says of the state of a pipeline.
#[derive(Debug, Default)]
pub struct Found {
    /// By run, the number of its last marker.
    marked: BTreeMap<Bytes, u64>,
    /// The last marker of all, with its number.
    last: Option<(u64, Bytes)>,
    /// Places whose last record belongs to no checkpoint that is complete.
    loose: BTreeSet<Vec<u8>>,
}

impl Found {
    /// Reads the markers.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub async fn markers(source: Box<dyn Source>, pipeline: &str) -> Result<Self, ChangelogError> {
        let mut found = Self::default();
        each(source, pipeline, |entry| {
            if entry.place.starts_with(&MARKER)
                && let Some(marker) = entry.value
            {
                let last = found.last.as_ref().map_or(0, |(number, _)| *number);
                if entry.number >= last {
                    found.last = Some((entry.number, marker));
                }
                found.marked.insert(entry.run, entry.number);
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// The number of the last checkpoint that is complete.
    pub fn number(&self) -> u64 {
        self.last.as_ref().map_or(0, |(number, _)| *number)
    }

    /// Reads the values: into a state that is made again, if there is one. The source gives the same stream again.
    ///
    /// # Errors
    /// The stream cannot be read, or the state not be written.
    pub async fn values(
        &mut self,
        source: Box<dyn Source>,
        pipeline: &str,
        mut rebuild: Option<Rebuild>,
    ) -> Result<(), ChangelogError> {
        let (marked, loose) = (&self.marked, &mut self.loose);
        each(source, pipeline, |entry| {
            if entry.place.starts_with(&MARKER) {
                return Ok(());
            }
            let complete = marked.get(&entry.run);
            if complete.is_none_or(|number| *number < entry.number) {
                loose.insert(entry.place);
                return Ok(());
            }
            loose.remove(&entry.place);
            match &mut rebuild {
                Some(rebuild) => rebuild.put(&entry.place, entry.value.as_deref()),
                None => Ok(()),
            }
        })
        .await?;
        if let (Some(rebuild), Some((_, marker))) = (rebuild, &self.last) {
            rebuild.finish(marker)?;
        }
        Ok(())
    }
}

/// A record of the stream.
struct Entry {
    place: Vec<u8>,
    value: Option<Bytes>,
    run: Bytes,
    number: u64,
}

/// Calls for every record of a pipeline, from the first one to the end that the stream has now.
async fn each(
    mut source: Box<dyn Source>,
    pipeline: &str,
    mut call: impl FnMut(Entry) -> Result<(), StateError>,
) -> Result<(), ChangelogError> {
    let before = key(pipeline, &[]);
    loop {
        match source.fetch(Limit::default()).await? {
            Fetched::Batch(batch) => {
                if let Some(fault) = batch.faults.into_iter().next() {
                    return Err(fault.error.into());
                }
                for record in batch.records {
                    if let Some(entry) = entry(record, &before)? {
                        call(entry)?;
                    }
                }
            }
            Fetched::Idle => {}
            Fetched::End => return Ok(source.close().await?),
        }
    }
}

/// What a record says, if it is of the pipeline whose keys begin so.
fn entry(record: Record, before: &[u8]) -> Result<Option<Entry>, ChangelogError> {
    let foreign = || {
        let message = format!(
            "`{}` is no changelog: it holds other records",
            record.origin.stream
        );
        Error::new(ErrorKind::Data, message).hint("give `--changelog` a stream of its own")
    };
    let header = |name: &str| {
        let mut headers = record.headers.iter();
        let found = headers.find(|(header, _)| header == name);
        found.and_then(|(_, value)| value.clone())
    };
    let number =
        header(CHECKPOINT).and_then(|number| std::str::from_utf8(&number).ok()?.parse().ok());
    let (Some(run), Some(number), Some(key)) = (header(RUN), number, &record.key) else {
        return Err(foreign().into());
    };
    Ok(key.strip_prefix(before).map(|place| Entry {
        place: place.to_vec(),
        value: record.value.clone(),
        run,
        number,
    }))
}

/// Pipelines may share a stream.
fn key(pipeline: &str, place: &[u8]) -> Vec<u8> {
    [pipeline.as_bytes(), &[0], place].concat()
}
