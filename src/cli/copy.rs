//! `copy`: from any stream to any other.

use clap::Args;
use ssectl_framing::Framing;

use super::args::{InputArgs, LookArgs, OutputArgs, PolicyArgs, RangeArgs, is_framed, pipeline};
use super::delivery::{DeliveryArgs, Ends, Wanted};
use super::error::CliResult;
use super::progress::Total;
use super::session::{Job, Session};
use crate::engine::Steps;
use crate::format::Format;

/// Copy a stream to another, with keys, headers and times
///
/// Examples:
///   ssectl copy kafka://localhost:9092/orders kafka://localhost:9092/orders-copy
///   ssectl copy kafka://localhost:9092/orders file:orders.ndjson --format envelope
///   ssectl copy file:orders.csv kafka://localhost:9092/orders
///   ssectl copy kafka://a:9092/orders kafka://b:9092/orders -f --group mirror
///   ssectl copy kafka://a:9092/orders kafka://a:9092/copy -f --group copier \
///     --delivery exactly-once
///
/// Plain files and pipes hold values alone: what is left out is said, and `--format envelope`
/// keeps everything.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct CopyArgs {
    /// Where the records come from
    #[arg(value_name = "FROM")]
    from: String,
    /// Where they go
    #[arg(value_name = "TO")]
    to: String,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    look: LookArgs,
    /// Write behind what the file holds instead of replacing it; a --group does so by itself
    #[arg(long)]
    append: bool,
    #[command(flatten)]
    delivery: DeliveryArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// Runs the verb.
pub(super) async fn run(args: CopyArgs, session: &Session) -> CliResult {
    let place = args.input.find(session, &args.from)?;
    let output = OutputArgs {
        // A group goes on where it stopped, so what it wrote before must stay.
        append: args.append || args.range.group.is_some() && args.to.starts_with("file:"),
        to: args.to,
        look: args.look,
    };
    let to_stdout = output.to == "-";
    let wanted = Wanted {
        from: &place,
        range: &args.range,
        policy: &args.policy,
        output: &output,
        usual: &Format::Framing(Framing::Json),
    };
    let Ends {
        source,
        on_error,
        sink,
        ids,
        together,
    } = args.delivery.open(session, wanted).await?;
    let enveloped = output.look.format == Some(Format::Framing(Framing::Envelope));
    if !place.is_framed() && is_framed(&output.to) && !enveloped {
        session.ui.warn(format!(
            "keys, headers and times are left out of `{}`: `--format envelope` keeps them",
            output.to
        ));
    }
    let mut pipeline = pipeline("copy", source, Steps::default(), on_error, sink);
    pipeline.ids = ids;
    pipeline.together = together;
    let job = Job {
        pipeline,
        total: Total::of_files([&place]),
        strict: args.policy.strict,
        to_stdout,
    };
    session.pipe(job).await
}
