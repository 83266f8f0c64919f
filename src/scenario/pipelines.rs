//! Pipelines: sources, steps, what happens on errors, sinks.

use ssectl_adapter::{Range, Timestamp};

use super::decode::{Decoder, format, text_only};
use super::graph::Link;
use super::{
    Address, Format, Offsets, OnError, Pipeline, Read, Replay, Sink, Source, SourceKind, Speed,
    Step,
};
use crate::document::{Entry, Node, Place, Typed, Value, quote};
use crate::engine::Delivery;

impl Decoder<'_> {
    pub(super) fn pipeline(&mut self, entry: &Entry) -> Option<Pipeline> {
        let Entry { key, node } = entry;
        let source = node.field("source").and_then(|node| self.source(node));
        let steps = match node.field("steps") {
            Some(steps) => self.steps(steps),
            None => Some(Vec::new()),
        };
        let on_error = match node.field("on-error") {
            Some(node) => self.on_error(node),
            None => Some(OnError::default()),
        };
        let sink = node
            .field("sink")
            .and_then(|sink| self.sink(sink, node.field("format")));
        let delivery = self.delivery(node.field("delivery"), source.as_ref());
        if let (Some(source), Some(steps)) = (&source, node.field("steps")) {
            self.refuse_steps_on_raw(source, steps);
        }
        if let (Some(steps), Some(sink)) = (&steps, &sink) {
            self.refuse_ids_of_memory(node, steps, sink);
        }
        self.refuse_reads_twice(source.as_ref(), steps.as_deref());
        let source_place = node.get("source").map_or(&key.place, |node| &node.place);
        self.links.push(Link {
            name: key.name.clone(),
            source: source_place.clone(),
            reads: reads(source.as_ref(), steps.as_deref()),
            writes: writes(sink.as_ref(), on_error.as_ref(), steps.as_deref()),
            endless: source.as_ref().and_then(endless),
        });
        Some(Pipeline {
            name: key.name.clone(),
            source: source?,
            steps: steps?,
            on_error: on_error?,
            delivery: delivery?,
            sink: sink?,
            place: key.place.clone(),
        })
    }

    /// On a queue the two reads would take the records from each other.
    fn refuse_reads_twice(&mut self, source: Option<&Source>, steps: Option<&[Step]>) {
        let mut seen = Vec::new();
        for (address, place) in reads(source, steps) {
            if address.declared().is_some() && seen.contains(&address) {
                let message = format!("the pipeline reads {} twice", quote(&address.to_string()));
                self.faults
                    .error(&place, message)
                    .hint("let another pipeline copy it to a stream of its own");
            }
            seen.push(address);
        }
    }

    fn source(&mut self, node: &Node) -> Option<Source> {
        let kind = if node.get("generate").is_some() {
            SourceKind::Generate(Box::new(self.generated(node)?))
        } else if node.get("replay").is_some() {
            SourceKind::Replay(self.replay(node)?)
        } else {
            SourceKind::Read(self.stream_or_part(node)?)
        };
        Some(Source {
            kind,
            place: node.place.clone(),
        })
    }

    /// A name or address, or a mapping with `stream`.
    pub(super) fn stream_or_part(&mut self, node: &Node) -> Option<Read> {
        if node.scalar().is_none() {
            return self.read(node);
        }
        Some(Read {
            from: self.address(node)?,
            range: Offsets(None),
            group: None,
            format: Format::default(),
        })
    }

    fn replay(&mut self, node: &Node) -> Option<Replay> {
        let files = node
            .field("replay")
            .and_then(|files| self.one_or_more(files, Self::existing_file));
        let unit = node.field("unit");
        let time = node.field("time").map(|time| self.time(time, unit));
        if let (None, Some(unit)) = (&time, unit) {
            self.faults
                .error(&unit.place, "a `unit` without a `time`")
                .hint("say with `time` where the time of a record is");
        }
        let speed = match node.field("speed") {
            Some(speed) => self.speed(speed),
            None if time.is_some() => Some(Speed::Times(1.0)),
            None => Some(Speed::Max),
        };
        if let (None, Some(Speed::Times(_)), Some(speed)) = (&time, speed, node.field("speed")) {
            self.faults
                .error(&speed.place, "a `speed` without a `time`")
                .hint("say with `time` where the time of a record is, or use `max`");
        }
        let repeat = node.field("loop").and_then(Node::scalar);
        Some(Replay {
            files: files?,
            format: format(node.field("format"))?,
            time: match time {
                Some(time) => Some(time?),
                None => None,
            },
            speed: speed?,
            repeat: repeat.is_some_and(|repeat| repeat.typed() == Typed::Bool(true)),
        })
    }

    /// `max`, `10x`, `10`.
    fn speed(&mut self, node: &Node) -> Option<Speed> {
        let text = node.text()?;
        if text == "max" {
            return Some(Speed::Max);
        }
        let factor = text.strip_suffix('x').unwrap_or(text).parse::<f64>();
        match factor {
            Ok(factor) if factor > 0.0 && factor.is_finite() => Some(Speed::Times(factor)),
            _ => {
                self.faults
                    .error(&node.place, format!("{} is no speed", quote(text)))
                    .hint("write `max`, or a factor above 0 such as `10x` or `0.5x`");
                None
            }
        }
    }

    fn read(&mut self, node: &Node) -> Option<Read> {
        let from = node.field("stream").and_then(|node| self.address(node));
        let range = match node.field("from") {
            Some(node) => self.offsets(node),
            None => Some(Offsets(None)),
        };
        let group = node.field("group").map(text_only);
        Some(Read {
            from: from?,
            range: range?,
            group: match group {
                Some(group) => Some(group?.to_owned()),
                None => None,
            },
            format: format(node.field("format"))?,
        })
    }

    fn offsets(&mut self, node: &Node) -> Option<Offsets> {
        let text = node.text()?;
        // Which times are relative does not depend on what they are relative to.
        match Range::parse(text, Timestamp::from_millis(0)) {
            Ok(_) => Some(Offsets(Some(text.to_owned()))),
            Err(_) => {
                self.faults
                    .error(&node.place, format!("{} is no offset", quote(text)))
                    .hint("use `start`, `end`, `stored`, `N`, `+N`, `-N`, `@TIME`, or `FROM:TO`");
                None
            }
        }
    }

    fn refuse_steps_on_raw(&mut self, source: &Source, steps: &Node) {
        let raw = match &source.kind {
            SourceKind::Generate(_) => false,
            SourceKind::Replay(replay) => replay.format == Format::Raw,
            SourceKind::Read(read) => read.format == Format::Raw,
        };
        if raw && !matches!(&steps.value, Value::List(nodes) if nodes.is_empty()) {
            self.faults
                .error(&steps.place, "steps on `raw` records")
                .hint("programs read JSON, text or CSV; give the source that `format`");
        }
    }

    fn on_error(&mut self, node: &Node) -> Option<OnError> {
        if let Some(stream) = node.field("dead-letter") {
            return Some(OnError::DeadLetter {
                to: self.address(stream)?,
                place: stream.place.clone(),
            });
        }
        match node.text()? {
            "fail" => Some(OnError::Fail),
            "skip" => Some(OnError::Skip),
            _ => None,
        }
    }

    /// Exactly-once is for streams that are read as a group: its commits are part of a transaction.
    fn delivery(&mut self, node: Option<&Node>, source: Option<&Source>) -> Option<Delivery> {
        let Some(node) = node else {
            return Some(Delivery::default());
        };
        let delivery = node.text()?.parse().ok()?;
        let ungrouped = source.is_some_and(|source| match &source.kind {
            SourceKind::Read(read) => read.group.is_none(),
            SourceKind::Generate(_) | SourceKind::Replay(_) => true,
        });
        if delivery == Delivery::ExactlyOnce && ungrouped {
            self.faults
                .error(&node.place, "`exactly-once` without a `group`")
                .hint("read a stream as a group: `source: {stream: NAME, group: GROUP}`; what is generated or replayed has no positions to go on from");
        }
        let read = |source: &Source| matches!(source.kind, SourceKind::Read(_));
        if delivery == Delivery::EffectivelyOnce && source.is_some_and(|source| !read(source)) {
            self.faults
                .error(&node.place, "`effectively-once` of what is generated or replayed")
                .hint("a run makes all of it anew, so it has no ids from before; leave `delivery` out");
        }
        Some(delivery)
    }

    /// What steps remember comes from many records, so that only the result itself can tell its id.
    fn refuse_ids_of_memory(&mut self, node: &Node, steps: &[Step], sink: &Sink) {
        let Some(node) = node.field("delivery") else {
            return;
        };
        let effectively = node.text() == Some(Delivery::EffectivelyOnce.as_str());
        if effectively && steps.iter().any(Step::remembers) && !self.has_id(&sink.to) {
            self.faults
                .error(&node.place, "`effectively-once` of what steps remember")
                .hint("give the stream of the sink an `id` that its results tell, such as `id: '[.key, .start, .revision]'`");
        }
    }

    /// `outer` is the pipeline's own `format`.
    fn sink(&mut self, node: &Node, outer: Option<&Node>) -> Option<Sink> {
        let inner = node.field("format");
        if let (Some(outer), Some(_)) = (outer, inner) {
            self.faults
                .error(&outer.place, "`format` of the sink is there twice")
                .hint("keep the one inside of `sink`");
        }
        let stream = if node.scalar().is_some() {
            Some(node)
        } else {
            node.field("stream")
        };
        Some(Sink {
            to: self.address(stream?)?,
            format: format(inner.or(outer))?,
            place: node.place.clone(),
        })
    }
}

fn reads(source: Option<&Source>, steps: Option<&[Step]>) -> Vec<(Address, Place)> {
    let source = source.and_then(|source| match &source.kind {
        SourceKind::Read(read) => Some((read, &source.place)),
        SourceKind::Generate(_) | SourceKind::Replay(_) => None,
    });
    let tables = steps.unwrap_or_default().iter().filter_map(Step::table);
    let reads = source.into_iter().chain(tables);
    reads
        .map(|(read, place)| (read.from.clone(), place.clone()))
        .collect()
}

fn writes(sink: Option<&Sink>, on_error: Option<&OnError>, steps: Option<&[Step]>) -> Vec<Address> {
    let dead_letters = match on_error {
        Some(OnError::DeadLetter { to, .. }) => Some(to),
        _ => None,
    };
    let sink = sink.map(|sink| &sink.to);
    let sides = steps.unwrap_or_default().iter().filter_map(Step::side);
    sink.into_iter()
        .chain(dead_letters)
        .chain(sides)
        .cloned()
        .collect()
}

/// How to end a source that never does.
fn endless(source: &Source) -> Option<&'static str> {
    match &source.kind {
        SourceKind::Generate(spec) if spec.count.is_none() && spec.duration.is_none() => {
            Some("give it a `count` or a `duration`")
        }
        SourceKind::Replay(replay) if replay.repeat => Some("remove `loop: true`"),
        _ => None,
    }
}
