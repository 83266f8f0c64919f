//! Pipelines whose results and positions are committed in one transaction.

use std::sync::Arc;

use ssectl_adapter::{Error, ErrorKind, Result, Sink, SinkSpec, Source, Target};

use super::{Opener, framing};
use crate::engine::{self, State, Together};
use crate::runner::RunError;
use crate::scenario::{Address, Format, OnError, Read, Step};

/// The open ends of a pipeline.
pub(super) struct OpenEnds {
    pub(super) source: Box<dyn Source>,
    pub(super) on_error: engine::OnError,
    pub(super) sink: Box<dyn Sink>,
    /// What opened them, if they commit together.
    pub(super) together: Option<Together>,
}

/// A stream at a target, and how the scenario calls it.
struct At {
    name: String,
    target: Arc<dyn Target>,
    stream: String,
}

impl Opener<'_> {
    /// Opens source, sink and dead letters so that they commit together.
    pub(super) async fn together(
        &self,
        read: &Read,
        written_here: bool,
    ) -> std::result::Result<(OpenEnds, State), RunError> {
        self.refuse_sides()?;
        self.refuse_forgetting()?;
        let from = self.at(&read.from, read.format)?;
        let sink = &self.pipeline.sink;
        let mut to = vec![self.at(&sink.to, sink.format)?];
        if let OnError::DeadLetter { to: letters, .. } = &self.pipeline.on_error {
            to.push(self.at(letters, Format::Raw)?);
        }
        for other in &to {
            same_cluster(&from, other).map_err(RunError::stream(&other.name))?;
        }
        let unbounded = written_here || self.runner.follow;
        let mut spec = Self::spec(read, self.range(read, written_here, unbounded));
        spec.stream.clone_from(&from.stream);
        let sinks = to.into_iter().map(|At { stream, .. }| SinkSpec {
            stream,
            ..SinkSpec::default()
        });
        let together = Together {
            target: from.target.clone(),
            source: spec,
            sinks: sinks.collect(),
            skips: matches!(self.pipeline.on_error, OnError::Skip),
        };
        let ready = together.ready().await;
        let mut ready = ready.map_err(RunError::stream(&from.name))?;
        let state = self.state_within_transactions(ready.notes())?;
        let opened = ready.open(&state.positions(&from.name)).await;
        let ends = opened.and_then(|(source, sinks)| together.ends(source, sinks));
        let ends = ends.map_err(RunError::stream(&from.name))?;
        let ends = OpenEnds {
            source: ends.source,
            sink: ends.sink,
            on_error: ends.on_error,
            together: self.can_go_back(&state).then_some(together),
        };
        Ok((ends, state))
    }

    /// Whether the pipeline can be run again from where it committed last: not with what it remembers or has read as a
    /// table, nor where its ends are slowed down.
    fn can_go_back(&self, state: &State) -> bool {
        let holds =
            |step: &Step| step.remembers() || matches!(step, Step::Enrich(_) | Step::Rate(_));
        !state.is_durable() && !self.pipeline.steps.iter().any(holds)
    }

    /// Side streams are no part of the transaction.
    fn refuse_sides(&self) -> std::result::Result<(), RunError> {
        if self.pipeline.sides().next().is_none() {
            return Ok(());
        }
        Err(self.fault(
            "`delivery: exactly-once` is for steps that do not write to other streams: leave it out here",
        ))
    }

    fn at(&self, address: &Address, format: Format) -> std::result::Result<At, RunError> {
        let name = address.to_string();
        let (target, stream) = match address {
            Address::Declared(stream) => (self.home.target.clone(), stream.clone()),
            Address::Uri(uri) => {
                let place = self.runner.place(uri, &framing(uri, format));
                let place = place.map_err(RunError::stream(&name))?;
                (place.target, place.stream)
            }
        };
        Ok(At {
            name,
            target,
            stream,
        })
    }
}

fn same_cluster(from: &At, to: &At) -> Result<()> {
    let (here, there) = (from.target.describe(), to.target.describe());
    if here == there {
        return Ok(());
    }
    let message = format!(
        "exactly-once does not go from `{}` at {here} to {there}: a transaction is of one cluster",
        from.name
    );
    Err(Error::new(ErrorKind::Unsupported, message)
        .hint("leave `delivery` out, and let an `id` of the stream tell what came again"))
}
