//! Targets that know nothing of a virtual time: each call to them holds it, and runs where time is that of the wall.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ssectl_adapter::{
    Admin, Error, ErrorKind, Joint, Lag, Partition, Position, Range, Record, Result, Sink,
    SinkSpec, Source, SourceSpec, StreamInfo, StreamSpec, Target, Transactional, Written,
};
use tokio::sync::{Mutex as Turns, Notify};

use super::Timeline;
use super::source::OutsideSource;

/// What was written to streams outside, so that who reads them knows whether there is more to come.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    written: Mutex<BTreeMap<String, u64>>,
    /// Told after each write.
    pub(super) stirred: Notify,
}

impl Traffic {
    /// How many records this run has written to a stream.
    pub(super) fn written(&self, stream: &str) -> u64 {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.get(stream).copied().unwrap_or_default()
    }

    fn wrote(&self, stream: &str, records: usize) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        *written.entry(stream.to_owned()).or_default() += records as u64;
        self.stirred.notify_waiters();
    }
}

impl Timeline {
    /// Does something outside, while time stands still.
    pub(super) async fn abroad<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let _hold = self.hold();
        self.outside.spawn(work).await.map_err(broken)?
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}

/// A task outside that came to no end.
pub(super) fn broken(error: tokio::task::JoinError) -> Error {
    Error::new(
        ErrorKind::Other,
        format!("a call did not come to its end: {error}"),
    )
}

/// A target outside.
#[derive(Clone)]
pub(super) struct Outside {
    pub(super) target: Arc<dyn Target>,
    pub(super) timeline: Timeline,
    /// See [`Timeline::outside`].
    pub(super) waits: bool,
}

#[async_trait]
impl Target for Outside {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        let (target, spec) = (self.target.clone(), spec.clone());
        let stream = spec.stream.clone();
        let source = self
            .timeline
            .abroad(async move { target.source(&spec).await });
        let source = source.await?;
        Ok(Box::new(OutsideSource::new(source, stream, self)))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        let (target, spec) = (self.target.clone(), spec.clone());
        let stream = spec.stream.clone();
        let sink = self
            .timeline
            .abroad(async move { target.sink(&spec).await });
        Ok(Box::new(OutsideSink::new(
            sink.await?,
            stream,
            &self.timeline,
        )))
    }

    async fn transactional(
        &self,
        source: &SourceSpec,
        sinks: &[SinkSpec],
    ) -> Result<Box<dyn Transactional>> {
        let target = self.target.clone();
        let stream = source.stream.clone();
        let names = sinks.iter().map(|spec| spec.stream.clone()).collect();
        let (source, sinks) = (source.clone(), sinks.to_vec());
        let ready = async move { target.transactional(&source, &sinks).await };
        let ready = self.timeline.abroad(ready).await?;
        Ok(Box::new(OutsideTransactional {
            notes: ready.notes().clone(),
            ready: Some(ready),
            stream,
            names,
            outside: self.clone(),
        }))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(OutsideAdmin {
            admin: self.target.admin()?.into(),
            timeline: self.timeline.clone(),
        }))
    }

    fn describe(&self) -> String {
        self.target.describe()
    }

    async fn probe(&self) -> Result<String> {
        let target = self.target.clone();
        self.timeline
            .abroad(async move { target.probe().await })
            .await
    }
}

/// A read and writes outside whose commits are one.
struct OutsideTransactional {
    /// Not there while it is being opened, and when that was given up.
    ready: Option<Box<dyn Transactional>>,
    notes: BTreeMap<Partition, String>,
    stream: String,
    /// The streams of the sinks.
    names: Vec<String>,
    outside: Outside,
}

#[async_trait]
impl Transactional for OutsideTransactional {
    fn notes(&self) -> &BTreeMap<Partition, String> {
        &self.notes
    }

    async fn open(&mut self, at: &BTreeMap<Partition, Position>) -> Result<Joint> {
        let gone = || Error::new(ErrorKind::Other, "the opening before was given up");
        let mut ready = self.ready.take().ok_or_else(gone)?;
        let at = at.clone();
        let timeline = &self.outside.timeline;
        let opening = async move {
            let opened = ready.open(&at).await;
            Ok((ready, opened))
        };
        let (ready, opened) = timeline.abroad(opening).await?;
        self.ready = Some(ready);
        let (source, sinks) = opened?;
        let sinks = sinks.into_iter().zip(&self.names).map(|(sink, stream)| {
            Box::new(OutsideSink::new(sink, stream.clone(), timeline)) as Box<dyn Sink>
        });
        let source = OutsideSource::new(source, self.stream.clone(), &self.outside);
        Ok((Box::new(source), sinks.collect()))
    }
}

/// A sink outside. A write whose future is dropped goes on, and the next one waits for it.
struct OutsideSink {
    sink: Arc<Turns<Option<Box<dyn Sink>>>>,
    stream: String,
    timeline: Timeline,
    awaits_commit: bool,
}

impl OutsideSink {
    fn new(sink: Box<dyn Sink>, stream: String, timeline: &Timeline) -> Self {
        Self {
            awaits_commit: sink.awaits_commit(),
            sink: Arc::new(Turns::new(Some(sink))),
            stream,
            timeline: timeline.clone(),
        }
    }
}

/// A sink or source after its end.
pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Other, "it is closed")
}

#[async_trait]
impl Sink for OutsideSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let (sink, records) = (self.sink.clone(), records.to_vec());
        let count = records.len();
        let write = async move {
            let mut sink = sink.lock().await;
            sink.as_mut().ok_or_else(closed)?.write(&records).await
        };
        let written = self.timeline.abroad(write).await?;
        let count = count.saturating_sub(written.rejected.len());
        self.timeline.traffic().wrote(&self.stream, count);
        Ok(written)
    }

    async fn flush(&mut self) -> Result<()> {
        let sink = self.sink.clone();
        let flush = async move {
            let mut sink = sink.lock().await;
            sink.as_mut().ok_or_else(closed)?.flush().await
        };
        self.timeline.abroad(flush).await?;
        self.timeline.traffic().wrote(&self.stream, 0);
        Ok(())
    }

    fn awaits_commit(&self) -> bool {
        self.awaits_commit
    }

    async fn close(self: Box<Self>) -> Result<()> {
        let sink = self.sink.clone();
        let close = async move {
            let sink = sink.lock().await.take();
            sink.ok_or_else(closed)?.close().await
        };
        self.timeline.abroad(close).await
    }
}

/// The administrative side of a target outside.
struct OutsideAdmin {
    admin: Arc<dyn Admin>,
    timeline: Timeline,
}

impl OutsideAdmin {
    /// The admin to take along, and where to.
    fn with(&self) -> (Arc<dyn Admin>, &Timeline) {
        (self.admin.clone(), &self.timeline)
    }
}

#[async_trait]
impl Admin for OutsideAdmin {
    async fn create(&self, stream: &StreamSpec) -> Result<()> {
        let ((admin, timeline), stream) = (self.with(), stream.clone());
        timeline
            .abroad(async move { admin.create(&stream).await })
            .await
    }

    async fn list(&self) -> Result<Vec<String>> {
        let (admin, timeline) = self.with();
        timeline.abroad(async move { admin.list().await }).await
    }

    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        let ((admin, timeline), stream) = (self.with(), stream.to_owned());
        timeline
            .abroad(async move { admin.describe(&stream).await })
            .await
    }

    async fn delete(&self, stream: &str) -> Result<()> {
        let ((admin, timeline), stream) = (self.with(), stream.to_owned());
        timeline
            .abroad(async move { admin.delete(&stream).await })
            .await
    }

    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        let ((admin, timeline), stream, group) = (self.with(), stream.to_owned(), group.to_owned());
        timeline
            .abroad(async move { admin.lag(&stream, &group).await })
            .await
    }

    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()> {
        let ((admin, timeline), stream, group) = (self.with(), stream.to_owned(), group.to_owned());
        let to = to.clone();
        timeline
            .abroad(async move { admin.seek(&stream, &group, &to).await })
            .await
    }
}
