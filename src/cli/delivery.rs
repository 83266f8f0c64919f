//! `--delivery`: how the ends of a pipeline are opened.

use clap::Args;
use ssectl_adapter::{Sink, SinkSpec, Source};

use super::args::{OutputArgs, PolicyArgs, RangeArgs};
use super::error::{CliError, CliResult};
use super::session::Session;
use crate::engine::{Delivery, Ids, OnError, Take, Together};
use crate::format::Format;
use crate::places::Place;

/// How often a record may count in the results.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "Delivery")]
pub(super) struct DeliveryArgs {
    /// at-least-once, effectively-once (results carry ids) or exactly-once (in transactions)
    ///
    /// With effectively-once a result has an id in its header `ssectl-id`, and has it again when it is written again after
    /// a crash. exactly-once commits results and positions in one transaction: it goes from a Kafka topic to others of the
    /// same cluster, and needs a --group.
    #[arg(long, value_name = "GUARANTEE", default_value_t)]
    pub(super) delivery: Delivery,
}

/// The open ends of a pipeline.
pub(super) struct Ends {
    pub(super) source: Box<dyn Source>,
    pub(super) on_error: OnError,
    pub(super) sink: Box<dyn Sink>,
    /// What gives the results ids.
    pub(super) ids: Option<Ids>,
    /// What opened them, if they commit together.
    pub(super) together: Option<Together>,
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
                ids: None,
                together: None,
            }),
            Delivery::EffectivelyOnce => {
                let to = wanted.output.place(session, wanted.usual)?;
                let sink = to.identified_sink().await;
                Ok(Ends {
                    source: wanted.range.open(session, wanted.from).await?,
                    on_error: wanted.policy.open(session).await?,
                    sink: sink.map_err(|error| session.blame(&to.address, error))?,
                    ids: Some(Ids::of_origins()),
                    together: None,
                })
            }
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
        ..SinkSpec::default()
    });
    let together = Together {
        target: from.target.clone(),
        source: spec,
        sinks: sinks.collect(),
        skips: policy.skips(session),
    };
    let ends = together.open().await;
    let ends = ends.map_err(|error| session.blame(&from.address, error))?;
    Ok(match range.count {
        // It counts from where it began.
        Some(count) => Ends {
            source: Box::new(Take::new(ends.source, count)),
            sink: ends.sink,
            on_error: ends.on_error,
            ids: None,
            together: None,
        },
        None => Ends {
            source: ends.source,
            sink: ends.sink,
            on_error: ends.on_error,
            ids: None,
            together: Some(together),
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
