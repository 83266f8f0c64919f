//! `run`: a whole scenario, on the emulators inside or on a target.

pub(super) mod params;
pub(super) mod report;
pub(super) mod telling;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::{Args, ValueEnum};
use tokio::runtime::Handle;

use super::beam::EngineArgs;
use super::emulator;
use super::error::{CliError, CliResult, Exit};
use super::lint::loaded;
use super::progress::{Progress, Total};
use super::session::Session;
use super::trace::{TraceArgs, Tracing};
use crate::beam::Beam;
use crate::engine::{Stats, trial};
use crate::places::TargetDecl;
use crate::runner::{EmulatorOptions, Emulators, Report, RunError, Runner, StateOptions};
use crate::scenario::{Address, OnError, Pipeline, Scenario};
use crate::timeline::{Clock, Timeline, VirtualTime};
use telling::Telling;

/// Run a scenario and check what must come out
///
/// Examples:
///   ssectl run scenarios/01-kafka-uppercase
///   ssectl run scenarios/07-make-change --set amount=1.34
///   ssectl run scenarios/01-kafka-uppercase --target confluent
///   ssectl run scenarios/08-phone-normalise --target kafka://localhost:9092
///   ssectl run scenarios/08-phone-normalise --keep   # look at the streams then
///   ssectl run scenarios/12-event-time/late.yaml --trace --timeline
///
/// Without a target the streams live in an emulator inside this process. The exit code is 0 if
/// every expectation holds, else 3.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct RunArgs {
    /// The scenario file, or its folder
    scenario: PathBuf,
    /// Where its streams live: a target of ssectl.yaml, or an address such as kafka://localhost:9092
    #[arg(long, short, value_name = "TARGET")]
    target: Option<String>,
    /// Value of a parameter; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = params::pair)]
    set: Vec<(String, String)>,
    /// Go on reading streams that the scenario does not write itself
    #[arg(long)]
    follow: bool,
    /// Keep the emulator up after the run, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// What goes wrong on purpose on the emulator, such as throttle=0.05,drop=0.01,seed=7; see
    /// ssectl emulator --help [default: as the scenario says]
    #[arg(long, value_name = "PLAN")]
    faults: Option<String>,
    /// What the names of its streams begin with at the target; see ssectl cloud up
    #[arg(long, value_name = "PREFIX", default_value = "", value_parser = super::cloud::prefix)]
    prefix: String,
    #[command(flatten)]
    engine: EngineArgs,
    /// Check the scenario against the target and say what would run; move nothing
    #[arg(long)]
    dry_run: bool,
    /// What time is: wall, virtual, or virtual@TIME; a virtual one jumps to the next moment at which something happens
    /// [default: as the scenario says]
    #[arg(long, value_name = "CLOCK")]
    clock: Option<Clock>,
    /// Keep what windows and other steps remember, and how far each pipeline has read, in this directory, and go on
    /// from there after a crash
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Memory for the state of a pipeline; what is beyond it goes to disk
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = super::size::size)]
    state_memory: usize,
    /// Write every change of the state to this stream as well, and go on from there where the directory has less: an address,
    /// or the name of a stream at the target
    #[arg(long, value_name = "STREAM", requires = "state")]
    changelog: Option<String>,
    /// Say once a second what became of the records so far, on stderr; as JSON with `--format json`
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    trace: TraceArgs,
    /// text for people on stderr, or json on stdout
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

/// How the report is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people, on stderr
    #[default]
    Text,
    /// One JSON document, on stdout
    Json,
}

/// Runs the verb.
pub(super) async fn run(args: RunArgs, session: &Session) -> CliResult {
    let params = params::ask(&args.scenario, &args.set, session)?;
    let mut scenario = loaded(&args.scenario, &params, session)?;
    scenario.faults = args.faults.or(scenario.faults);
    scenario.clock = args.clock.unwrap_or(scenario.clock);
    if args.format == ReportFormat::Json && scenario.pipelines.iter().any(writes_stdout) {
        return Err(CliError::usage(
            "`--format json` wants stdout for the report, and the scenario writes records there",
        )
        .hint("let its `-` be a file"));
    }
    let target = target(&scenario, args.target.as_deref(), session)?;
    if args.dry_run {
        return report::plan(&scenario, &target, session);
    }
    if args.keep && !target.emulator {
        return Err(CliError::usage(format!(
            "there is no emulator to keep: the streams live at the {} target",
            target.adapter
        )));
    }
    let beam = args.engine.open()?;
    let tracing = tracing(&args.trace, args.state.is_some(), beam.is_some())?;
    let terms = Terms {
        beam,
        tracing,
        target,
        prefix: args.prefix,
        follow: args.follow,
        collect: false,
        state: StateOptions {
            dir: args.state,
            memory: args.state_memory,
            changelog: args.changelog,
        },
        stats: args.stats.then_some(args.format),
    };
    let ran = drive(&scenario, terms, session).await?;
    match args.format {
        ReportFormat::Text => report::text(&ran.report, &session.ui),
        ReportFormat::Json => report::json(&ran.report, &session.ui)?,
    }
    if let Some(address) = ran.emulated.filter(|_| args.keep) {
        session.ui.insist(format!(
            "the streams stay at {address} until Ctrl-C; try `ssectl tail {address}/{}`",
            example(&scenario)
        ));
        session.stop().cancelled().await;
    }
    tokio::task::block_in_place(|| ran.emulators.shutdown());
    report::verdict(ran.report)
}

/// Who observes the run: not what is done elsewhere, or was done before.
fn tracing(args: &TraceArgs, state: bool, beam: bool) -> CliResult<Option<Tracing>> {
    let why = match (args.flag(), state, beam) {
        (Some(_), true, _) => "what a run before has left in `--state` has no trace",
        (Some(_), _, true) => "Beam does not say what becomes of a record",
        _ => return args.start(),
    };
    let flag = args.flag().unwrap_or_default();
    Err(CliError::usage(format!("`{flag}` does not go here: {why}")))
}

/// A run that is over, and the emulators that still hold its streams.
pub(super) struct Ran {
    pub(super) report: Report,
    pub(super) emulators: Emulators,
    /// Where they listen, if there are any.
    emulated: Option<String>,
}

/// Where and how a scenario is run.
pub(super) struct Terms {
    pub(super) target: TargetDecl,
    /// What the names of its streams begin with there.
    pub(super) prefix: String,
    /// Go on reading streams from outside.
    pub(super) follow: bool,
    /// Read back all that was written.
    pub(super) collect: bool,
    /// Where pipelines keep what they remember.
    pub(super) state: StateOptions,
    /// Tell the counts while it runs.
    pub(super) stats: Option<ReportFormat>,
    /// What runs the pipelines that read streams, if not the engine inside.
    pub(super) beam: Option<Beam>,
    /// Told what becomes of every record.
    pub(super) tracing: Option<Tracing>,
}

/// Runs a scenario on a target; starts the emulator of one that wants it.
pub(super) async fn drive(scenario: &Scenario, terms: Terms, session: &Session) -> CliResult<Ran> {
    let mut target = terms.target;
    let mut emulators = Emulators::default();
    let time = virtual_time(scenario.clock)?;
    let timeline = time.as_ref().map(VirtualTime::timeline);
    let emulated = start(
        &mut emulators,
        &mut target,
        scenario.faults.clone(),
        timeline,
        session,
    )?;
    let outside = Handle::current();
    let bars = Mutex::new(Vec::new());
    let telling = terms
        .stats
        .map(|format| Telling::start(&session.ui, format));
    let watch = |name: &str, stats: Arc<Stats>| {
        // People look at it by the clock on their wall.
        let _outside = outside.enter();
        session.records_are_under_way();
        if let Some(telling) = &telling {
            telling.watch(name, stats.clone());
        }
        let bar = Progress::start(&session.ui, name, stats, Total::Unknown, false);
        bars.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(bar);
    };
    let runner = Runner {
        places: &session.places,
        target,
        prefix: terms.prefix,
        control: session.control(),
        follow: terms.follow,
        collect: terms.collect,
        state: terms.state,
        beam: terms.beam.as_ref(),
        tracer: terms
            .tracing
            .as_ref()
            .map(|tracing| tracing.tracer().clone()),
        settings: match &time {
            Some(_) => trial::settings().in_virtual_time(),
            None => trial::settings(),
        },
        timeline: timeline.cloned(),
        watch: &watch,
    };
    let result = match &time {
        Some(time) => time.block_on(runner.run(scenario)),
        None => runner.run(scenario).await,
    };
    bars.into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_iter()
        .for_each(Progress::finish);
    if let Some(telling) = telling {
        telling.finish();
    }
    if let Some(tracing) = &terms.tracing {
        tracing.finish(&session.ui)?;
    }
    if let Some(made) = emulators.faults() {
        session.ui.say(format!("faults made: {made}"));
    }
    Ok(Ran {
        report: result.map_err(failed)?,
        emulators,
        emulated,
    })
}

/// Whether results or dead letters of a pipeline go to stdout.
fn writes_stdout(pipeline: &Pipeline) -> bool {
    let dead_letters = match &pipeline.on_error {
        OnError::DeadLetter { to, .. } => Some(to),
        OnError::Fail | OnError::Skip => None,
    };
    let is_stdout = |to: &Address| matches!(to, Address::Uri(uri) if uri.scheme == "stdio");
    std::iter::once(&pipeline.sink.to)
        .chain(dead_letters)
        .chain(pipeline.sides().map(|(address, _)| address))
        .any(is_stdout)
}

/// Where the streams of a scenario live. By a virtual clock that is memory, unless an emulator is asked for: services have
/// a clock of their own.
fn target(scenario: &Scenario, name: Option<&str>, session: &Session) -> CliResult<TargetDecl> {
    if scenario.clock == Clock::Wall {
        return session.target(name);
    }
    let target = session.target(Some(name.unwrap_or("memory:")))?;
    if matches!(target.adapter.as_str(), "kinesis" | "pubsub" | "sqs") {
        let message = format!(
            "by a virtual clock, what clients of {} hold runs out while time jumps",
            target.adapter
        );
        return Err(CliError::usage(message)
            .hint("iterators of Kinesis live for minutes, and so do leases of Pub/Sub and SQS: leave `--target` out, or name an emulator of another service"));
    }
    if target.emulator || target.adapter == "memory" {
        return Ok(target);
    }
    Err(CliError::usage(format!(
        "the {} target has a clock of its own, and the scenario runs by a virtual one",
        target.adapter
    ))
    .hint("leave `--target` out, name an emulator, or use `--clock wall`"))
}

/// The time for a virtual clock.
fn virtual_time(clock: Clock) -> CliResult<Option<VirtualTime>> {
    let Clock::Virtual { start } = clock else {
        return Ok(None);
    };
    let time = VirtualTime::from(start);
    time.map(Some)
        .map_err(|error| CliError::new(Exit::Failed, format!("cannot start a thread: {error}")))
}

/// Starts the emulator of a target that wants one, and points the target to it.
pub(super) fn start(
    emulators: &mut Emulators,
    target: &mut TargetDecl,
    faults: Option<String>,
    timeline: Option<&Timeline>,
    session: &Session,
) -> CliResult<Option<String>> {
    if !target.emulator {
        if faults.is_some() {
            session.ui.warn(format!(
                "no faults are made: the streams live at the {} target, not on an emulator",
                target.adapter
            ));
        }
        return Ok(None);
    }
    let ui = session.ui.clone();
    let options = EmulatorOptions {
        faults,
        timeline: timeline.cloned(),
        notices: Box::new(move |notice| ui.warn(notice)),
        ..EmulatorOptions::default()
    };
    let (address, reach) = emulators
        .start(&target.adapter, options)
        .map_err(emulator::failed)?;
    target.options.extend(reach);
    Ok(Some(format!("{}://{address}", target.adapter)))
}

fn example(scenario: &Scenario) -> &str {
    scenario
        .streams
        .last()
        .map_or("STREAM", |stream| &stream.name)
}

/// What kept a scenario from running, as an error of the command line.
pub(super) fn failed(error: RunError) -> CliError {
    let below = error
        .adapter()
        .map(|error| (error.kind(), error.hint_text().map(str::to_owned)));
    let text = super::error::chain(&error);
    match below {
        Some((kind, hint)) => {
            let error = CliError::new(super::error::exit_of(kind), text);
            hint.into_iter().fold(error, CliError::hint)
        }
        None => CliError::new(Exit::Invalid, text),
    }
}
