//! What a scenario needs of a target.

use ssectl_adapter::{Bound, Timestamp};

use super::{
    Address, EqualsOrder, Expectation, Expr, Format, OnError, Pipeline, Read, Scenario, SourceKind,
    Step,
};
use crate::document::Place;
use crate::engine::Delivery;
use crate::generate::{BadKind, Spec};

/// Something a target can or cannot do for a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Feature {
    /// Streams can be made.
    Create,
    /// Streams can be written.
    Write,
    /// Streams can be read.
    Read,
    /// Keys survive.
    Keys,
    /// Headers survive.
    Headers,
    /// The times of records survive.
    Times,
    /// Values may be any bytes.
    Binary,
    /// Records of a key keep their order.
    OrderPerKey,
    /// Records of a partition keep their order.
    OrderPerPartition,
    /// A read can start at a position.
    Seek,
    /// A read can start at a time.
    SeekTime,
    /// A group of readers goes on where it committed.
    Groups,
    /// Several readers get all of a stream, each.
    FanOut,
    /// Records of so many bytes are taken.
    RecordSize(usize),
}

/// One thing that is needed of the target.
#[derive(Debug, Clone)]
pub struct Need {
    /// What is needed.
    pub feature: Feature,
    /// For which stream.
    pub stream: String,
    /// What needs it, as in "`shout` sets keys".
    pub why: String,
    /// Where that is written.
    pub place: Place,
}

/// All that a scenario needs, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// One entry per feature and stream; the first reason only.
    pub list: Vec<Need>,
}

impl Scenario {
    /// What the declared streams need of the target they are put on. Streams at addresses of their
    /// own are not part of it.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for stream in &self.streams {
            let why = format!("stream `{}` has to be made", stream.name);
            needs.add(Feature::Create, &stream.name, why, &stream.place);
        }
        for pipeline in &self.pipelines {
            needs.pipeline(pipeline);
        }
        for expectation in &self.expectations {
            needs.expectation(expectation);
        }
        for stream in &self.streams {
            needs.fan_out(&stream.name, &self.readers(&stream.name));
        }
        needs
    }

    /// Who reads a declared stream, each all of it. Pipelines of the same group share it, and are one
    /// reader; the expectation comes last.
    pub fn readers(&self, stream: &str) -> Vec<Reader<'_>> {
        let mut groups: Vec<Option<&str>> = Vec::new();
        let mut readers: Vec<Reader> = Vec::new();
        let reads = self.pipelines.iter().flat_map(|pipeline| {
            let named = move |(read, place)| (&pipeline.name, read, place);
            pipeline.reads().map(named)
        });
        for (name, read, place) in reads {
            if read.from.declared() != Some(stream) {
                continue;
            }
            let group = read.group.as_deref();
            match groups
                .iter()
                .position(|known| group.is_some() && *known == group)
            {
                Some(same) => readers[same].pipelines.push(name),
                None => {
                    groups.push(group);
                    readers.push(Reader {
                        pipelines: vec![name],
                        place,
                    });
                }
            }
        }
        let expectations = self.expectations.iter().filter(|e| e.stream == stream);
        readers.extend(expectations.map(|expectation| Reader {
            pipelines: Vec::new(),
            place: &expectation.place,
        }));
        readers
    }
}

/// One who reads all of a stream.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    /// The pipelines that share the read; none when it is the stream's expectation.
    pub pipelines: Vec<&'a str>,
    /// Where it is written.
    pub place: &'a Place,
}

impl std::fmt::Display for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pipelines.first() {
            Some(name) => write!(f, "pipeline `{name}`"),
            None => f.write_str("its expectation"),
        }
    }
}

impl Needs {
    fn add(&mut self, feature: Feature, stream: &str, why: String, place: &Place) {
        let known = |need: &Need| need.feature == feature && need.stream == stream;
        if !self.list.iter().any(known) {
            self.list.push(Need {
                feature,
                stream: stream.to_owned(),
                why,
                place: place.clone(),
            });
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        let name = &pipeline.name;
        for (read, place) in pipeline.reads() {
            self.read(pipeline, read, place);
        }
        if let SourceKind::Read(read) = &pipeline.source.kind
            && let Some(stream) = read.from.declared()
        {
            for (program, place) in pipeline.steps.iter().flat_map(Step::programs) {
                self.variables(program, stream, place);
            }
        }
        for step in &pipeline.steps {
            if let Some((read, _)) = step.table()
                && let Some(stream) = read.from.declared()
            {
                for (program, place) in step.table_programs() {
                    self.variables(program, stream, place);
                }
            }
        }
        let dead_letters = match &pipeline.on_error {
            OnError::DeadLetter { to, .. } => to.declared(),
            OnError::Fail | OnError::Skip => None,
        };
        let sides = pipeline.sides().filter_map(Address::declared);
        let streams = pipeline.sink.to.declared().into_iter();
        for stream in streams.chain(dead_letters).chain(sides) {
            let why = format!("pipeline `{name}` writes `{stream}`");
            self.add(Feature::Write, stream, why, &pipeline.place);
        }
        let Some(stream) = pipeline.sink.to.declared() else {
            return;
        };
        for (index, step) in pipeline.steps.iter().enumerate() {
            let (feature, what) = match step {
                Step::Key(_) | Step::KeyBy(_) => (Feature::Keys, "keys"),
                Step::Time(_) => (Feature::Times, "times"),
                _ => continue,
            };
            let why = format!("step {} of `{name}` sets {what} of `{stream}`", index + 1);
            self.add(feature, stream, why, step.place());
        }
        if pipeline.delivery == Delivery::EffectivelyOnce {
            let why = format!("`{name}` gives the records of `{stream}` ids in a header");
            self.add(Feature::Headers, stream, why, &pipeline.sink.place);
        }
        if pipeline.sink.format == Format::Raw {
            let why = format!("`{name}` writes raw bytes to `{stream}`");
            self.add(Feature::Binary, stream, why, &pipeline.sink.place);
        }
        if let SourceKind::Generate(spec) = &pipeline.source.kind {
            self.generated(spec, stream, pipeline);
        }
    }

    /// Records spoilt on purpose may be too large, or no text.
    fn generated(&mut self, spec: &Spec, stream: &str, pipeline: &Pipeline) {
        let Some(bad) = &spec.bad else { return };
        let Pipeline { name, source, .. } = pipeline;
        if bad.kinds.contains(&BadKind::Huge) {
            let bytes = bad.size.unwrap_or(DEFAULT_HUGE);
            let why = format!("`{name}` makes records of {bytes} bytes for `{stream}`");
            self.add(Feature::RecordSize(bytes), stream, why, &source.place);
        }
        if bad.kinds.is_empty() || bad.kinds.contains(&BadKind::InvalidUtf8) {
            let why = format!("`{name}` makes records that are no text for `{stream}`");
            self.add(Feature::Binary, stream, why, &source.place);
        }
    }

    fn read(&mut self, pipeline: &Pipeline, read: &Read, place: &Place) {
        let Some(stream) = read.from.declared() else {
            return;
        };
        let name = &pipeline.name;
        let why = format!("pipeline `{name}` reads `{stream}`");
        self.add(Feature::Read, stream, why, place);
        let range = read.range.resolve(Timestamp::from_millis(0));
        let bounds = range
            .into_iter()
            .flat_map(|range| [Some(range.from), range.to]);
        for bound in bounds.flatten() {
            let feature = match bound {
                Bound::Start => continue,
                Bound::Stored => Feature::Groups,
                Bound::Time(_) => Feature::SeekTime,
                Bound::End | Bound::At(_) | Bound::AfterStart(_) | Bound::BeforeEnd(_) => {
                    Feature::Seek
                }
            };
            let why = format!("pipeline `{name}` reads `{stream}` from `{bound}`");
            self.add(feature, stream, why, place);
        }
        if read.group.is_some() {
            let why = format!("pipeline `{name}` reads `{stream}` as a group");
            self.add(Feature::Groups, stream, why, place);
        }
        self.windows(pipeline, stream);
    }

    /// A window without a `time` of its own goes by the times of the records, unless a step before it sets them.
    fn windows(&mut self, pipeline: &Pipeline, stream: &str) {
        let Pipeline { name, steps, .. } = pipeline;
        let sets_time = |step: &&Step| matches!(step, Step::Time(_) | Step::Window(_));
        if let Some(Step::Window(window)) = steps.iter().find(sets_time)
            && window.time.is_none()
        {
            let why = format!("the window of `{name}` goes by the times of `{stream}`");
            self.add(Feature::Times, stream, why, &window.place);
        }
    }

    fn expectation(&mut self, expectation: &Expectation) {
        let Expectation { stream, place, .. } = expectation;
        let why = format!("what is expected of `{stream}` is checked by reading it");
        self.add(Feature::Read, stream, why, place);
        if let Some(order) = &expectation.order {
            let why = format!("`{stream}` is expected to be in order per key");
            self.add(Feature::OrderPerKey, stream, why, &order.by.place);
        }
        if let Some(equals) = &expectation.equals
            && equals.order == EqualsOrder::Exact
        {
            let why = format!("`{stream}` is expected to be in exact order");
            self.add(Feature::OrderPerPartition, stream, why, &equals.place);
        }
        let order = expectation.order.iter().flat_map(|o| [&o.key, &o.by]);
        let programs = expectation
            .every
            .iter()
            .chain(&expectation.some)
            .chain(order);
        for Expr { source, place, .. } in programs {
            self.variables(source, stream, place);
        }
    }

    fn fan_out(&mut self, stream: &str, readers: &[Reader<'_>]) {
        if let [first, second, ..] = readers {
            let why = format!("{first} and {second} both read all of `{stream}`");
            self.add(Feature::FanOut, stream, why, second.place);
        }
    }

    /// What a program reads beside the value.
    fn variables(&mut self, program: &str, stream: &str, place: &Place) {
        for (feature, variable) in [
            (Feature::Keys, "$key"),
            (Feature::Headers, "$headers"),
            (Feature::Times, "$time"),
            (Feature::Times, "$time_ns"),
        ] {
            if names_variable(program, variable) {
                let why = format!("the program reads `{variable}` of `{stream}`");
                self.add(feature, stream, why, place);
            }
        }
    }
}

/// The size of a `huge` record when the scenario does not say.
const DEFAULT_HUGE: usize = (1 << 20) + 1;

/// Whether a program has this variable in it. One of the same name that the program binds itself
/// counts too: then more is asked of the target than is needed, never less.
fn names_variable(program: &str, variable: &str) -> bool {
    program.match_indices(variable).any(|(at, _)| {
        let rest = &program[at + variable.len()..];
        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}
