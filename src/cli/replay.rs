//! `replay`: recorded events, at the pace they were recorded.
#![allow(
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    reason = "doc comments of arguments are help for the terminal"
)]

use std::time::Duration;

use clap::Args;
use ssectl_adapter::Source;
use ssectl_framing::Framing;

use super::args::{InputArgs, OutputArgs, PolicyArgs, pipeline};
use super::error::{CliError, CliResult, Exit};
use super::progress::Total;
use super::session::{Job, Session};
use crate::duration::HumanDuration;
use crate::engine::{Steps, Take};
use crate::expr::Options;
use crate::expr::time::{EventTime, Unit};
use crate::format::Format;
use crate::replay::{Order, Plan, Repeat, ReplaySource, Speed};

/// Play recorded events back with their original timing
///
/// Examples:
///   ssectl replay demo.ndjson --time '.payload[0].time' --unit ns
///   ssectl replay in.ndjson --time .ts --speed 10x --to kafka://localhost:9092/raw
///   ssectl replay a.ndjson.gz b.csv.zst --time .ts --unit rfc3339 --speed max
///   ssectl replay access.log -I text --unit rfc3339 \
///     --time 'capture("\\[(?<t>[^]]+)").t'
///   ssectl replay --from-envelope saved.ndjson --to kafka://localhost:9092/new
///   ssectl replay demo.ndjson --time .ts --loop forever --shift \
///     --to kafka://localhost:9092/raw
///
/// Several files are merged by event time; within a file nothing is reordered. How well the
/// pace was kept is printed at the end.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct ReplayArgs {
    /// Recorded files (NDJSON, CSV, text; plain, gzip or zstd), or addresses; `-` is stdin
    #[arg(value_name = "FILES", required_unless_present = "from_envelope")]
    files: Vec<String>,
    /// Give back records that `tail` wrote as envelopes, bit for bit (`-` is stdin)
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-", conflicts_with_all = ["files", "input_format"])]
    from_envelope: Option<String>,
    /// Stop after this many records
    #[arg(long, short = 'n', value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
struct PaceArgs {
    /// Event time of a record: a jq program [default: the record's own timestamp, if it has one]
    #[arg(long, value_name = "JQ")]
    time: Option<String>,
    /// Unit of --time: s, ms, us, ns or rfc3339
    #[arg(long, default_value = "ms", value_name = "UNIT")]
    unit: Unit,
    /// 1x is as recorded, 10x ten times as fast, max without waiting [default: 1x with --time, else max]
    #[arg(long, value_name = "SPEED")]
    speed: Option<Speed>,
    /// Never wait longer than this between two records
    #[arg(long, value_name = "DURATION")]
    max_gap: Option<HumanDuration>,
    /// Play so many times, or `forever`
    #[arg(long = "loop", value_name = "TIMES", num_args = 0..=1, default_value = "1", default_missing_value = "forever")]
    repeat: Repeat,
    /// With --loop: let timestamps go on where the round before ended
    #[arg(long)]
    shift: bool,
    /// Sort by event time within a buffer of so many records
    #[arg(long, value_name = "RECORDS")]
    sort: Option<usize>,
}

/// Runs the verb.
pub(super) async fn run(args: ReplayArgs, session: &Session) -> CliResult {
    let time = match &args.pace.time {
        Some(time) => Some(event_time(time, args.pace.unit)?),
        None => None,
    };
    let usual = match args.from_envelope {
        Some(_) => Framing::Envelope,
        None => Framing::Json,
    };
    let plan = plan(&args, time, session)?;
    let ui = session.ui.clone();
    let total = match plan.repeat {
        Repeat::Times(1) => Total::of_files(&plan.inputs),
        _ => Total::Unknown,
    };
    let source = ReplaySource::open(plan).await?;
    let source = source.on_end(move |drift| ui.say(drift));
    let source: Box<dyn Source> = match args.count {
        Some(count) => Box::new(Take::new(Box::new(source), count)),
        None => Box::new(source),
    };
    let on_error = args.policy.open(session).await?;
    let sink = args.output.open(session, &Format::Framing(usual)).await?;
    let pipeline = pipeline("replay", source, Steps::default(), on_error, sink);
    let job = Job {
        pipeline,
        total,
        strict: args.policy.strict,
        to_stdout: args.output.to == "-",
    };
    session.pipe(job).await
}

fn event_time(program: &str, unit: Unit) -> CliResult<EventTime> {
    EventTime::compile("--time", program, unit, &Options::default()).map_err(|error| {
        CliError::new(
            Exit::Usage,
            format!("the jq program does not compile\n{error}"),
        )
    })
}

fn plan(args: &ReplayArgs, time: Option<EventTime>, session: &Session) -> CliResult<Plan> {
    let pace = &args.pace;
    let (files, input) = match &args.from_envelope {
        Some(file) => (std::slice::from_ref(file), InputArgs::envelopes()),
        None => (args.files.as_slice(), args.input.clone()),
    };
    let places = files.iter().map(|file| input.find(session, &address(file)));
    let inputs: Vec<_> = places.collect::<Result<_, _>>()?;
    let text = inputs
        .iter()
        .any(|place| input.framing(place) == Framing::Text);
    if pace.repeat != Repeat::Times(1) && files.iter().any(|file| file == "-") {
        return Err(CliError::usage(
            "stdin cannot be read twice: `--loop` needs files",
        ));
    }
    let usual = if time.is_some() {
        Speed::ORIGINAL
    } else {
        Speed::Max
    };
    Ok(Plan {
        inputs,
        time,
        text,
        speed: pace.speed.unwrap_or(usual),
        max_gap: pace
            .max_gap
            .map(|gap| gap.0)
            .filter(|gap| *gap > Duration::ZERO),
        order: match pace.sort {
            Some(buffer) => Order::ByTime {
                buffer: buffer.max(1),
            },
            None => Order::AsRecorded,
        },
        repeat: pace.repeat,
        shift: pace.shift,
    })
}

/// A path may stand where an address may.
fn address(file: &str) -> String {
    let is_address = file == "-"
        || file.split_once(':').is_some_and(|(scheme, _)| {
            scheme.len() > 1
                && scheme
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
    if is_address {
        file.to_owned()
    } else {
        format!("file:{file}")
    }
}
