//! From checked YAML to the model: what belongs to every part of a scenario.
//!
//! The shape has been checked before. Here a value of the wrong shape is passed over without a
//! word, and only what a schema cannot say is reported: names, programs, files, addresses.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ssectl_adapter::{StreamSpec, StreamUri};

use super::graph::Link;
use super::{Address, Expr, Format, Param, Scenario, Stream, TimeExpr};
use crate::document::{Entry, Faults, Node, Place, Typed, Value, list, meant, quote, redact_uri};
use crate::duration::HumanDuration;
use crate::expr::time::{EventTime, Unit};
use crate::expr::{CompileError, Options, Origin, Program};
use crate::timeline::{Clock, ClockError};

/// The names a scenario may use on every target: what is left of the rules of Kafka, Pub/Sub,
/// Kinesis, SQS and Event Hubs.
const LONGEST_NAME: usize = 80;

/// So many programs may be in one file; each compiled one takes about 100 KB.
const MOST_PROGRAMS: usize = 500;

pub(super) struct Decoder<'a> {
    file: &'a Path,
    streams: Vec<String>,
    /// Those of them that have an `id`.
    identified: Vec<String>,
    /// How the pipelines decoded so far hang together.
    pub(super) links: Vec<Link>,
    programs: usize,
    pub(super) faults: &'a mut Faults,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(file: &'a Path, root: &Node, faults: &'a mut Faults) -> Self {
        let streams = root.get("streams").map_or(&[] as &[Entry], Node::entries);
        let name = |entry: &Entry| entry.key.name.clone();
        let identified = streams
            .iter()
            .filter(|entry| entry.node.field("id").is_some());
        Self {
            file,
            streams: streams.iter().map(name).collect(),
            identified: identified.map(name).collect(),
            links: Vec::new(),
            programs: 0,
            faults,
        }
    }

    /// Whether records of a stream have an id of their own.
    pub(super) fn has_id(&self, stream: &Address) -> bool {
        let declared = stream.declared();
        declared.is_some_and(|name| self.identified.iter().any(|known| known == name))
    }

    /// The whole scenario; `None` if any part of it is missing.
    pub(super) fn scenario(&mut self, root: &Node, params: Vec<Param>) -> Option<Scenario> {
        let name = self.name(root);
        let streams = self.all(root.field("streams"), Self::stream);
        let pipelines = self.all(root.field("pipelines"), Self::pipeline);
        let expectations = self.all(root.field("expect"), Self::expectation);
        let faults = root.field("faults").map(plan_of_faults);
        let clock = self.optional(root, "clock", Self::clock);
        if let Some(node) = root.field("pipelines")
            && node.entries().is_empty()
        {
            self.faults
                .error(&node.place, "a scenario needs at least one pipeline");
        }
        Some(Scenario {
            name: name?,
            summary: root
                .field("summary")
                .and_then(Node::text)
                .map(str::to_owned),
            file: self.file.to_owned(),
            params,
            streams: streams?,
            pipelines: pipelines?,
            expectations: expectations?,
            faults,
            clock: clock?.unwrap_or_default(),
        })
    }

    fn clock(&mut self, node: &Node) -> Option<Clock> {
        let clock = node.text()?.parse::<Clock>();
        let report = |error: ClockError| {
            self.faults.error(&node.place, error.to_string());
        };
        clock.map_err(report).ok()
    }

    /// Decodes every entry of a mapping, also after one that failed.
    fn all<T>(
        &mut self,
        node: Option<&Node>,
        mut decode: impl FnMut(&mut Self, &Entry) -> Option<T>,
    ) -> Option<Vec<T>> {
        let entries = node.map_or(&[] as &[Entry], Node::entries);
        let decoded: Vec<Option<T>> = entries.iter().map(|entry| decode(self, entry)).collect();
        decoded.into_iter().collect()
    }

    fn name(&mut self, root: &Node) -> Option<String> {
        let node = root.field("name")?;
        let name = node.text()?;
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(allowed) {
            let message = format!("{} is no name of a scenario", quote(name));
            self.faults
                .error(&node.place, message)
                .hint("use small letters, digits and `-`");
            return None;
        }
        Some(name.to_owned())
    }

    fn stream(&mut self, entry: &Entry) -> Option<Stream> {
        let Entry { key, node } = entry;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let name_is_good = key.name.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.name.len() <= LONGEST_NAME
            && key.name.chars().all(allowed);
        if !name_is_good {
            let message = format!("{} is no name of a stream", quote(&key.name));
            self.faults.error(&key.place, message).hint(format!(
                "use letters, digits, `-`, `_` and `.`, a letter first, {LONGEST_NAME} at most"
            ));
            return None;
        }
        let partitions = match node.field("partitions") {
            Some(node) => Some(u32::try_from(unsigned(node)?).ok()?),
            None => None,
        };
        let id = match node.field("id") {
            Some(node) => Some(self.expr(node)?),
            None => None,
        };
        let settings = node.field("config").map_or(&[] as &[Entry], Node::entries);
        let config: BTreeMap<String, String> = settings
            .iter()
            .filter_map(|entry| Some((entry.key.name.clone(), entry.node.text()?.to_owned())))
            .collect();
        Some(Stream {
            name: key.name.clone(),
            spec: StreamSpec {
                name: key.name.clone(),
                partitions,
                config,
                ..StreamSpec::default()
            },
            id,
            place: key.place.clone(),
        })
    }

    /// A stream that is declared.
    pub(super) fn declared(&mut self, name: &str, place: &Place) -> Option<String> {
        if self.streams.iter().any(|known| known == name) {
            return Some(name.to_owned());
        }
        let known = || self.streams.iter().map(String::as_str);
        self.faults
            .error(place, format!("unknown stream {}", quote(name)))
            .hint_with(|| {
                Some(match meant(name, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if self.streams.is_empty() => "declare it under `streams`".to_owned(),
                    None => format!("declare it under `streams`; there is {}", list(known())),
                })
            });
        None
    }

    /// A name of a stream, or a URI.
    pub(super) fn address(&mut self, node: &Node) -> Option<Address> {
        let text = text_only(node)?;
        if text != "-" && !text.contains(':') {
            return self.declared(text, &node.place).map(Address::Declared);
        }
        let shown = redact_uri(text);
        match text.parse::<StreamUri>() {
            Ok(uri) if uri.path.is_empty() => {
                let message = format!("{} names no stream", quote(&shown));
                self.faults
                    .error(&node.place, message)
                    .hint("write `kafka://host:port/topic`, `file:path`, `TARGET:STREAM` or `-`");
                None
            }
            Ok(mut uri) => {
                if uri.scheme == "file" {
                    uri.path = self.path(&uri.path).display().to_string();
                }
                Some(Address::Uri(uri))
            }
            Err(error) => {
                let message = format!("{} is no stream address: {error}", quote(&shown));
                let hint = error.hint_text().map(str::to_owned);
                self.faults.error(&node.place, message).hint_with(|| hint);
                None
            }
        }
    }

    /// A path as the file means it.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }

    /// A file that must be there.
    pub(super) fn existing_file(&mut self, node: &Node) -> Option<PathBuf> {
        let text = node.text()?;
        let path = self.path(text);
        let problem = match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => "is a folder".to_owned(),
            Ok(_) => return Some(path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "is not there".to_owned(),
            Err(error) => format!("cannot be used: {error}"),
        };
        self.faults
            .error(&node.place, format!("file {} {problem}", quote(text)))
            .hint(format!(
                "it is looked for as {}",
                quote(&path.display().to_string())
            ));
        None
    }

    /// A jq program, compiled.
    pub(super) fn expr(&mut self, node: &Node) -> Option<Expr> {
        let source = self.program(node)?;
        let compiled = Program::compile(origin(node), &source, &Options::default());
        let program = self.compiled(node, compiled)?;
        Some(Expr {
            source,
            place: node.place.clone(),
            program,
        })
    }

    /// A jq program for a time, with the unit that stands beside it.
    pub(super) fn time(&mut self, node: &Node, unit: Option<&Node>) -> Option<TimeExpr> {
        let source = self.program(node)?;
        let unit = match unit {
            Some(unit) => unit.text()?.parse().ok(),
            None => Some(Unit::Ms),
        };
        // The program's faults are reported also when the unit is wrong.
        let checked_with = unit.unwrap_or(Unit::Ms);
        let compiled = EventTime::compile(origin(node), &source, checked_with, &Options::default());
        let program = self.compiled(node, compiled)?;
        Some(TimeExpr {
            source,
            place: node.place.clone(),
            unit: unit?,
            program,
        })
    }

    /// The text of a program, if it is one and they are not too many.
    fn program(&mut self, node: &Node) -> Option<String> {
        let source = text_only(node)?;
        self.admits_program(node).then(|| source.to_owned())
    }

    /// Counts a program; false if there are too many, which is reported.
    pub(super) fn admits_program(&mut self, node: &Node) -> bool {
        self.programs += 1;
        if self.programs == MOST_PROGRAMS + 1 {
            let message = format!("more than {MOST_PROGRAMS} programs in one file");
            self.faults
                .error(&node.place, message)
                .hint("divide the scenario into several");
        }
        self.programs <= MOST_PROGRAMS
    }

    fn compiled<T>(&mut self, node: &Node, compiled: Result<T, CompileError>) -> Option<T> {
        match compiled {
            Ok(program) => Some(program),
            Err(error) => {
                for fault in error.faults() {
                    let place = node.place_in_text(fault.offset);
                    self.faults.error(&place, format!("jq: {}", fault.message));
                }
                None
            }
        }
    }

    /// One value or a list of them.
    pub(super) fn one_or_more<T>(
        &mut self,
        node: &Node,
        mut decode: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let nodes = match &node.value {
            Value::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let decoded: Vec<Option<T>> = nodes.iter().map(|node| decode(self, node)).collect();
        if decoded.is_empty() {
            self.faults.error(&node.place, "an empty list");
            return None;
        }
        decoded.into_iter().collect()
    }
}

/// The faults in the words that the emulators take, such as `throttle=0.05,latest=80ms,seed=7`.
fn plan_of_faults(node: &Node) -> String {
    let parts = node.entries().iter().filter_map(|Entry { key, node }| {
        let text = node.text()?;
        let value = match key.name.as_str() {
            "latest" => {
                let latest: HumanDuration = text.parse().ok()?;
                format!("{}ms", latest.0.as_millis())
            }
            _ => text.to_owned(),
        };
        Some(format!("{}={value}", key.name))
    });
    parts.collect::<Vec<_>>().join(",")
}

/// What the program in `node` is called, and where its bytes stand in the file.
fn origin(node: &Node) -> Origin {
    let name = node.place.to_string();
    let node = node.clone();
    Origin::within(&name, move |offset| node.place_in_text(offset).to_string())
}

/// `format`, if it is there and known.
pub(super) fn format(node: Option<&Node>) -> Option<Format> {
    match node.map(|node| node.text()) {
        None | Some(Some("json")) => Some(Format::Json),
        Some(Some("text")) => Some(Format::Text),
        Some(Some("csv")) => Some(Format::Csv),
        Some(Some("raw")) => Some(Format::Raw),
        Some(_) => None,
    }
}

/// The text of a scalar that is text and not a number or boolean.
pub(super) fn text_only(node: &Node) -> Option<&str> {
    let typed = node.scalar()?.typed();
    matches!(typed, Typed::Text(_)).then(|| node.text())?
}

/// A whole number that is not negative.
pub(super) fn unsigned(node: &Node) -> Option<u64> {
    match node.scalar()?.typed() {
        Typed::Number(number) => number.as_u64(),
        _ => None,
    }
}
