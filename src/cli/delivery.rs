//! `--delivery`: how the ends of a pipeline are opened.

use std::collections::BTreeMap;

use clap::Args;
use ssectl_adapter::{Sink, SinkSpec, Source};

use super::args::{OutputArgs, PolicyArgs, RangeArgs};
use super::error::{CliError, CliResult};
use super::session::Session;
use crate::engine::{Delivery, OnError, Take};
use crate::format::Format;
use crate::places::Place;

/// How often a record may count in the results.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "Delivery")]
pub(super) struct DeliveryArgs {
    /// at-least-once, or exactly-once: results and positions are committed in one transaction
    ///
    /// exactly-once goes from a Kafka topic to others of the same cluster, and needs a --group.
    #[arg(long, value_name = "GUARANTEE", default_value_t)]
    pub(super) delivery: Delivery,
}

/// The open ends of a pipeline.
pub(super) struct Ends {
    pub(super) source: Box<dyn Source>,
    pub(super) on_error: OnError,
    pub(super) sink: Box<dyn Sink>,
}

/// What a verb says about its ends.
pub(super) struct Wanted<'a> {
    /// Where the records come from.
    pub(super) from: &'a Place,
    /// Which of them.
    pub(super) range: &'a RangeArgs,
    /// Where the bad ones go.
    pub(super) policy: &'a PolicyArgs,
    /// Where the results go.
    pub(super) output: &'a OutputArgs,
    /// Their format where neither flag nor name says one.
    pub(super) usual: &'a Format,
}

impl DeliveryArgs {
    /// Opens the ends as the flags say.
    pub(super) async fn open(&self, session: &Session, wanted: Wanted<'_>) -> CliResult<Ends> {
        match self.delivery {
            Delivery::ExactlyOnce => together(session, wanted).await,
            Delivery::AtLeastOnce => Ok(Ends {
                source: wanted.range.open(session, wanted.from).await?,
                on_error: wanted.policy.open(session).await?,
                sink: wanted.output.open(session, wanted.usual).await?,
            }),
        }
    }
}

/// Opens them so that they commit together.
async fn together(session: &Session, wanted: Wanted<'_>) -> CliResult<Ends> {
    let Wanted {
        from,
        range,
        policy,
        output,
        usual,
    } = wanted;
    if range.group.is_none() {
        return Err(
            CliError::usage("`--delivery exactly-once` needs a `--group`")
                .hint("the group's positions are committed with the results"),
        );
    }
    let to = output.place(session, usual)?;
    let letters = policy.dead_letters(session)?;
    let places: Vec<&Place> = std::iter::once(&to).chain(&letters).collect();
    for place in &places {
        same_cluster(from, place)?;
    }
    let mut spec = range.spec()?;
    spec.stream.clone_from(&from.stream);
    let sinks = places.iter().map(|place| SinkSpec {
        stream: place.stream.clone(),
    });
    let sinks: Vec<_> = sinks.collect();
    let blame = |error| session.blame(&from.address, error);
    let ready = from.target.transactional(&spec, &sinks).await;
    let opened = ready.map_err(blame)?.open(&BTreeMap::new()).await;
    let (source, sinks) = opened.map_err(blame)?;
    let mut sinks = sinks.into_iter();
    let missing = || CliError::usage(format!("`{}` cannot be written", to.address));
    Ok(Ends {
        source: match range.count {
            Some(count) => Box::new(Take::new(source, count)),
            None => source,
        },
        sink: sinks.next().ok_or_else(missing)?,
        on_error: match (sinks.next(), policy.skips(session)) {
            (Some(letters), _) => OnError::DeadLetter(letters),
            (None, true) => OnError::Skip,
            (None, false) => OnError::Fail,
        },
    })
}

/// A transaction is of one cluster.
fn same_cluster(from: &Place, to: &Place) -> CliResult {
    if from.adapter.name() == to.adapter.name() && from.target.describe() == to.target.describe() {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "exactly-once does not go from `{}` to `{}`: a transaction is of one cluster",
        from.address, to.address
    ))
    .hint("name both by the same brokers, or leave `--delivery` out and let an id tell what came again"))
}
