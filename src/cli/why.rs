//! `why` and `why-not`: questions about a run that kept a trace.

use std::path::PathBuf;

use clap::Args;
use ssectl_trace::{Lineage, Place, TraceError, Unknown, why_not_text, why_text};

use super::error::{CliError, CliResult, Exit};
use super::run::ReportFormat;
use super::trace::TRACE;
use super::transform::compile;
use super::ui::Ui;
use crate::expr::{Input, Meta, Options, Payload, Program};

/// So many inputs of a result are shown.
const SHOWN: usize = 20;

/// Show what is behind a result: its inputs, its window, and the watermark that closed it
///
/// Examples:
///   ssectl run scenarios/12-event-time/late.yaml --trace
///   ssectl why minutes:3
///   ssectl why minutes:3 --format json | jq .of
///   ssectl why --where '.n > 5' --trace other.trace
///
/// The run must have kept a trace: run --trace, or window --trace. A result is named by its output
/// (a stream of the scenario, a file, or - for stdout) and which record of it it is, from 1.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct WhyArgs {
    /// The result; only LINE if the run has one output
    #[arg(
        value_name = "OUT:LINE",
        required_unless_present = "filter",
        conflicts_with = "filter"
    )]
    result: Option<Place>,
    #[command(flatten)]
    ask: AskArgs,
    /// Show all inputs of a result, not only the first
    #[arg(long)]
    all: bool,
}

/// Show where an input went: which results it is in, or what kept it from them
///
/// Examples:
///   ssectl window --time .ts --size 1m --agg 'n: count' --trace < in.ndjson
///   ssectl why-not 17
///   ssectl why-not clicks.ndjson:17
///   ssectl why-not orders:2/4711 --format json
///   ssectl why-not --where '.id == 7'
///
/// The run must have kept a trace: run --trace, or window --trace. An input is named by its stream or
/// file and its line, its offset, or PARTITION/OFFSET.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct WhyNotArgs {
    /// The input; only LINE if the run has one source
    #[arg(
        value_name = "IN:LINE",
        required_unless_present = "filter",
        conflicts_with = "filter"
    )]
    input: Option<Place>,
    #[command(flatten)]
    ask: AskArgs,
}

/// What both have.
#[derive(Debug, Args)]
struct AskArgs {
    /// All records for which this jq program is true, instead of one
    #[arg(long = "where", id = "filter", value_name = "JQ")]
    filter: Option<String>,
    /// The trace
    #[arg(long, value_name = "FILE", default_value = TRACE)]
    trace: PathBuf,
    /// text, or one JSON object per line, with times in ns
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

/// Runs `why`.
pub(super) fn why(args: &WhyArgs, ui: &Ui) -> CliResult {
    let (lineage, filter) = args.ask.open()?;
    let answers = match (&args.result, &filter) {
        (Some(place), _) => vec![lineage.why(place)?],
        (None, Some(filter)) => lineage.why_where(|value| is_true(filter, value)),
        (None, None) => Vec::new(),
    };
    let most = if args.all { usize::MAX } else { SHOWN };
    let width = width(ui);
    args.ask
        .answer(&answers, |answer| why_text(answer, most, width), ui)
}

/// Runs `why-not`.
pub(super) fn why_not(args: &WhyNotArgs, ui: &Ui) -> CliResult {
    let (lineage, filter) = args.ask.open()?;
    let answers = match (&args.input, &filter) {
        (Some(place), _) => lineage.why_not(place)?,
        (None, Some(filter)) => lineage.why_not_where(|value| is_true(filter, value)),
        (None, None) => Vec::new(),
    };
    let width = width(ui);
    args.ask
        .answer(&answers, |answer| why_not_text(answer, width), ui)
}

impl AskArgs {
    fn open(&self) -> CliResult<(Lineage, Option<Program>)> {
        let filter = self.filter.as_ref();
        let filter = filter.map(|text| compile("--where", text, &Options::default()));
        let lineage = Lineage::open(&self.trace).map_err(|error| {
            let missing = matches!(error, TraceError::Io { .. });
            let error = CliError::from(error);
            match missing {
                true => {
                    error.hint("run it with `--trace`, or name another one with `--trace FILE`")
                }
                false => error,
            }
        })?;
        Ok((lineage, filter.transpose()?))
    }

    fn answer<T: serde::Serialize>(
        &self,
        answers: &[T],
        text: impl Fn(&T) -> String,
        ui: &Ui,
    ) -> CliResult {
        if answers.is_empty() {
            let message = "no record of the trace is like that".to_owned();
            return Err(CliError::new(Exit::Failed, message));
        }
        let mut out = String::new();
        for (at, answer) in answers.iter().enumerate() {
            match self.format {
                ReportFormat::Json => {
                    let json = serde_json::to_string(answer).map_err(|error| {
                        CliError::new(Exit::Failed, format!("cannot write JSON: {error}"))
                    })?;
                    out += &json;
                    out.push('\n');
                }
                ReportFormat::Text => {
                    if at > 0 {
                        out.push('\n');
                    }
                    out += &text(answer);
                }
            }
        }
        ui.data(out)
    }
}

impl From<Unknown> for CliError {
    fn from(error: Unknown) -> Self {
        Self::usage(error.to_string())
    }
}

/// Lines are cut off only on a terminal.
fn width(ui: &Ui) -> usize {
    match ui.output_is_terminal() {
        true => ui.width(),
        false => usize::MAX,
    }
}

/// Whether a program is true of a value; not so if it is no JSON, or the program fails on it.
fn is_true(filter: &Program, value: Option<&str>) -> bool {
    let payload = value.map_or(Payload::Null, |text| Payload::Json(text.as_bytes()));
    let input = Input {
        payload,
        meta: Meta::default(),
    };
    filter.test(&input).unwrap_or(false)
}
