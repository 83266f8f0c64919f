//! `generate`: seeded, made-up events.

use clap::Args;
use ssectl_adapter::Source;
use ssectl_framing::Framing;

use super::args::{InputArgs, OutputArgs, RangeArgs, pipeline};
use super::error::{CliError, CliResult};
use super::progress::Total;
use super::session::{Job, Session};
use crate::duration::HumanDuration;
use crate::engine::Steps;
use crate::format::Format;
use crate::generate::{
    Bad, BadKind, Disorder, GenerateSource, Keys, Kind, Rate, Spec, Time, kinds,
};

/// Make up events: the same seed gives the same events, on any machine
///
/// Examples:
///   ssectl generate words --count 5
///   ssectl generate phone --count 1000 --seed 7 --to file:phones.ndjson
///   ssectl generate orders --rate 200/s --keys 50 --skew 1.1 \
///     --to kafka://localhost:9092/orders
///   ssectl generate iot -n 10000 --late-share 0.1 --late-by 5s --bad-share 0.01
///   ssectl generate template --template '{"id":{{seq}},"n":{{int 1 6}}}' --count 3
///   ssectl generate --from-envelope saved.ndjson --to kafka://localhost:9092/new
///   ssectl generate --list
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct GenerateArgs {
    /// What kind of events; `--list` shows them
    #[arg(required_unless_present_any = ["list", "from_envelope"], conflicts_with_all = ["list", "from_envelope"])]
    kind: Option<Kind>,
    /// List the kinds
    #[arg(long)]
    list: bool,
    /// Give back records that `tail --format envelope` wrote, bit for bit (`-` is stdin)
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        default_missing_value = "-",
        conflicts_with_all = [
            "list", "seed", "from_index", "rate", "duration", "keys", "skew", "key_field", "start_time", "period", "jitter",
            "late_share", "late_by", "bad_share", "template"
        ]
    )]
    from_envelope: Option<String>,
    /// Stop after this many events
    #[arg(long, short = 'n', value_name = "N")]
    count: Option<u64>,
    /// Other seeds give other events
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,
    /// Index of the first event, to go on where another run stopped
    #[arg(long, default_value_t = 0, value_name = "INDEX")]
    from_index: u64,
    /// Events per second, minute or hour of wall-clock time (200/s, 5/min) [default: as fast as possible]
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,
    /// Stop after this wall-clock time
    #[arg(long, value_name = "DURATION")]
    duration: Option<HumanDuration>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    bad: BadArgs,
    /// Text of each event for the kind `template`; docs/generate.md has the placeholders
    #[arg(long, value_name = "TEXT")]
    template: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
struct KeyArgs {
    /// How many different keys (customers, devices, users ...) [default: depends on the kind]
    #[arg(long, value_name = "N")]
    keys: Option<u64>,
    /// How uneven they are: a Zipf exponent, 0 is even [default: 0]
    #[arg(long, value_name = "EXPONENT")]
    skew: Option<f64>,
    /// Field whose value is the record's key, or `none` [default: depends on the kind]
    #[arg(long, value_name = "FIELD")]
    key_field: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Event time")]
struct TimeArgs {
    /// Time of event 0: RFC 3339, or `now` [default: 2026-01-01T00:00:00Z]
    #[arg(long, value_name = "TIME", value_parser = start_time)]
    start_time: Option<jiff::Timestamp>,
    /// Event time from one event to the next [default: depends on the kind]
    #[arg(long, value_name = "DURATION")]
    period: Option<HumanDuration>,
    /// How unevenly events are spaced, 0 to 1 [default: 0.5]
    #[arg(long, value_name = "SHARE")]
    jitter: Option<f64>,
    /// Share of events that arrive late, 0 to 1
    #[arg(long, value_name = "SHARE", requires = "late_by")]
    late_share: Option<f64>,
    /// How late they are at most, in event time
    #[arg(long, value_name = "DURATION", requires = "late_share")]
    late_by: Option<HumanDuration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Bad records on purpose")]
struct BadArgs {
    /// Share of events that are spoilt, 0 to 1
    #[arg(long, value_name = "SHARE")]
    bad_share: Option<f64>,
    /// In which ways, with commas between [default: all that the kind allows, but `huge`]
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "KINDS",
        requires = "bad_share"
    )]
    bad_kinds: Vec<BadKind>,
    /// Size of a `huge` one in bytes
    #[arg(long, value_name = "BYTES", requires = "bad_share")]
    bad_size: Option<usize>,
}

/// Runs the verb.
pub(super) async fn run(args: GenerateArgs, session: &Session) -> CliResult {
    if args.list {
        return list(session);
    }
    let (source, total, usual): (Box<dyn Source>, _, _) = match (&args.from_envelope, args.kind) {
        (Some(path), _) => (
            envelopes(path, args.count, session).await?,
            Total::Unknown,
            Framing::Envelope,
        ),
        (None, Some(kind)) => {
            let source = GenerateSource::new(&args.spec(kind))
                .map_err(|error| CliError::usage(error.to_string()))?;
            let total = source.total().map_or(Total::Unknown, Total::Records);
            (Box::new(source), total, Framing::Json)
        }
        (None, None) => {
            return Err(CliError::usage("name a kind of events")
                .hint("`ssectl generate --list` shows them"));
        }
    };
    let sink = args.output.open(session, &Format::Framing(usual)).await?;
    let pipeline = pipeline(
        "generate",
        source,
        Steps::default(),
        crate::engine::OnError::Fail,
        sink,
    );
    let job = Job {
        pipeline,
        total,
        strict: false,
        to_stdout: args.output.to == "-",
    };
    session.pipe(job).await
}

fn list(session: &Session) -> CliResult {
    let width = kinds()
        .iter()
        .map(|kind| kind.name.len())
        .max()
        .unwrap_or(0);
    let lines: String = kinds()
        .iter()
        .map(|kind| format!("{:width$}  {}\n", kind.name, kind.about))
        .collect();
    session.ui.data(lines)
}

/// Opens a file of envelopes, or stdin, for so many records.
pub(super) async fn envelopes(
    path: &str,
    count: Option<u64>,
    session: &Session,
) -> CliResult<Box<dyn Source>> {
    let input = InputArgs::envelopes();
    let address = if path == "-" {
        "-".to_owned()
    } else {
        format!("file:{path}")
    };
    let range = RangeArgs {
        count,
        ..RangeArgs::default()
    };
    range.open(session, &input.find(session, &address)?).await
}

impl GenerateArgs {
    fn spec(&self, kind: Kind) -> Spec {
        let Self {
            keys, time, bad, ..
        } = self;
        Spec {
            count: self.count,
            seed: self.seed,
            from: self.from_index,
            keys: Some(Keys {
                count: keys.keys,
                skew: keys.skew.unwrap_or(0.0),
                field: keys.key_field.clone(),
            })
            .filter(|keys| *keys != Keys::default()),
            time: Some(Time {
                start: time.start_time,
                period: time.period,
                jitter: time.jitter,
            })
            .filter(|time| *time != Time::default()),
            disorder: time
                .late_share
                .zip(time.late_by)
                .map(|(share, by)| Disorder { share, by }),
            bad: bad.bad_share.map(|share| Bad {
                share,
                kinds: bad.bad_kinds.clone(),
                size: bad.bad_size,
            }),
            template: self.template.clone(),
            rate: self.rate,
            duration: self.duration,
            ..Spec::new(kind)
        }
    }
}

fn start_time(text: &str) -> Result<jiff::Timestamp, String> {
    if text == "now" {
        // What made-up events say and what brokers keep shall be the same.
        let now = jiff::Timestamp::now().as_millisecond();
        return jiff::Timestamp::from_millisecond(now).map_err(|error| error.to_string());
    }
    text.parse()
        .map_err(|_| "use RFC 3339 such as 2026-01-01T00:00:00Z, or `now`".to_owned())
}
