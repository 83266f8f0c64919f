//! `streams`: make and look at the streams of a target.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use ssectl_adapter::{
    Backlog, Bound, ErrorKind, Lag, Options, Range, StreamInfo, StreamSpec, Timestamp,
};

use super::error::{CliError, CliResult, Exit};
use super::session::Session;
use crate::places::Place;

/// Create, list, describe and delete streams, and see how far readers are behind
///
/// Examples:
///   ssectl streams create kafka://localhost:9092/orders --partitions 4
///   ssectl streams list kafka://localhost:9092
///   ssectl streams describe kafka://localhost:9092/orders
///   ssectl streams lag kafka://localhost:9092/orders --group billing
///   ssectl streams seek kafka://localhost:9092/orders -g billing --offset @-1h
///   ssectl streams delete kafka://localhost:9092/orders
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, arg_required_else_help = true)]
pub(super) struct StreamsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a stream
    ///
    /// Examples:
    ///   ssectl streams create kafka://localhost:9092/orders --partitions 4
    ///   ssectl streams create kafka://localhost:9092/orders --if-missing \
    ///     --config retention.ms=60000
    #[command(verbatim_doc_comment)]
    Create {
        /// The stream
        address: String,
        /// How many partitions [default: the target's own]
        #[arg(long, short, value_parser = clap::value_parser!(u32).range(1..))]
        partitions: Option<u32>,
        /// A setting in the target's own words; may be given again
        #[arg(long, short, value_name = "NAME=VALUE", value_parser = setting)]
        config: Vec<(String, String)>,
        /// Be content if it is there already
        #[arg(long)]
        if_missing: bool,
    },
    /// List the streams of a target
    ///
    /// Examples:
    ///   ssectl streams list kafka://localhost:9092
    ///   ssectl streams list kafka://localhost:9092 --format json
    #[command(verbatim_doc_comment)]
    List {
        /// The target, such as kafka://localhost:9092
        address: String,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Show partitions, positions and settings
    ///
    /// Examples:
    ///   ssectl streams describe kafka://localhost:9092/orders
    #[command(verbatim_doc_comment)]
    Describe {
        /// The stream
        address: String,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Delete a stream and its records
    ///
    /// Examples:
    ///   ssectl streams delete kafka://localhost:9092/orders
    #[command(verbatim_doc_comment)]
    Delete {
        /// The stream
        address: String,
    },
    /// Show how far a group is behind
    ///
    /// Examples:
    ///   ssectl streams lag kafka://localhost:9092/orders --group billing
    #[command(verbatim_doc_comment)]
    Lag {
        /// The stream
        address: String,
        /// The group
        #[arg(long, short, value_parser = clap::builder::NonEmptyStringValueParser::new())]
        group: String,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Move what a group will read next; it must not be running
    ///
    /// Examples:
    ///   ssectl streams seek kafka://localhost:9092/orders -g billing --offset start
    ///   ssectl streams seek kafka://localhost:9092/orders -g billing --offset @-1h
    #[command(verbatim_doc_comment)]
    Seek {
        /// The stream
        address: String,
        /// The group
        #[arg(long, short, value_parser = clap::builder::NonEmptyStringValueParser::new())]
        group: String,
        /// start, end, N, +N, -N or @TIME
        #[arg(long, short, allow_hyphen_values = true)]
        offset: String,
    },
}

/// How lists are printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ListFormat {
    /// Columns for people
    #[default]
    Text,
    /// One JSON document
    Json,
}

/// Runs the verb.
pub(super) async fn run(args: StreamsArgs, session: &Session) -> CliResult {
    match args.action {
        Action::Create {
            address,
            partitions,
            config,
            if_missing,
        } => create(session, &address, partitions, config, if_missing).await,
        Action::List { address, format } => {
            let place = target(session, &address)?;
            let names = blamed(session, &address, place.admin()?.list().await)?;
            print(session, format, &names, |names| {
                names
                    .iter()
                    .fold(String::new(), |text, name| text + name + "\n")
            })
        }
        Action::Describe { address, format } => {
            let place = stream(session, &address)?;
            let found = place.admin()?.describe(&place.stream).await;
            let info = blamed(session, &address, found)?;
            print(session, format, &info, describe)
        }
        Action::Delete { address } => {
            let place = stream(session, &address)?;
            let deleted = place.admin()?.delete(&place.stream).await;
            blamed(session, &address, deleted)?;
            session.ui.say(format!("deleted {}", place.stream));
            Ok(())
        }
        Action::Lag {
            address,
            group,
            format,
        } => {
            let place = stream(session, &address)?;
            let found = place.admin()?.lag(&place.stream, &group).await;
            let lags = blamed(session, &address, found)?;
            print(session, format, lags.as_slice(), lag)
        }
        Action::Seek {
            address,
            group,
            offset,
        } => {
            let place = stream(session, &address)?;
            let now = Timestamp::from_nanos(jiff::Timestamp::now().as_nanosecond());
            let range =
                Range::parse(&offset, now).map_err(|error| CliError::usage(error.to_string()))?;
            if range.to.is_some() || range.from == Bound::Stored {
                return Err(CliError::usage(format!(
                    "a group cannot be moved to `{offset}`: use one place such as `start`, `-5` or `@-1h`"
                )));
            }
            let moved = place.admin()?.seek(&place.stream, &group, &range).await;
            blamed(session, &address, moved)?;
            session.ui.say(format!(
                "group {group} reads {} from {} next",
                place.stream, range.from
            ));
            Ok(())
        }
    }
}

async fn create(
    session: &Session,
    address: &str,
    partitions: Option<u32>,
    config: Vec<(String, String)>,
    if_missing: bool,
) -> CliResult {
    let place = stream(session, address)?;
    if partitions.is_some() && !place.adapter.capabilities().partitions {
        session.ui.warn(format!(
            "`{}` has no partitions; `--partitions` means nothing there",
            place.adapter.name()
        ));
    }
    let spec = StreamSpec {
        name: place.stream.clone(),
        partitions,
        config: config.into_iter().collect::<BTreeMap<_, _>>(),
        ..StreamSpec::default()
    };
    let admin = place.admin()?;
    match admin.create(&spec).await {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && !if_missing => {
            return Err(CliError::from(error).hint("`--if-missing` is content with it as it is"));
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = blamed(session, address, admin.describe(&place.stream).await)?;
            session.ui.say(format!(
                "{} is there already, partitions: {}; it stays as it is",
                place.stream,
                found.partitions.len()
            ));
        }
        made => {
            blamed(session, address, made)?;
            session.ui.say(format!("created {}", place.stream));
        }
    }
    Ok(())
}

/// What a target answers; what it cannot be asked is an error of the command line, as it is with every verb.
fn blamed<T>(session: &Session, address: &str, answer: ssectl_adapter::Result<T>) -> CliResult<T> {
    answer.map_err(|error| session.blame(address, error))
}

fn target(session: &Session, address: &str) -> CliResult<Place> {
    let place = session.find(address, &Options::new())?;
    match place.stream.as_str() {
        "" => Ok(place),
        stream => Err(CliError::usage(format!(
            "`{address}` names the stream `{stream}`, and all streams of a target are listed"
        ))
        .hint("leave the stream out, or use `streams describe`")),
    }
}

fn stream(session: &Session, address: &str) -> CliResult<Place> {
    session.find_stream(address, &Options::new())
}

fn print<T: Serialize + ?Sized>(
    session: &Session,
    format: ListFormat,
    data: &T,
    text: impl Fn(&T) -> String,
) -> CliResult {
    let text = match format {
        ListFormat::Text => text(data),
        ListFormat::Json => {
            let json = serde_json::to_string_pretty(data);
            json.map_err(|error| CliError::new(Exit::Failed, error.to_string()))? + "\n"
        }
    };
    session.ui.data(text)
}

fn describe(info: &StreamInfo) -> String {
    let count = info.partitions.len();
    let many = if count == 1 { "" } else { "s" };
    let mut text = format!("{}: {count} partition{many}\n", info.name);
    for (name, value) in &info.config {
        let _ = writeln!(text, "  {name}={value}");
    }
    let rows = info
        .partitions
        .iter()
        .map(|p| [p.id.to_string(), p.start.to_string(), p.end.to_string()]);
    // What has no partitions has one without a name and positions, of which there is nothing to show.
    match info.partitions.as_slice() {
        [only] if only.id.as_str().is_empty() => text,
        _ => text + &table(["PARTITION", "START", "END"], rows),
    }
}

fn lag(lags: &[Lag]) -> String {
    let rows = lags.iter().map(|lag| {
        let backlog = match &lag.backlog {
            Backlog::Records(count) => count.to_string(),
            Backlog::Unknown(why) => format!("unknown ({why})"),
        };
        [
            lag.partition.to_string(),
            lag.committed.to_string(),
            lag.end.to_string(),
            backlog,
        ]
    });
    table(["PARTITION", "COMMITTED", "END", "LAG"], rows)
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned))
        .chain(rows)
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn setting(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "use NAME=VALUE".to_owned())
}
