//! The log of a gateway in a stream: appended to in groups, read from its start by every replica.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use ssectl_adapter::{
    Bound, Commit, Error, ErrorKind, Fetched, Limit, Range, Record, Result, Sink, Source,
    SourceSpec,
};
use ssectl_gateway::Health;
use ssectl_gateway::resource::{Log, LogError, Resources};
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Control, Patience};
use crate::places::Place;

/// Commands that wait to be appended, at most; more wait before them.
const WAITING: usize = 4096;

/// A command, and who waits until it is safe.
type Append = (Bytes, oneshot::Sender<std::result::Result<(), LogError>>);

/// Appends to the stream. Commands that come while others are written are written together.
pub struct StreamLog {
    appends: mpsc::Sender<Append>,
}

/// Reads the stream, from its start on.
pub struct LogReader {
    place: Place,
    source: Box<dyn Source>,
    patience: Patience,
}

/// Opens both ends of a log.
///
/// # Errors
/// The stream is not there, nobody answers, or it cannot be a log: it has several partitions, or is a queue.
pub async fn open(place: Place, control: &Control) -> Result<(StreamLog, LogReader)> {
    let patience = Patience::new("log", control);
    let source = bounded(&place).await?;
    let (appends, waiting) = mpsc::channel(WAITING);
    tokio::spawn(write(place.clone(), waiting));
    let reader = LogReader {
        place,
        source,
        patience,
    };
    Ok((StreamLog { appends }, reader))
}

/// The read of what is there now, of a stream that has one order for all.
async fn bounded(place: &Place) -> Result<Box<dyn Source>> {
    let spec = SourceSpec {
        range: Range::all(),
        ..SourceSpec::default()
    };
    let address = &place.address;
    let refused = || {
        let error = Error::new(
            ErrorKind::Config,
            format!(
                "`{address}` cannot be the log of a gateway: all replicas must read all changes in one order"
            ),
        );
        error.hint("use a stream with one partition on Kafka, Kinesis or Event Hubs")
    };
    if place.is_framed() || !place.adapter.capabilities().fan_out {
        return Err(refused());
    }
    let source = place.source(spec).await?;
    let described = place.admin()?.describe(&place.stream).await?;
    if described.partitions.len() != 1 {
        return Err(refused());
    }
    Ok(source)
}

#[async_trait]
impl Log for StreamLog {
    async fn append(&self, command: Bytes) -> std::result::Result<(), LogError> {
        let gone = || LogError("the gateway is stopping".to_owned());
        let (tell, told) = oneshot::channel();
        self.appends
            .send((command, tell))
            .await
            .map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

/// Writes what comes until nobody appends any more.
async fn write(place: Place, mut waiting: mpsc::Receiver<Append>) {
    let mut sink: Option<Box<dyn Sink>> = None;
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, WAITING).await > 0 {
        let (records, told): (Vec<Record>, Vec<_>) = group
            .drain(..)
            .map(|(command, tell)| (Record::from_value(command), tell))
            .unzip();
        let result = write_group(&place, &mut sink, &records).await;
        if result.is_err() {
            sink = None;
        }
        for tell in told {
            let result = result.as_ref().map_err(|error| LogError(error.to_string()));
            // A request that has gone away needs no answer.
            let _ = tell.send(result.copied());
        }
    }
    if let Some(sink) = sink {
        // All that was appended is flushed.
        let _ = sink.close().await;
    }
}

async fn write_group(
    place: &Place,
    sink: &mut Option<Box<dyn Sink>>,
    records: &[Record],
) -> Result<()> {
    let sink = match sink {
        Some(sink) => sink,
        None => sink.insert(place.sink().await?),
    };
    let written = sink.write(records).await?;
    if let Some(rejected) = written.rejected.into_iter().next() {
        return Err(rejected.error);
    }
    sink.flush().await
}

impl LogReader {
    /// Has all commands obeyed, for ever. Readiness is told once what was there at the start has been read.
    ///
    /// # Errors
    /// The stream fails for good.
    pub async fn read(mut self, resources: Arc<Resources>, health: Health) -> Result<()> {
        let mut at = BTreeMap::new();
        while let Some((records, commit)) = self.fetch().await? {
            obey(&resources, &records);
            if let Commit::UpTo(positions) = commit {
                at.extend(positions);
            }
        }
        let spec = SourceSpec {
            range: Range {
                from: Bound::Start,
                to: None,
            },
            at,
            ..SourceSpec::default()
        };
        let place = &self.place;
        let open = || place.source(spec.clone());
        self.source = self.patience.with("open the log", open).await?;
        health.set_ready(true);
        while let Some((records, _)) = self.fetch().await? {
            obey(&resources, &records);
        }
        Err(Error::new(
            ErrorKind::NotFound,
            "the log has come to an end",
        ))
    }

    /// The next records; `None` at the end of a bounded read.
    async fn fetch(&mut self) -> Result<Option<(Vec<Record>, Commit)>> {
        let mut tries = self.patience.tries();
        loop {
            match self.source.fetch(Limit::default()).await {
                Ok(Fetched::Batch(batch)) => return Ok(Some((batch.records, batch.commit))),
                Ok(Fetched::Idle) => {}
                Ok(Fetched::End) => return Ok(None),
                Err(error) => tries.failed("read the log", error).await?,
            }
        }
    }
}

/// What is no command changes nothing.
fn obey(resources: &Resources, records: &[Record]) {
    for record in records {
        let value = record.value.as_deref().unwrap_or_default();
        if !resources.obey(value) {
            log::warn!(
                "a record of the log at {} is no change",
                record.origin.position
            );
        }
    }
}
