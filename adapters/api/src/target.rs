//! From options to an open stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    Admin, Capabilities, Error, ErrorKind, Options, Partition, Position, Result, Sink, SinkSpec,
    Source, SourceSpec, StreamUri,
};

/// A kind of place streams live in. One value per process, handed out by the registry.
pub trait Adapter: Send + Sync {
    /// The name in a target's `adapter:` and the scheme of its URIs.
    fn name(&self) -> &'static str;

    /// One line for lists.
    fn summary(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// What it can do with these options, where they change what it says of itself.
    fn capabilities_with(&self, options: &Options) -> Capabilities {
        let _ = options;
        self.capabilities()
    }

    /// JSON Schema of the options, generated from their type.
    fn options_schema(&self) -> schemars::Schema;

    /// Splits a URI into options and stream; the query becomes options.
    fn locate(&self, uri: &StreamUri) -> Result<Location>;

    /// Checks the options and makes a target of them. Touches no network.
    fn target(&self, options: &Options) -> Result<Arc<dyn Target>>;
}

/// What a URI stands for.
#[derive(Debug, Clone)]
pub struct Location {
    /// Options of the target.
    pub options: Options,
    /// The stream in it.
    pub stream: String,
}

/// A configured place: a cluster, a directory, a process's memory.
#[async_trait]
pub trait Target: Send + Sync {
    /// Opens a read. `NotFound` when the stream is not there, `Unavailable` when nobody answers.
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>>;

    /// Opens a write. Does not create the stream.
    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>>;

    /// Makes ready for a read and writes whose commits are one: what the sinks wrote since the last
    /// commit of the source is seen by others exactly when its positions are stored, or never.
    ///
    /// The read has a group. Whoever does the same again fences the one before: that one can
    /// commit nothing more, and what it had begun is settled when this returns. `Unsupported` where
    /// there are no such transactions.
    async fn transactional(
        &self,
        source: &SourceSpec,
        sinks: &[SinkSpec],
    ) -> Result<Box<dyn Transactional>> {
        let _ = (source, sinks);
        let message = format!(
            "`{}` cannot store results and positions in one transaction",
            self.describe()
        );
        Err(Error::new(ErrorKind::Unsupported, message)
            .hint("exactly-once is for Kafka, from a topic to others of the same cluster; elsewhere an id in the records tells what came again"))
    }

    /// The administrative side; `Unsupported` where there is none.
    fn admin(&self) -> Result<Box<dyn Admin>>;

    /// Where it is, without secrets, for messages.
    fn describe(&self) -> String;

    /// Whether the target answers and lets us in; says what answered.
    async fn probe(&self) -> Result<String>;
}

/// A read and writes whose commits are one, before the first record is read.
#[async_trait]
pub trait Transactional: Send {
    /// The note of the last commit of each partition, for those that have one; see
    /// [`Commit::Noted`](crate::Commit::Noted).
    fn notes(&self) -> &BTreeMap<Partition, String>;

    /// Opens them. Partitions begin `at` these positions, others where the read was asked to.
    /// To be called once; again only after an error.
    async fn open(&mut self, at: &BTreeMap<Partition, Position>) -> Result<Joint>;
}

/// A source and sinks with common commits; the sinks in the order in which they were asked for.
pub type Joint = (Box<dyn Source>, Vec<Box<dyn Sink>>);
