//! Targets that give each record to one reader (queues): where several readers of a scenario want
//! all of a stream, each of them gets a copy of its own, and writers write them all.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ssectl_adapter::{Capabilities, Rejected, Result, Sink, Written};

use crate::scenario::Scenario;

/// The copies of a scenario's streams; none on a target that fans out.
#[derive(Debug, Default)]
pub struct Copies {
    /// The names of a stream's copies, beside itself.
    extra: BTreeMap<String, Vec<String>>,
    /// The copy that a pipeline, or the expectation, reads of a stream.
    read: BTreeMap<(String, Option<String>), String>,
}

impl Copies {
    /// What a target of these capabilities makes necessary.
    pub fn plan(scenario: &Scenario, capabilities: &Capabilities) -> Self {
        let mut copies = Self::default();
        if capabilities.fan_out {
            return copies;
        }
        for stream in &scenario.streams {
            // The first reader has the stream itself.
            for reader in scenario.readers(&stream.name).into_iter().skip(1) {
                let suffix = reader.pipelines.first().unwrap_or(&"expected");
                let copy = format!("{}-{suffix}", stream.name);
                let mut reads = |who: Option<&str>| {
                    let key = (stream.name.clone(), who.map(str::to_owned));
                    copies.read.insert(key, copy.clone());
                };
                if reader.pipelines.is_empty() {
                    reads(None);
                }
                reader.pipelines.iter().for_each(|name| reads(Some(name)));
                copies
                    .extra
                    .entry(stream.name.clone())
                    .or_default()
                    .push(copy);
            }
        }
        copies
    }

    /// What a pipeline reads in place of a stream; the expectation where there is none.
    pub(super) fn read_by<'a>(&'a self, stream: &'a str, pipeline: Option<&str>) -> &'a str {
        let key = (stream.to_owned(), pipeline.map(str::to_owned));
        self.read.get(&key).map_or(stream, String::as_str)
    }

    /// The copies of a stream, beside itself.
    pub(super) fn of(&self, stream: &str) -> &[String] {
        self.extra.get(stream).map_or(&[], Vec::as_slice)
    }

    /// One line per stream that has copies.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.extra.iter().map(|(stream, copies)| {
            let copies = copies.join("`, `");
            format!("`{stream}` has several readers, and the target gives a record to one: it is copied to `{copies}`")
        })
    }
}

/// Writes the same to several streams.
pub(super) struct Copying(pub(super) Vec<Box<dyn Sink>>);

#[async_trait]
impl Sink for Copying {
    /// A record that one stream refuses for now is written to all of them again.
    async fn write(&mut self, records: &[ssectl_adapter::Record]) -> Result<Written> {
        let mut refused: BTreeMap<usize, Rejected> = BTreeMap::new();
        for sink in &mut self.0 {
            for rejected in sink.write(records).await?.rejected {
                let before = refused.get(&rejected.index);
                // What is refused for good stays so.
                if before.is_none_or(|before| before.error.is_temporary()) {
                    refused.insert(rejected.index, rejected);
                }
            }
        }
        let rejected = refused.into_values().collect();
        Ok(Written { rejected })
    }

    async fn flush(&mut self) -> Result<()> {
        for sink in &mut self.0 {
            sink.flush().await?;
        }
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        let mut closed = Ok(());
        for sink in self.0 {
            closed = closed.and(sink.close().await);
        }
        closed
    }
}
