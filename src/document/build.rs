//! The tree of nodes, built from the events of the YAML parser.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, ScalarStyle, ScanError, Tag};

use super::node::Style;
use super::secret::{mark_secrets, path_is_secret};
use super::trace::Seams;
use super::{Entry, Key, Node, Place, Scalar, Text, Value, quote, syntax};

/// Values of a file, those that aliases repeat included.
pub(super) const MOST_VALUES: usize = 100_000;

/// Why reading cannot go on.
pub(super) enum Stop {
    Syntax(ScanError),
    TooMuch(Range<usize>),
}

/// A collection that is not closed yet.
struct Frame {
    start: usize,
    anchor: usize,
    before: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        index: HashMap<String, usize>,
        /// The name whose value comes next; no name if it is none that can be kept.
        key: Option<Option<Key>>,
    },
}

/// The tree so far.
pub(super) struct Builder<'a> {
    text: &'a Arc<Text>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node, usize)>,
    values: usize,
    /// Values that were set aside for aliases.
    set_aside: usize,
    pub(super) root: Option<Node>,
    documents: usize,
    /// The end of what was read so far.
    read: usize,
    /// Place, message, hint. Reported later, when it is known what has to be hidden.
    pub(super) faults: Vec<(Place, String, Option<String>)>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a Arc<Text>) -> Self {
        Self {
            text,
            stack: Vec::new(),
            anchors: HashMap::new(),
            values: 0,
            set_aside: 0,
            root: None,
            documents: 0,
            read: 0,
            faults: Vec::new(),
        }
    }

    /// Takes the next event of the parser and the bytes it covers.
    pub(super) fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Stop> {
        self.read = self.read.max(span.end);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    self.fault(
                        span,
                        "a second document starts here",
                        "keep one document per file",
                    );
                }
            }
            Event::Scalar(value, style, anchor, tag) => {
                self.count(1, &span)?;
                let node = self.scalar(value.into_owned(), style, tag.as_deref(), span);
                self.complete(node, anchor, 1)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(Items::List(Vec::new()), anchor, tag.as_deref(), &span)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                let items = Items::Map {
                    entries: Vec::new(),
                    index: HashMap::new(),
                    key: None,
                };
                self.open(items, anchor, tag.as_deref(), &span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end)?,
            Event::Alias(id) => self.alias(id, span)?,
            _ => {}
        }
        Ok(())
    }

    /// Where the parser was, to explain a syntax error.
    pub(super) fn context(&self) -> syntax::Context {
        syntax::Context {
            open: self.stack.last().map(|frame| frame.start),
            read: self.read,
        }
    }

    fn count(&mut self, values: usize, span: &Range<usize>) -> Result<(), Stop> {
        self.values += values;
        if self.values > MOST_VALUES {
            return Err(Stop::TooMuch(span.clone()));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Range<usize>,
    ) -> Node {
        let style = match style {
            ScalarStyle::Plain if tag.is_some_and(|tag| tag.suffix() == "str") => Style::Text,
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        self.check_tag(tag, &span);
        // Nothing at all is reported as `~` of no length.
        let text = if span.is_empty() && style == Style::Plain {
            String::new()
        } else {
            text
        };
        Node {
            place: Place::new(self.text, span),
            value: Value::Scalar(Scalar {
                text,
                style,
                seams: Seams::default(),
            }),
            secret: false,
        }
    }

    fn check_tag(&mut self, tag: Option<&Tag>, span: &Range<usize>) {
        if let Some(tag) = tag
            && !(tag.handle() == "tag:yaml.org,2002:"
                && ["str", "int", "float", "bool", "null", "map", "seq"].contains(&tag.suffix()))
        {
            let name = format!("{}{}", tag.handle(), tag.suffix());
            self.fault(
                span.clone(),
                format!("unknown tag {}", quote(&name)),
                "leave the tag out; only those of the core schema, such as `!!str`, are known",
            );
        }
    }

    fn open(
        &mut self,
        items: Items,
        anchor: usize,
        tag: Option<&Tag>,
        span: &Range<usize>,
    ) -> Result<(), Stop> {
        self.count(1, span)?;
        self.check_tag(tag, span);
        self.stack.push(Frame {
            start: span.start,
            anchor,
            before: self.values - 1,
            items,
        });
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Stop> {
        let Some(frame) = self.stack.pop() else {
            return Ok(());
        };
        let value = match frame.items {
            Items::List(nodes) => Value::List(nodes),
            Items::Map { entries, .. } => Value::Map(entries),
        };
        let node = Node {
            place: Place::new(self.text, frame.start..end),
            value,
            secret: false,
        };
        self.complete(node, frame.anchor, self.values - frame.before)
    }

    fn alias(&mut self, id: usize, span: Range<usize>) -> Result<(), Stop> {
        match self.anchors.get(&id) {
            Some((node, size)) => {
                let (node, size) = (node.clone(), *size);
                self.count(size, &span)?;
                self.complete(node, 0, size)?;
            }
            None => {
                self.fault(span.clone(), "an alias inside of what it stands for", "");
                let node = Node {
                    place: Place::new(self.text, span),
                    value: Value::Faulty,
                    secret: false,
                };
                self.complete(node, 0, 1)?;
            }
        }
        Ok(())
    }

    /// Puts a finished node where it belongs: into the open collection, or as key or root.
    fn complete(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Stop> {
        if anchor != 0 {
            self.set_aside += size;
            if self.set_aside > MOST_VALUES {
                return Err(Stop::TooMuch(node.place.span()));
            }
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.stack.last_mut().map(|frame| &mut frame.items) {
            None => {
                self.root.get_or_insert(node);
            }
            Some(Items::List(nodes)) => nodes.push(node),
            Some(Items::Map {
                key: key @ None, ..
            }) => {
                let name = node.scalar().map(|scalar| scalar.text.clone());
                let place = node.place.clone();
                *key = Some(name.clone().map(|name| Key { name, place }));
                self.check_key(name.as_deref(), &node.place);
            }
            Some(Items::Map {
                entries,
                index,
                key,
            }) => {
                let Some(key) = key.take().flatten() else {
                    return Ok(());
                };
                match index.get(&key.name) {
                    Some(first) => {
                        let line = entries[*first].key.place.position().0;
                        let message = format!("{} is there twice", quote(&key.name));
                        let hint = format!("it is first in line {line}; remove one of the two");
                        self.faults.push((key.place, message, Some(hint)));
                    }
                    None => {
                        index.insert(key.name.clone(), entries.len());
                        entries.push(Entry { key, node });
                    }
                }
            }
        }
        Ok(())
    }

    fn check_key(&mut self, name: Option<&str>, place: &Place) {
        match name {
            None => self.fault(
                place.span(),
                "a name must be text, not a list or a mapping",
                "put quotes around text that starts with `[` or `{`",
            ),
            Some("<<") => self.fault(
                place.span(),
                "merge keys (`<<`) are not supported",
                "repeat the fields, or use an alias for the whole value",
            ),
            Some(_) => {}
        }
    }

    fn fault(&mut self, span: Range<usize>, message: impl Into<String>, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.faults
            .push((Place::new(self.text, span), message.into(), hint));
    }

    /// After a syntax error: hides the secrets read so far, to the end of their lines, and
    /// everything behind the name of a secret that had no value yet.
    pub(super) fn hide_unfinished(&mut self, hidden: &mut Vec<Range<usize>>) {
        let end = self.text.content().len();
        let mut path = Vec::new();
        let mut found = Vec::new();
        for frame in &mut self.stack {
            if let Items::Map { entries, key, .. } = &mut frame.items {
                for entry in entries {
                    path.push(entry.key.name.clone());
                    mark_secrets(&mut entry.node, &mut path, false, &mut found);
                    path.pop();
                }
                if let Some(Some(key)) = key {
                    path.push(key.name.clone());
                    if path_is_secret(&path) {
                        hidden.push(key.place.span().end + 1..end);
                    }
                }
            }
        }
        let content = self.text.content();
        hidden.extend(found.into_iter().map(|span| {
            let rest = content[span.end..].find('\n').unwrap_or(end - span.end);
            span.start..span.end + rest
        }));
    }
}
