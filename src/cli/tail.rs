//! `tail`: look into any stream.

use clap::Args;
use ssectl_framing::Framing;

use super::args::{InputArgs, LookArgs, RangeArgs, pipeline};
use super::error::CliResult;
use super::progress::Total;
use super::session::{Job, Session};
use super::transform::compile;
use crate::engine::{Encoding, OnError, Step, Steps};
use crate::expr::Options;
use crate::format::Format;

/// Look into a stream
///
/// Examples:
///   ssectl tail kafka://localhost:9092/orders
///   ssectl tail kafka://localhost:9092/orders -o -5   # 5 of each partition
///   ssectl tail kafka://localhost:9092/orders -o @-1h:end -F json | jq .total
///   ssectl tail kafka://localhost:9092/orders -f -F '%p %o %k %s\n'
///   ssectl tail kafka://localhost:9092/orders -n 10 --filter '.total > 100'
///   ssectl tail kafka://localhost:9092/orders > saved.ndjson   # read back with
///   ssectl replay --from-envelope saved.ndjson --to kafka://localhost:9092/copy
///
/// Reads from the start to the end that the stream has now. On a terminal records are pretty
/// JSON; in a pipe they are envelopes, which hold key, headers and time and any bytes.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct TailArgs {
    /// The stream
    #[arg(value_name = "ADDRESS", default_value = "-")]
    stream: String,
    /// Only records for which this jq program is true
    #[arg(long, value_name = "JQ")]
    filter: Option<String>,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    look: LookArgs,
}

/// Runs the verb.
pub(super) async fn run(args: TailArgs, session: &Session) -> CliResult {
    let filter = args
        .filter
        .as_ref()
        .map(|filter| compile("--filter", filter, &Options::default()));
    let place = args.input.find(session, &args.stream)?;
    let encoding = match args.input.framing(&place) {
        Framing::Text => Encoding::Text,
        _ => Encoding::Json,
    };
    let steps = match filter {
        Some(filter) => Steps::new(vec![Step::Filter(filter?)], encoding, encoding),
        None => Steps::default(),
    };
    let usual = if session.ui.output_is_terminal() {
        Format::Pretty
    } else {
        Format::Framing(Framing::Envelope)
    };
    let source = args.range.open(session, &place).await?;
    let sink = args.look.stdout(session, &usual)?;
    let job = Job {
        pipeline: pipeline("tail", source, steps, OnError::Fail, sink),
        total: Total::Unknown,
        strict: false,
        to_stdout: true,
    };
    session.pipe(job).await
}
