//! From declared pipelines to open ones, and when each of them ends.

mod sinks;
mod together;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ssectl_adapter::{Bound, Options, Range, Sink, Source, SourceSpec, StreamUri, Timestamp};
use tokio::sync::watch;

use super::copies::Copies;
use super::error::RunError;
use super::segments::{Segments, segments};
use super::{Runner, identity, notice};
use crate::engine::{
    self, AfterTables, Delivery, Encoding, Input, PacedSink, PacedSource, Repeats, Settings, State,
    Stats, Steps, Table,
};
use crate::generate::GenerateSource;
use crate::places::Home;
use crate::replay::{Order, Plan, Repeat, ReplaySource};
use crate::scenario::{
    self, Address, Format, Limit, OnError, Pipeline, Read, Replay, Scenario, SourceKind, Step,
};
use together::OpenEnds;

/// A pipeline with its ends open.
pub(super) struct Opened {
    pub(super) pipeline: engine::Pipeline,
    /// The declared stream it writes, if it writes one.
    writes: Vec<String>,
}

/// Streams that are written by the run, each with the flag to set when its last writer ended.
pub(super) type Ends = BTreeMap<String, watch::Sender<bool>>;

pub(super) async fn open(
    runner: &Runner<'_>,
    scenario: &Scenario,
    home: &Home,
    copies: &Copies,
) -> Result<(Vec<Opened>, Ends), RunError> {
    let mut ends: Ends = BTreeMap::new();
    for pipeline in &scenario.pipelines {
        for stream in writes(pipeline) {
            ends.entry(stream)
                .or_insert_with(|| watch::Sender::new(false));
        }
    }
    let mut opened = Vec::new();
    for pipeline in &scenario.pipelines {
        let opener = Opener {
            runner,
            scenario,
            home,
            copies,
            pipeline,
            ends: &ends,
        };
        opened.push(opener.open().await?);
    }
    Ok((opened, ends))
}

fn writes(pipeline: &Pipeline) -> Vec<String> {
    let dead = match &pipeline.on_error {
        OnError::DeadLetter { to, .. } => to.declared(),
        OnError::Fail | OnError::Skip => None,
    };
    pipeline
        .sink
        .to
        .declared()
        .into_iter()
        .chain(dead)
        .chain(pipeline.sides().filter_map(|(to, _)| to.declared()))
        .map(str::to_owned)
        .collect()
}

pub(super) struct Opener<'a> {
    pub(super) runner: &'a Runner<'a>,
    pub(super) scenario: &'a Scenario,
    pub(super) home: &'a Home,
    copies: &'a Copies,
    pub(super) pipeline: &'a Pipeline,
    pub(super) ends: &'a Ends,
}

impl Opener<'_> {
    async fn open(&self) -> Result<Opened, RunError> {
        let never = || watch::channel(false).1;
        if let (Delivery::ExactlyOnce, SourceKind::Read(read)) =
            (self.pipeline.delivery, &self.pipeline.source.kind)
        {
            let written = read.from.declared().and_then(|name| self.ends.get(name));
            let bound = written.map_or_else(never, watch::Sender::subscribe);
            let (ends, state) = self.together(read, written.is_some()).await?;
            let (source, sink, settings) = self.pace(ends.source, ends.sink);
            let ends = OpenEnds {
                source,
                sink,
                ..ends
            };
            return self.opened(ends, bound, settings, state).await;
        }
        let state = self.state().await?;
        let name = input_name(&self.pipeline.source.kind);
        let (source, bound) = self.source(&self.pipeline.source, &name, &state).await?;
        let sink = self.results().await?;
        let (source, sink, settings) = self.pace(source, sink);
        let ends = OpenEnds {
            source,
            on_error: self.on_error().await?,
            sink,
            sides: self.sides().await?,
            together: None,
        };
        self.opened(ends, bound, settings, state).await
    }

    /// Opens one of the sources, and says what becomes true when it is complete. `name` is what it is called in
    /// checkpoints.
    async fn source(
        &self,
        source: &scenario::Source,
        name: &str,
        state: &State,
    ) -> Result<(Box<dyn Source>, watch::Receiver<bool>), RunError> {
        let never = watch::channel(false).1;
        Ok(match &source.kind {
            SourceKind::Generate(spec) => {
                let source = GenerateSource::new(spec).map_err(|error| self.fault(error))?;
                (Box::new(source), never)
            }
            SourceKind::Replay(replay) => (self.replay(replay).await?, never),
            SourceKind::Read(read) => {
                let written = read.from.declared().and_then(|name| self.ends.get(name));
                let bound = written.map_or(never, watch::Sender::subscribe);
                let source = self.read_on(read, name, written.is_some(), state).await?;
                (source, bound)
            }
        })
    }

    /// The pipeline between its ends.
    async fn opened(
        &self,
        ends: OpenEnds,
        bound: watch::Receiver<bool>,
        settings: Settings,
        state: State,
    ) -> Result<Opened, RunError> {
        let stats = Arc::new(Stats::default());
        let (source, rows, loaded) = self.tables(ends.source, &stats).await?;
        let segments = self.segments(rows, &stats)?;
        let mut inputs = vec![Input {
            name: input_name(&self.pipeline.source.kind),
            source,
            repeats: self.repeats(&self.pipeline.source),
            steps: segments.first.clone(),
            bound,
        }];
        for merged in &self.pipeline.merged {
            let name = unlike(&inputs, input_name(&merged.kind));
            let (source, bound) = self.source(merged, &name, &state).await?;
            inputs.push(Input {
                name,
                source: Box::new(AfterTables::behind(source, loaded.clone())),
                repeats: self.repeats(merged),
                steps: segments.first.clone(),
                bound,
            });
        }
        for step in &self.pipeline.steps {
            if let Step::Related(related) = step
                && let Some(read) = &related.with
            {
                let name = unlike(&inputs, read.from.to_string());
                inputs.push(self.partner(read, name, &state).await?);
            }
        }
        Ok(Opened {
            pipeline: engine::Pipeline {
                name: self.pipeline.name.clone(),
                inputs,
                then: segments.then,
                on_error: ends.on_error,
                sink: ends.sink,
                ids: identity::ids(self.scenario, self.pipeline),
                sides: ends.sides,
                state,
                together: ends.together,
                stats,
                trace: self.trace(),
                settings,
            },
            writes: writes(self.pipeline),
        })
    }

    /// The steps; those of Beam where it runs them.
    fn segments(&self, rows: Vec<Table>, stats: &Stats) -> Result<Segments, RunError> {
        let format = self.pipeline.source.format();
        let Some(beam) = self.runner.beam.filter(|beam| beam.takes(self.pipeline)) else {
            let traced = self.runner.tracer.is_some();
            return Ok(segments(self.pipeline, format, rows, stats, traced));
        };
        let encodings = (encoding(format), encoding(self.pipeline.sink.format));
        let (first, then) = beam
            .segments(self.scenario, self.pipeline, encodings)
            .map_err(|refusals| {
                let refusals: Vec<String> = refusals.iter().map(ToString::to_string).collect();
                self.fault(format!("Beam cannot run it: {}", refusals.join("; ")))
            })?;
        Ok(Segments { first, then })
    }

    /// What leaves out the records that come again of a declared stream.
    fn repeats(&self, source: &scenario::Source) -> Option<Repeats> {
        source.read().and_then(|(read, _)| self.repeats_of(read))
    }

    fn repeats_of(&self, read: &Read) -> Option<Repeats> {
        identity::repeats(self.scenario, read.from.declared()?, encoding(read.format))
    }

    /// The right source of a join, whose records go untouched to the step that wants them.
    async fn partner(&self, read: &Read, name: String, state: &State) -> Result<Input, RunError> {
        let written = read.from.declared().and_then(|name| self.ends.get(name));
        let encoding = encoding(read.format);
        Ok(Input {
            source: self.read_on(read, &name, written.is_some(), state).await?,
            name,
            repeats: self.repeats_of(read),
            steps: Steps::new(Vec::new(), encoding, encoding),
            bound: written.map_or_else(|| watch::channel(false).1, watch::Sender::subscribe),
        })
    }

    /// Limits what is read if the first step says so, and what is written if the last one does. Little is read at once
    /// then, so that what was read does not have to wait for long before it is committed.
    fn pace(
        &self,
        source: Box<dyn Source>,
        sink: Box<dyn Sink>,
    ) -> (Box<dyn Source>, Box<dyn Sink>, Settings) {
        let mut settings = self.runner.settings;
        let steps = &self.pipeline.steps;
        if let Some(Step::Rate(Limit { rate, .. })) = steps.first() {
            return (Box::new(PacedSource::new(source, *rate)), sink, settings);
        }
        let Some(Step::Rate(Limit { rate, .. })) = steps.last() else {
            return (source, sink, settings);
        };
        let second = usize::try_from(rate.within(settings.commit_every));
        let second = second.unwrap_or(usize::MAX).max(1);
        settings.limit.records = settings.limit.records.min(second);
        let stop = self.runner.control.stop.clone();
        (
            source,
            Box::new(PacedSink::new(sink, *rate, stop)),
            settings,
        )
    }

    pub(super) fn fault(&self, message: impl std::fmt::Display) -> RunError {
        RunError::pipeline(&self.pipeline.name, message)
    }

    async fn replay(&self, replay: &Replay) -> Result<Box<dyn Source>, RunError> {
        let options = |uri: &StreamUri| framing(uri, replay.format);
        let inputs = replay.files.iter().map(|path| {
            let uri = StreamUri::file(path.to_string_lossy());
            self.runner.place(&uri, &options(&uri))
        });
        let plan = Plan {
            inputs: inputs
                .collect::<Result<_, _>>()
                .map_err(|error| self.fault(error))?,
            time: replay.time.as_ref().map(|time| time.program.clone()),
            text: replay.format == Format::Text,
            speed: replay.speed.into(),
            max_gap: None,
            order: Order::AsRecorded,
            repeat: if replay.repeat {
                Repeat::Forever
            } else {
                Repeat::Times(1)
            },
            shift: false,
        };
        let name = self.pipeline.name.clone();
        let (control, scenario) = (self.runner.control.clone(), self.scenario.name.clone());
        let source = ReplaySource::open(plan)
            .await
            .map_err(|error| self.fault(error))?;
        Ok(Box::new(source.on_end(move |drift| {
            notice(&control, &scenario, format!("{name}: {drift}"))
        })))
    }

    /// The same as [`Opener::read`], from where a checkpoint was taken.
    async fn read_on(
        &self,
        read: &Read,
        name: &str,
        written_here: bool,
        state: &State,
    ) -> Result<Box<dyn Source>, RunError> {
        // With state the stream is one with it: what the run before wrote and did not read is to be read.
        let only_new = written_here && !state.is_durable();
        let range = self.range(read, only_new, written_here || self.runner.follow);
        let spec = SourceSpec {
            at: state.positions(name),
            ..Self::spec(read, range)
        };
        self.read_spec(read, spec).await
    }

    /// The records that the scenario says of a stream; without an end only if `unbounded`.
    pub(super) async fn read(
        &self,
        read: &Read,
        written_here: bool,
        unbounded: bool,
    ) -> Result<Box<dyn Source>, RunError> {
        self.read_range(read, self.range(read, written_here, unbounded))
            .await
    }

    /// Which part of a stream is read.
    fn range(&self, read: &Read, written_here: bool, unbounded: bool) -> Range {
        let now = match &self.runner.timeline {
            Some(timeline) => timeline.now(),
            None => Timestamp::from_nanos(jiff::Timestamp::now().as_nanosecond()),
        };
        let to = if unbounded { None } else { Some(Bound::End) };
        let usual = match (&read.group, written_here) {
            (Some(_), _) => Bound::Stored,
            (None, true) => Bound::End,
            (None, false) => Bound::Start,
        };
        match read.range.resolve(now) {
            Some(range) => Range {
                to: range.to.or(to),
                ..range
            },
            None => Range { from: usual, to },
        }
    }

    /// What to read of a stream; its name is still to be filled in.
    fn spec(read: &Read, range: Range) -> SourceSpec {
        SourceSpec {
            stream: String::new(),
            partitions: Vec::new(),
            range,
            group: read.group.clone(),
            ..SourceSpec::default()
        }
    }

    /// The records of a range, whatever the scenario says of it.
    pub(super) async fn read_range(
        &self,
        read: &Read,
        range: Range,
    ) -> Result<Box<dyn Source>, RunError> {
        self.read_spec(read, Self::spec(read, range)).await
    }

    async fn read_spec(&self, read: &Read, spec: SourceSpec) -> Result<Box<dyn Source>, RunError> {
        let name = read.from.to_string();
        let opened = match &read.from {
            Address::Declared(stream) => {
                let reads = self.copies.read_by(stream, Some(&self.pipeline.name));
                let stream = reads.to_owned();
                self.home
                    .target
                    .source(&SourceSpec { stream, ..spec })
                    .await
            }
            Address::Uri(uri) => match self.runner.place(uri, &framing(uri, read.format)) {
                Ok(place) => place.source(spec).await,
                Err(error) => Err(error),
            },
        };
        opened.map_err(RunError::stream(&name))
    }
}

/// What a source is called in checkpoints.
fn input_name(source: &SourceKind) -> String {
    match source {
        SourceKind::Generate(_) => "generate".to_owned(),
        SourceKind::Replay(_) => "replay".to_owned(),
        SourceKind::Read(read) => read.from.to_string(),
    }
}

/// A name that no input has yet: the same source may be there twice.
fn unlike(inputs: &[Input], name: String) -> String {
    let taken = |name: &String| inputs.iter().any(|input| input.name == *name);
    if !taken(&name) {
        return name;
    }
    let others = (2..).map(|number| format!("{name}#{number}"));
    let free = others.into_iter().find(|other| !taken(other));
    free.expect("there are more numbers than inputs")
}

/// What the bytes of a format are to programs.
pub(super) fn encoding(format: Format) -> Encoding {
    match format {
        Format::Json | Format::Csv => Encoding::Json,
        Format::Text | Format::Raw => Encoding::Text,
    }
}

fn framed(uri: &StreamUri) -> bool {
    matches!(uri.scheme.as_str(), "file" | "stdio")
}

/// The format as an option of plain byte streams; brokers take bytes as they are.
fn framing(uri: &StreamUri, format: Format) -> Options {
    if !framed(uri) {
        return Options::new();
    }
    match format {
        // The name of the file says more than the default does.
        Format::Json => Options::new(),
        Format::Text | Format::Raw => format_option("text"),
        Format::Csv => format_option("csv"),
    }
}

fn format_option(name: &str) -> Options {
    Options::from_iter([("format".to_owned(), name.into())])
}

/// Counts the writers of each stream down, and bounds its readers when the last one ended.
pub(super) struct Tracker {
    writers: Mutex<BTreeMap<String, Vec<String>>>,
    ends: Ends,
}

impl Tracker {
    pub(super) fn new(pipelines: &[Opened], ends: Ends) -> Self {
        let mut writers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for opened in pipelines {
            for stream in &opened.writes {
                writers
                    .entry(stream.clone())
                    .or_default()
                    .push(opened.pipeline.name.clone());
            }
        }
        Self {
            writers: Mutex::new(writers),
            ends,
        }
    }

    /// The pipeline has ended, and its sinks have everything.
    pub(super) fn ended(&self, pipeline: &str) {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        for (stream, left) in writers.iter_mut() {
            left.retain(|name| name != pipeline);
            if left.is_empty()
                && let Some(end) = self.ends.get(stream)
            {
                end.send_replace(true);
            }
        }
    }
}
