//! `window`: records grouped by key and time.

mod settings;

use std::sync::Arc;

use clap::Args;
use ssectl_adapter::{Options as Adapting, Sink};
use ssectl_framing::Framing;
use ssectl_trace::{Flow, StepNote};

use super::args::{InputArgs, OutputArgs, Policy, PolicyArgs, RangeArgs, pipeline};
use super::error::{CliError, CliResult};
use super::progress::Total;
use super::run::ReportFormat;
use super::run::telling::Telling;
use super::session::{Job, Session};
use super::trace::TraceArgs;
use super::transform::{compile, invalid};
use crate::document::redact_uri;
use crate::engine::{Encoding, Segment, Side, Steps};
use crate::expr::Options;
use crate::expr::time::{EventTime, Unit};
use crate::format::Format;
use crate::window::{Aggregates, Piece, Plan, Programs};
use settings::{CompletenessArgs, LateArg, ShapeArgs, TriggerArgs, WatermarkArg};

/// Group records by key and event time, and calculate
///
/// Examples:
///   ssectl window --by .country --time .ts --type tumbling --size 1m \
///     --agg 'n: count' --agg 'total: sum(.amount)' < orders.ndjson
///   ssectl window --by .user --time .time --unit rfc3339 --type session \
///     --gap 30m --agg 'pages: count' --from kafka://localhost:9092/clicks
///   ssectl window --time .ts --type sliding --size 1h --slide 10m --delay 5s \
///     --agg 'p99: percentile(.ms; 0.99)' < requests.ndjson
///   ssectl window --by .id --time .ts --size 1m --agg 'n: count' --delay 5s \
///     --lateness 1m --late side=file:late.ndjson < events.ndjson
///   ssectl window --by .user --time .ts --type count --size 3 \
///     --window-timeout 10m --agg 'steps: collect(.page)' < funnel.ndjson
///
/// A result is one JSON object: key, start and end of the window in the unit of --time (end is
/// the first moment after it), pane (early, on-time or late), revision, then the aggregates. A
/// window closes when the watermark reaches its end: the greatest event time so far less --delay,
/// the least of all partitions. The end of the input closes all. Ctrl-C stops reading: what has
/// closed until then is written, what is still open is not, as it is not complete.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct WindowArgs {
    /// What records are grouped by: a jq program; without it all are one group
    #[arg(long, value_name = "JQ")]
    by: Option<String>,
    /// The event time: a jq program; see --unit [default: the time of the record]
    #[arg(long, value_name = "JQ")]
    time: Option<String>,
    /// Unit of --time, and of start and end: s, ms, us, ns or rfc3339 (start and end are ms)
    #[arg(long, default_value = "ms", value_name = "UNIT")]
    unit: Unit,
    /// What is calculated, as NAME: AGGREGATE; may be given again
    ///
    /// count, count(JQ), sum, min, max, avg, first, last, collect, distinct, approx_distinct,
    /// median (each of a JQ), percentile(JQ; 0.99), top(JQ; 3), reduce(INIT; UPDATE)
    #[arg(long, required = true, value_name = "NAME: AGGREGATE")]
    agg: Vec<String>,
    #[command(flatten)]
    shape: ShapeArgs,
    #[command(flatten)]
    completeness: CompletenessArgs,
    #[command(flatten)]
    trigger: TriggerArgs,
    /// Where the records come from
    #[arg(long, value_name = "ADDRESS", default_value = "-")]
    from: String,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    range: RangeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Say once a second what became of the records so far, on stderr
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    trace: TraceArgs,
}

/// What the pipeline calls the stream of what comes too late.
const LATE: &str = "late";

/// What it calls its only step.
const STEP: &str = "window";

/// Runs the verb.
pub(super) async fn run(args: WindowArgs, session: &Session) -> CliResult {
    // The programs first: a typing error shall not wait for a broker.
    let plan = Arc::new(plan(&args)?);
    let place = args.input.find(session, &args.from)?;
    let encoding = match args.input.framing(&place) {
        Framing::Text => Encoding::Text,
        _ => Encoding::Json,
    };
    let source = args.range.open(session, &place).await?;
    let on_error = args.policy.open(session).await?;
    let late = match &args.completeness.late {
        LateArg::Side(address) => Some(side(session, address, encoding).await?),
        LateArg::Drop | LateArg::Refire => None,
    };
    let sink = args
        .output
        .open(session, &Format::Framing(Framing::Json))
        .await?;
    let steps = Steps::new(Vec::new(), encoding, encoding);
    let mut pipeline = pipeline("window", source, steps, on_error, sink);
    let tracing = args.trace.start()?;
    let tracer = tracing.as_ref().map(|tracing| tracing.tracer());
    pipeline.trace = tracer.map(|tracer| tracer.pipeline(flow(&args)));
    pipeline.then.push(Segment::Keyed {
        name: STEP.to_owned(),
        open: plan.open(late.is_some().then(|| LATE.to_owned()), tracing.is_some()),
    });
    pipeline.sides.extend(late.map(|sink| Side {
        stream: LATE.to_owned(),
        sink,
    }));
    let job = Job {
        pipeline,
        total: Total::of_files([&place]),
        strict: args.policy.strict,
        to_stdout: args.output.to == "-",
    };
    let telling = args.stats.then(|| {
        let telling = Telling::start(&session.ui, ReportFormat::Text);
        telling.watch(STEP, job.pipeline.stats.clone());
        telling
    });
    let result = session.pipe(job).await;
    if let Some(telling) = telling {
        telling.finish();
    }
    let traced = tracing.map_or(Ok(()), |tracing| tracing.finish(&session.ui));
    result.and(traced)
}

/// What a trace is to know of the pipeline.
fn flow(args: &WindowArgs) -> Flow {
    let mut outputs = vec![args.output.to.clone()];
    if let LateArg::Side(address) = &args.completeness.late {
        outputs.push(address.clone());
    }
    let outputs = outputs.iter().map(|address| redact_uri(address));
    Flow {
        number: 0,
        name: STEP.to_owned(),
        inputs: vec![redact_uri(&args.from)],
        outputs: outputs.collect(),
        bad: match &args.policy.on_error {
            Some(Policy::DeadLetter(address)) => redact_uri(address),
            Some(Policy::Skip) => "skip".to_owned(),
            Some(Policy::Fail) | None => "fail".to_owned(),
        },
        steps: vec![StepNote {
            name: STEP.into(),
            place: String::new(),
            text: args.agg.join(", "),
        }],
    }
}

/// Where records go that come too late. They stay what they are.
async fn side(session: &Session, address: &str, encoding: Encoding) -> CliResult<Box<dyn Sink>> {
    let mut options = Adapting::new();
    if super::args::is_framed(address) && encoding == Encoding::Text {
        options.insert("format".to_owned(), Framing::Text.as_str().into());
    }
    let place = session.find_stream(address, &options)?;
    place
        .sink()
        .await
        .map_err(|error| session.blame(address, error))
}

fn plan(args: &WindowArgs) -> CliResult<Plan> {
    let options = Options::default();
    let program = |flag: &str, text: &Option<String>| {
        text.as_ref()
            .map(|text| compile(flag, text, &options))
            .transpose()
    };
    let event_time = |flag: &str, text: Option<&String>| {
        let compiled = text.map(|text| EventTime::compile(flag, text, args.unit, &options));
        compiled.transpose().map_err(|error| invalid(&error))
    };
    let punctuation = match &args.completeness.watermark {
        WatermarkArg::Punctuated(program) => Some(program),
        WatermarkArg::Bounded | WatermarkArg::Monotonic => None,
    };
    let programs = Programs {
        by: program("--by", &args.by)?,
        time: event_time("--time", args.time.as_ref())?,
        partition: program("--partition-by", &args.completeness.partition_by)?,
        punctuation: event_time("--watermark", punctuation)?,
        unit: args.unit,
    };
    let settings = settings::settings(&args.shape, &args.completeness, &args.trigger);
    Plan::new(programs, aggregates(&args.agg)?, settings)
        .map_err(|errors| settings::refused(&errors))
}

fn aggregates(texts: &[String]) -> CliResult<Aggregates> {
    let mut aggregates = Aggregates::default();
    for text in texts {
        let Some((name, aggregate)) = text.split_once(':') else {
            return Err(CliError::usage(format!("`--agg {text}` has no name"))
                .hint(format!("write `--agg 'NAME: {}'`", text.trim())));
        };
        let mut failed = Vec::new();
        let (name, aggregate) = (name.trim(), aggregate.trim());
        let origin = format!("--agg {name}");
        let compiled = |piece: &Piece| {
            let compiled = compile(&origin, &piece.program, &Options::default());
            compiled.map_err(|error| failed.push(error)).ok()
        };
        let added = aggregates.add(name, aggregate, compiled);
        if let Some(error) = failed.into_iter().next() {
            return Err(error);
        }
        if let Err(Some(error)) = added {
            return Err(CliError::usage(format!(
                "`--agg {text}`: {}",
                error.message
            )));
        }
    }
    Ok(aggregates)
}
