//! `transform`: a jq program on every record.

use std::path::PathBuf;

use clap::Args;
use ssectl_framing::Framing;

use super::args::{InputArgs, OutputArgs, PolicyArgs, RangeArgs, pipeline};
use super::delivery::{DeliveryArgs, Ends, Wanted};
use super::error::{CliError, CliResult, Exit};
use super::progress::Total;
use super::session::{Job, Session};
use crate::engine::{Encoding, Step, Steps};
use crate::expr::time::{EventTime, Unit};
use crate::expr::{Options, Program};
use crate::format::Format;

/// Run a jq program on every record
///
/// Examples:
///   ssectl transform '.text |= ascii_upcase' < words.ndjson
///   ssectl transform '.payload[]' --filter '.deviceId != null' \
///     --to file:out.ndjson.gz < in.ndjson
///   ssectl transform '{id, total: (.price * .n)}' --key .id \
///     --from file:orders.csv --to kafka://localhost:9092/totals
///   ssectl transform 'ascii_upcase' -I text -F text < words.txt
///   ssectl transform .amount --on-error dead-letter=file:bad.ndjson < in.ndjson
///
/// A program may give no result, one, or many. It sees the record's value as `.`, and
/// $key, $headers, $stream, $partition, $offset, $time and $time_ns.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct TransformArgs {
    /// jq program; `.` if left out
    program: Option<String>,
    /// Read the program from a file
    #[arg(long, value_name = "FILE", conflicts_with = "program")]
    program_file: Option<PathBuf>,
    /// Keep only records for which this jq program is true; runs before the program
    #[arg(long, value_name = "JQ")]
    filter: Option<String>,
    /// Key of the result: a jq program that runs on the result
    #[arg(long, value_name = "JQ")]
    key: Option<String>,
    /// Timestamp of the result: a jq program that runs on the result; see --unit
    #[arg(long, value_name = "JQ")]
    time: Option<String>,
    /// Unit of --time: s, ms, us, ns or rfc3339
    #[arg(long, default_value = "ms", value_name = "UNIT", requires = "time")]
    unit: Unit,
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
    delivery: DeliveryArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// Runs the verb.
pub(super) async fn run(args: TransformArgs, session: &Session) -> CliResult {
    // The program first: a typing error shall not wait for a broker.
    let steps = steps(&args)?;
    let place = args.input.find(session, &args.from)?;
    let text_in = args.input.framing(&place) == Framing::Text;
    let text_out = matches!(
        args.output.look.format,
        Some(Format::Framing(Framing::Text) | Format::Raw | Format::Template(_))
    );
    let encoding = |text| if text { Encoding::Text } else { Encoding::Json };
    let steps = Steps::new(steps, encoding(text_in), encoding(text_out));
    let wanted = Wanted {
        from: &place,
        range: &args.range,
        policy: &args.policy,
        output: &args.output,
        usual: &Format::Framing(Framing::Json),
    };
    let Ends {
        source,
        on_error,
        sink,
        ids,
        together,
    } = args.delivery.open(session, wanted).await?;
    let mut pipeline = pipeline("transform", source, steps, on_error, sink);
    pipeline.ids = ids;
    pipeline.together = together;
    let job = Job {
        pipeline,
        total: Total::of_files([&place]),
        strict: args.policy.strict,
        to_stdout: args.output.to == "-",
    };
    session.pipe(job).await
}

fn steps(args: &TransformArgs) -> CliResult<Vec<Step>> {
    let options = Options::default();
    let mut steps = Vec::new();
    if let Some(filter) = &args.filter {
        steps.push(Step::Filter(compile("--filter", filter, &options)?));
    }
    steps.extend(program(args, &options)?.map(Step::Map));
    if let Some(key) = &args.key {
        steps.push(Step::Key(compile("--key", key, &options)?));
    }
    if let Some(time) = &args.time {
        let time = EventTime::compile("--time", time, args.unit, &options);
        steps.push(Step::Time(time.map_err(|error| invalid(&error))?));
    }
    Ok(steps)
}

/// The main program. With a filter and no program, records pass untouched.
fn program(args: &TransformArgs, options: &Options) -> CliResult<Option<Program>> {
    match (&args.program, &args.program_file) {
        (Some(program), _) => compile("PROGRAM", program, options).map(Some),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                CliError::usage(format!("cannot read `{}`: {error}", path.display()))
            })?;
            compile(&path.display().to_string(), &text, options).map(Some)
        }
        (None, None) if args.filter.is_some() || args.key.is_some() || args.time.is_some() => {
            Ok(None)
        }
        (None, None) => compile("PROGRAM", ".", options).map(Some),
    }
}

/// Compiles a program of the command line; an error there is one of usage.
pub(super) fn compile(origin: &str, source: &str, options: &Options) -> CliResult<Program> {
    Program::compile(origin, source, options).map_err(|error| invalid(&error))
}

/// What does not compile is an error of usage.
pub(super) fn invalid(error: &crate::expr::CompileError) -> CliError {
    CliError::new(
        Exit::Usage,
        format!("the jq program does not compile\n{error}"),
    )
}
