//! What is behind one result.

use crate::answer::{Made as MadeBy, Node, Why};
use crate::lineage::names;
use crate::{Id, Lineage, Place, Read, Unknown, Wrote};

/// A stream that a pipeline writes may be read by another one, and so on; a cycle would have no end.
const DEEPEST: usize = 32;

impl Lineage {
    /// What the result at a place consists of.
    ///
    /// # Errors
    /// There is none, or several.
    pub fn why(&self, place: &Place) -> Result<Why, Unknown> {
        let wrote = self.written(place)?;
        let of = self.node(wrote.id, DEEPEST);
        Ok(Why {
            result: self.output(wrote),
            of: of
                .ok_or_else(|| Unknown("the trace does not say what it was made of".to_owned()))?,
        })
    }

    /// The results for which this is so of their value.
    pub fn why_where(&self, mut so: impl FnMut(Option<&str>) -> bool) -> Vec<Why> {
        let wanted = self.wrote.iter().filter(|wrote| so(wrote.value.as_deref()));
        let whys = wanted.filter_map(|wrote| {
            Some(Why {
                result: self.output(wrote),
                of: self.node(wrote.id, DEEPEST)?,
            })
        });
        whys.collect()
    }

    fn written(&self, place: &Place) -> Result<&Wrote, Unknown> {
        let name = |wrote: &Wrote| self.output_name(wrote.pipeline, wrote.output);
        let here: Vec<&Wrote> = self
            .wrote
            .iter()
            .filter(|wrote| names(&place.stream, name(wrote)))
            .collect();
        if here.is_empty() {
            let known = self.flows.iter().flat_map(|flow| &flow.outputs);
            return Err(Unknown(format!(
                "the run wrote no `{}`; it wrote {}",
                place.stream,
                list(known.map(String::as_str))
            )));
        }
        let found: Vec<&Wrote> = here
            .iter()
            .copied()
            .filter(|wrote| wrote.nth.to_string() == place.position)
            .collect();
        match found[..] {
            [one] => Ok(one),
            [] => Err(Unknown(format!(
                "there is no record {}: the run wrote {} to `{}`",
                place.position,
                here.len(),
                name(here[0])
            ))),
            _ => Err(Unknown(format!(
                "several outputs have a record {}; say which: {}",
                place.position,
                list(found.iter().map(|wrote| name(wrote)))
            ))),
        }
    }

    fn node(&self, id: Id, deep: usize) -> Option<Node> {
        let deep = deep.checked_sub(1)?;
        if let Some(read) = self.read(id) {
            let mut input = self.input(read);
            input.of = self
                .source_of(read)
                .and_then(|wrote| self.node(wrote.id, deep));
            return Some(Node::Read(Box::new(input)));
        }
        let made = self.made(id)?;
        let from = made.from.iter().filter_map(|id| self.node(*id, deep));
        Some(Node::Made(Box::new(MadeBy {
            step: self.step(made.pipeline, &made.step),
            window: made.pane.clone(),
            watermark: made.watermark,
            moved_by: made.by.and_then(|id| self.at(id)),
            from: from.collect(),
        })))
    }

    /// The record that another pipeline of the run wrote, if it is this one: of those that are the same, the same one in
    /// order.
    fn source_of(&self, read: &Read) -> Option<&Wrote> {
        let stream = self.input_name(read);
        let mut same = self.wrote.iter().filter(|wrote| {
            self.output_name(wrote.pipeline, wrote.output) == stream
                && (&wrote.key, &wrote.value) == (&read.key, &read.value)
        });
        let before = self.reads.iter().filter(|other| {
            other.id < read.id
                && (other.pipeline, other.input) == (read.pipeline, read.input)
                && (&other.key, &other.value) == (&read.key, &read.value)
        });
        same.nth(before.count())
    }
}

/// `a`, `b` and so on, each once.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        let name = format!("`{name}`");
        if !all.contains(&name) {
            all.push(name);
        }
    }
    match all.is_empty() {
        true => "nothing".to_owned(),
        false => all.join(", "),
    }
}
