//! What a case works with: an open target, fresh streams, and short ways to write and read.

use std::sync::{Arc, Mutex, PoisonError};

use ssectl_adapter::{Admin, Capabilities, Order, Range, Record, Sink, Source, SourceSpec, Target};

use crate::support::{reader_of, sink_of};
use crate::{Harness, read};

/// One case's hold on the adapter under test.
pub struct Rig {
    harness: Box<dyn Harness>,
    /// The target most of the case works with.
    pub target: Arc<dyn Target>,
    /// What the adapter claims.
    pub has: Capabilities,
    made: Mutex<Vec<String>>,
}

impl Rig {
    pub(crate) async fn new(harness: Box<dyn Harness>) -> Self {
        Self {
            target: harness.target().await,
            has: harness.capabilities(),
            harness,
            made: Mutex::default(),
        }
    }

    /// A fresh stream; with one partition where the adapter knows no more.
    pub async fn stream(&self, partitions: u32) -> String {
        let partitions = if self.has.partitions { partitions } else { 1 };
        let name = self.harness.create(partitions).await;
        self.made().push(name.clone());
        name
    }

    /// The target as another process would open it.
    pub async fn reopen(&self) -> Arc<dyn Target> {
        self.harness.target().await
    }

    /// The administrative side.
    pub fn admin(&self) -> Box<dyn Admin> {
        self.target.admin().expect("the adapter claims an admin")
    }

    /// An open sink.
    pub async fn sink(&self, stream: &str) -> Box<dyn Sink> {
        let sink = self.target.sink(&sink_of(stream)).await;
        sink.expect("the sink opens")
    }

    /// Writes records and waits until they are readable.
    pub async fn write(&self, stream: &str, records: &[Record]) {
        let mut sink = self.sink(stream).await;
        for chunk in records.chunks(8192) {
            let written = sink.write(chunk).await.expect("the write is taken");
            assert!(
                written.rejected.is_empty(),
                "rejected: {:?}",
                written.rejected
            );
        }
        sink.flush().await.expect("the flush succeeds");
        sink.close().await.expect("the sink closes");
    }

    /// An open source.
    pub async fn source(&self, spec: SourceSpec) -> Box<dyn Source> {
        self.target.source(&spec).await.expect("the source opens")
    }

    /// A source of a part of the stream, read by no group.
    pub async fn ranged(&self, stream: &str, range: Range) -> Box<dyn Source> {
        self.source(reader_of(stream, range)).await
    }

    /// Everything the stream holds.
    pub async fn read_all(&self, stream: &str) -> Vec<Record> {
        self.read_range(stream, Range::all()).await
    }

    /// Everything the stream holds, as another process sees it.
    pub async fn read_all_anew(&self, stream: &str) -> Vec<Record> {
        let spec = reader_of(stream, Range::all());
        let source = self.reopen().await.source(&spec).await;
        let mut source = source.expect("the source opens");
        let records = read::until_end(source.as_mut()).await;
        source.close().await.expect("the source closes");
        records
    }

    /// Everything of a part of the stream that ends.
    pub async fn read_range(&self, stream: &str, range: Range) -> Vec<Record> {
        let mut source = self.ranged(stream, range).await;
        let records = read::until_end(source.as_mut()).await;
        source.close().await.expect("the source closes");
        records
    }

    /// Asserts that this was read, in this order; in any order where the adapter promises none.
    pub fn assert_read<T: Ord + std::fmt::Debug>(&self, mut read: Vec<T>, mut expected: Vec<T>) {
        if self.has.order == Order::None {
            read.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(read, expected);
    }

    /// Deletes the streams the case made.
    pub(crate) async fn tidy(&self) {
        let made = std::mem::take(&mut *self.made());
        for stream in made {
            self.harness.delete(&stream).await;
        }
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
