//! Flags that several verbs share, and what they stand for.

use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use ssectl_adapter::{Bound, Options, Range, Sink, Source, SourceSpec, Timestamp};
use ssectl_framing::{Claim, Compression, FramedSink, Framing};

use super::error::{CliError, CliResult, Exit};
use super::session::Session;
use crate::config;
use crate::engine::{Input, OnError, Pipeline, Settings, State, Stats, Steps, Take};
use crate::format::Format;
use crate::places::Place;

/// Which part of a stream is read.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "What to read")]
pub(super) struct RangeArgs {
    /// Where to start, and after a colon where to end: start, end, stored, N, +N, -N, @TIME
    ///
    /// `+N` is N records behind the start, `-N` N before the end, of each partition. TIME is
    /// milliseconds or seconds since 1970, a date, RFC 3339, or `-1h`. `100:200` reads 100 to
    /// 199, `@-1h:end` the last hour.
    #[arg(long, short, value_name = "RANGE", allow_hyphen_values = true)]
    pub(super) offset: Option<String>,
    /// Only this partition; may be given again
    #[arg(long, short, value_name = "PARTITION")]
    pub(super) partition: Vec<String>,
    /// Read as this consumer group: go on where it stopped, share partitions, commit
    #[arg(long, short, value_name = "GROUP", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) group: Option<String>,
    /// Wait for more instead of stopping at the end
    #[arg(long, short)]
    pub(super) follow: bool,
    /// Stop after this many records
    #[arg(long, short = 'n', value_name = "N")]
    pub(super) count: Option<u64>,
}

impl RangeArgs {
    /// What the flags say together.
    fn range(&self) -> CliResult<Range> {
        let now = jiff::Timestamp::now().as_nanosecond();
        let stored = if self.group.is_some() {
            Bound::Stored
        } else {
            Bound::Start
        };
        let mut range = match &self.offset {
            Some(text) => Range::parse(text, Timestamp::from_nanos(now))
                .map_err(|error| CliError::usage(error.to_string()))?,
            None => Range {
                from: stored,
                to: None,
            },
        };
        if self.follow && range.to.is_some() {
            return Err(CliError::usage(
                "`--follow` has no end, but `--offset` names one",
            ));
        }
        if range.from == Bound::Stored && self.group.is_none() {
            return Err(CliError::usage("`--offset stored` needs a `--group`"));
        }
        if !self.follow && range.to.is_none() {
            range.to = Some(Bound::End);
        }
        Ok(range)
    }

    /// What to read of a stream; its name is still to be filled in.
    pub(super) fn spec(&self) -> CliResult<SourceSpec> {
        Ok(SourceSpec {
            stream: String::new(),
            partitions: self.partition.clone(),
            range: self.range()?,
            group: self.group.clone(),
            ..SourceSpec::default()
        })
    }

    /// Opens the place for reading as the flags say.
    pub(super) async fn open(
        &self,
        session: &Session,
        place: &Place,
    ) -> CliResult<Box<dyn Source>> {
        let opened = place.source(self.spec()?).await;
        let source = opened.map_err(|error| session.blame(&place.address, error))?;
        Ok(match self.count {
            Some(count) => Box::new(Take::new(source, count)),
            None => source,
        })
    }
}

/// How bytes are split into records.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "Input")]
pub(super) struct InputArgs {
    /// json (a value per line), text (lines), csv (header, then rows) or envelope
    #[arg(long, short = 'I', value_name = "FORMAT", value_parser = framing)]
    pub(super) input_format: Option<Framing>,
    /// Longest record that is read, in bytes [default: 64 MiB]
    #[arg(long, value_name = "BYTES", value_parser = at_least_one)]
    pub(super) max_record: Option<usize>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "use a number from 1 on".to_owned())
}

impl InputArgs {
    /// For bytes that are envelopes.
    pub(super) fn envelopes() -> Self {
        Self {
            input_format: Some(Framing::Envelope),
            max_record: None,
        }
    }

    /// Finds a place to read from; the path of a file that is there will do.
    pub(super) fn find(&self, session: &Session, address: &str) -> CliResult<Place> {
        let address = &file_address(session, address);
        if address == "-" && session.ui.input_is_terminal() {
            return Err(CliError::usage("nothing to read: stdin is a terminal")
                .hint("pipe data in, or name a stream; `--help` has examples"));
        }
        let mut options = Options::new();
        if is_framed(address) {
            if let Some(format) = self.input_format {
                options.insert("format".to_owned(), format.as_str().into());
            }
            if let Some(max) = self.max_record {
                options.insert("max-record".to_owned(), max.into());
            }
        } else if self.max_record.is_some() {
            return Err(CliError::usage("`--max-record` is for files and stdin")
                .hint("a broker has its own limit"));
        }
        session.find_stream(address, &options)
    }

    /// The framing that will be used for a place.
    pub(super) fn framing(&self, place: &Place) -> Framing {
        let by_name = if place.is_framed() {
            Framing::of_path(&place.stream)
        } else {
            Framing::Json
        };
        self.input_format.unwrap_or(by_name)
    }
}

/// The address of a file that is named by its path alone.
fn file_address(session: &Session, address: &str) -> String {
    let is_file = !address.contains(':')
        && !session.places.config().targets().contains(&address)
        && std::path::Path::new(address).is_file();
    match is_file {
        true => format!("file:{address}"),
        false => address.to_owned(),
    }
}

/// Where results go and how they look.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Where the records go
    #[arg(long, value_name = "ADDRESS", default_value = "-")]
    pub(super) to: String,
    #[command(flatten)]
    pub(super) look: LookArgs,
    /// Write behind what the file holds instead of replacing it
    #[arg(long)]
    pub(super) append: bool,
}

/// How records look as bytes.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "Output")]
pub(super) struct LookArgs {
    /// json, ndjson, text, csv, envelope, raw, pretty, or a template such as '%p %o %k %s\n'
    #[arg(long, short = 'F', value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Columns of a CSV, with commas between [default: the fields of the first record]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(super) columns: Vec<String>,
}

impl OutputArgs {
    /// Opens the place to write to. `usual` is the format where neither flag nor name says one.
    pub(super) async fn open(&self, session: &Session, usual: &Format) -> CliResult<Box<dyn Sink>> {
        if self.to == "-" {
            if self.append {
                return Err(CliError::usage("`--append` is for files")
                    .hint("a shell appends to a file with `>>`"));
            }
            return self.look.stdout(session, usual);
        }
        let opened = self.place(session, usual)?.sink().await;
        opened.map_err(|error| session.blame(&self.to, error))
    }

    /// The place to write to, with the options of the flags.
    pub(super) fn place(&self, session: &Session, usual: &Format) -> CliResult<Place> {
        let mut options = Options::new();
        if is_framed(&self.to) {
            match (&self.look.format, usual) {
                (Some(Format::Framing(framing)), _) => set_format(&mut options, *framing),
                (Some(other), _) => {
                    return Err(CliError::usage(format!("format `{other}` is for stdout"))
                        .hint("files can be written as json, text, csv or envelope"));
                }
                (None, Format::Framing(framing)) if *framing != Framing::Json => {
                    set_format(&mut options, *framing)
                }
                (None, _) => {}
            }
            if !self.look.columns.is_empty() {
                options.insert("columns".to_owned(), self.look.columns.clone().into());
            }
            if self.append {
                options.insert("append".to_owned(), true.into());
            }
        } else if self.look.format.is_some() || self.append {
            return Err(
                CliError::usage(format!("`{}` takes records as they are", self.to))
                    .hint("`--format`, `--columns` and `--append` are for files and stdout"),
            );
        }
        session.find_stream(&self.to, &options)
    }
}

impl LookArgs {
    /// A sink that writes to stdout.
    pub(super) fn stdout(&self, session: &Session, usual: &Format) -> CliResult<Box<dyn Sink>> {
        let format = self.format.as_ref().unwrap_or(usual);
        let encoder = format
            .encoder(self.columns.clone(), session.ui.colours_output())
            .map_err(|error| session.blame("-", error))?;
        Claim::check_stdout().map_err(|error| session.blame("-", error))?;
        let output = Compression::None
            .compress(std::io::stdout())
            .map_err(|error| CliError::new(Exit::Failed, format!("cannot open stdout: {error}")))?;
        Ok(Box::new(FramedSink::new(
            "-",
            encoder,
            output,
            Box::new(|| Ok(())),
        )))
    }
}

/// What happens to bad records.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Bad records")]
pub(super) struct PolicyArgs {
    /// fail, skip, or dead-letter=ADDRESS (records as they were, with the reason in headers; of
    /// those over --max-record the first 1024 bytes)
    ///
    /// [default: fail, unless the configuration says skip]
    #[arg(long, value_name = "POLICY")]
    pub(super) on_error: Option<Policy>,
    /// Exit with 7 if any record was bad, whatever the policy
    #[arg(long)]
    pub(super) strict: bool,
}

/// `--on-error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Policy {
    /// Stop at the first.
    Fail,
    /// Leave out and count.
    Skip,
    /// Keep elsewhere.
    DeadLetter(String),
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "fail" => Ok(Self::Fail),
            None if text == "skip" => Ok(Self::Skip),
            Some(("dead-letter", address)) if !address.is_empty() => {
                Ok(Self::DeadLetter(address.to_owned()))
            }
            _ => Err("use fail, skip or dead-letter=ADDRESS".to_owned()),
        }
    }
}

impl PolicyArgs {
    /// Opens the dead letters, if any.
    pub(super) async fn open(&self, session: &Session) -> CliResult<OnError> {
        Ok(match self.dead_letters(session)? {
            None if self.skips(session) => OnError::Skip,
            None => OnError::Fail,
            Some(place) => {
                let opened = place.sink().await;
                OnError::DeadLetter(opened.map_err(|error| session.blame(&place.address, error))?)
            }
        })
    }

    /// Where dead letters go, if they are kept.
    pub(super) fn dead_letters(&self, session: &Session) -> CliResult<Option<Place>> {
        let Some(Policy::DeadLetter(address)) = &self.on_error else {
            return Ok(None);
        };
        let mut options = Options::new();
        if is_framed(address) {
            // Only the envelope holds any bytes and the reason beside them.
            set_format(&mut options, Framing::Envelope);
        }
        session.find_stream(address, &options).map(Some)
    }

    /// Whether bad records are left out.
    pub(super) fn skips(&self, session: &Session) -> bool {
        match &self.on_error {
            Some(policy) => *policy == Policy::Skip,
            None => matches!(session.places.config().on_error(), config::OnError::Skip),
        }
    }
}

/// Puts a pipeline together with the usual settings.
pub(super) fn pipeline(
    name: &str,
    source: Box<dyn Source>,
    steps: Steps,
    on_error: OnError,
    sink: Box<dyn Sink>,
) -> Pipeline {
    Pipeline {
        name: name.to_owned(),
        inputs: vec![Input::new(source, steps)],
        then: Vec::new(),
        on_error,
        sink,
        ids: None,
        together: None,
        sides: Vec::new(),
        state: State::default(),
        stats: Arc::new(Stats::default()),
        trace: None,
        settings: Settings::default(),
    }
}

pub(super) fn is_framed(address: &str) -> bool {
    address == "-" || address.starts_with("file:")
}

fn set_format(options: &mut Options, framing: Framing) {
    options.insert("format".to_owned(), framing.as_str().into());
}

fn framing(text: &str) -> Result<Framing, String> {
    let found = Framing::ALL
        .into_iter()
        .find(|framing| framing.as_str() == text);
    match text {
        "ndjson" => Ok(Framing::Json),
        _ => found.ok_or_else(|| "use json, text, csv or envelope".to_owned()),
    }
}
