//! The values at several paths of a record, found in one pass over its bytes.

use std::sync::Arc;

use super::path::{Path, Step};
use super::scan::{RawString, Scanner};
use super::text;
use super::tree::Value;

/// Finds the values at some paths as the engine of jq would: of a key that comes twice the last value counts, what is
/// missing is `null`, and all of the record must be JSON.
#[derive(Debug, Clone)]
pub struct Extractor {
    /// A tree of steps; the first node is the record.
    nodes: Arc<[Node]>,
    paths: usize,
}

/// A place in a record that some path leads to or past.
#[derive(Debug, Clone, Default)]
struct Node {
    /// The paths that end here.
    here: Vec<usize>,
    /// The paths that go on from here to a key, and to an item.
    below_keys: Vec<usize>,
    below_items: Vec<usize>,
    keys: Vec<(Box<[u8]>, usize)>,
    items: Vec<(usize, usize)>,
}

/// What an [`Extractor`] found in a record. Keep one, to reuse its memory.
#[derive(Debug, Default)]
pub struct Fields {
    slots: Vec<Slot>,
    /// Values whose text in the record is not as jq writes them.
    written: Vec<u8>,
    shape: Shape,
}

/// The keys of the last record, in their order: mostly those of the next one.
#[derive(Debug, Default)]
struct Shape {
    /// Whose nodes they are.
    of: Option<Arc<[Node]>>,
    keys: Vec<Known>,
}

/// A key as it was written, with its colon and the white space after it, and where its value is looked into.
#[derive(Debug, Default)]
struct Known {
    written: Vec<u8>,
    /// Its first bytes as a number, and ones where they are: a call to compare so few takes longer than that.
    first: u128,
    mask: u128,
    node: Option<usize>,
}

/// Only so many keys are remembered, and only those that are written with so few bytes.
const KNOWN_KEYS: usize = 64;
const KNOWN_BYTES: usize = 64;

impl Shape {
    /// Forgets the keys if they are of other nodes.
    #[inline]
    fn belong(&mut self, nodes: &Arc<[Node]>) {
        let same = |of: &Arc<[Node]>| Arc::ptr_eq(of, nodes);
        if !self.of.as_ref().is_some_and(same) {
            self.of = Some(Arc::clone(nodes));
            self.keys.clear();
        }
    }

    /// The length of what is written at the start of `rest`, and its node, if it is the key that was here last.
    #[inline]
    fn find(&self, nth: usize, rest: &[u8]) -> Option<(usize, Option<usize>)> {
        let known = self.keys.get(nth)?;
        let length = known.written.len();
        let same = match rest.first_chunk() {
            Some(first) if length <= size_of::<u128>() => {
                u128::from_le_bytes(*first) & known.mask == known.first
            }
            _ => rest.get(..length)? == known.written,
        };
        (same && length > 0).then_some((length, known.node))
    }

    fn learn(&mut self, nth: usize, written: &[u8], node: Option<usize>) {
        if nth >= KNOWN_KEYS || written.len() > KNOWN_BYTES {
            return;
        }
        if nth >= self.keys.len() {
            self.keys.resize_with(nth + 1, Known::default);
        }
        let known = &mut self.keys[nth];
        known.written.clear();
        known.written.extend_from_slice(written);
        let mut first = [0; size_of::<u128>()];
        let mut mask = first;
        for (at, byte) in written.iter().take(first.len()).enumerate() {
            (first[at], mask[at]) = (*byte, u8::MAX);
        }
        (known.first, known.mask) = (u128::from_le_bytes(first), u128::from_le_bytes(mask));
        known.node = node;
    }
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    /// Nothing, or `null`.
    Null,
    /// jq would fail here, such as for a key of a number.
    Refused,
    /// A part of the record.
    Raw { start: usize, end: usize, odd: bool },
    /// A part of what was written.
    Written { start: usize, end: usize },
}

impl Fields {
    /// The value at the path of this number, as `jq -c` prints it. `record` must be the one that was read last.
    #[inline]
    pub fn get<'a>(&'a self, path: usize, record: &'a [u8]) -> &'a [u8] {
        match self.slots.get(path) {
            Some(&Slot::Raw { start, end, .. }) => &record[start..end],
            Some(&Slot::Written { start, end }) => &self.written[start..end],
            _ => b"null",
        }
    }

    /// Whether the value at the path of this number is a string that stands in the record as jq writes it, and so as all
    /// equal ones.
    #[inline]
    pub fn is_plain_string(&self, path: usize, record: &[u8]) -> bool {
        matches!(self.slots.get(path), Some(&Slot::Raw { start, odd: false, .. }) if record[start] == b'"')
    }

    fn set(&mut self, paths: &[usize], slot: Slot) {
        for &path in paths {
            self.slots[path] = slot;
        }
    }

    /// Writes what is not as jq writes it.
    fn tidy(&mut self, record: &[u8]) -> Option<()> {
        for slot in &mut self.slots {
            match *slot {
                Slot::Refused => return None,
                Slot::Raw {
                    start,
                    end,
                    odd: true,
                } => {
                    let from = self.written.len();
                    Value::parse(&record[start..end])?.write(&mut self.written);
                    *slot = Slot::Written {
                        start: from,
                        end: self.written.len(),
                    };
                }
                _ => {}
            }
        }
        Some(())
    }
}

impl Extractor {
    /// Looks for `paths`, which are numbered in this order.
    pub fn new(paths: &[Path]) -> Self {
        let mut nodes = vec![Node::default()];
        for (number, path) in paths.iter().enumerate() {
            insert(&mut nodes, number, &path.0);
        }
        Self {
            nodes: nodes.into(),
            paths: paths.len(),
        }
    }

    /// Reads a record. Answers false where only the engine of jq can say what comes out, with the reason if it is an
    /// error: the record is not JSON, starts with a byte-order mark or nests deeper than 512, or a path leads to where
    /// jq fails.
    pub fn read(&self, record: &[u8], fields: &mut Fields) -> bool {
        std::str::from_utf8(record).is_ok_and(|record| self.read_text(record, fields))
    }

    /// The same of a record that is known to be text.
    pub fn read_text(&self, record: &str, fields: &mut Fields) -> bool {
        fields.written.clear();
        fields.slots.clear();
        fields.slots.resize(self.paths, Slot::Null);
        self.scan(record.as_bytes(), fields).is_some()
    }

    fn scan(&self, record: &[u8], fields: &mut Fields) -> Option<()> {
        let mut scanner = Scanner::new(record);
        scanner.space();
        if scanner.peek() == Some(b'{') && !self.nodes[0].keys.is_empty() {
            self.record(&mut scanner, fields)?;
        } else {
            self.value(&mut scanner, &self.nodes[0], 0, fields)?;
        }
        scanner.space();
        if scanner.at < record.len() {
            return None;
        }
        fields.tidy(record)
    }

    /// As [`Extractor::value`] of a record that is an object, with what is known of the one before.
    fn record(&self, scanner: &mut Scanner<'_>, fields: &mut Fields) -> Option<()> {
        let (node, start) = (&self.nodes[0], scanner.at);
        fields.shape.belong(&self.nodes);
        fields.set(&node.below_items, Slot::Refused);
        scanner.enter(0)?;
        let mut last = scanner.close(b'}');
        for nth in 0.. {
            if last {
                break;
            }
            let next = match fields.shape.find(nth, scanner.rest()) {
                Some((length, next)) => {
                    scanner.at += length;
                    scanner.space();
                    next
                }
                None => {
                    let rest = scanner.rest();
                    let next = node.key(scanner.key()?)?;
                    let length = rest.len() - scanner.rest().len();
                    fields.shape.learn(nth, &rest[..length], next);
                    next
                }
            };
            match next {
                Some(next) => self.value(scanner, &self.nodes[next], 1, fields)?,
                None => {
                    scanner.skip(1)?;
                }
            }
            last = scanner.next(b'}')?;
        }
        let end = scanner.at;
        let odd = true;
        fields.set(&node.here, Slot::Raw { start, end, odd });
        Some(())
    }

    fn value(
        &self,
        scanner: &mut Scanner<'_>,
        node: &Node,
        depth: u32,
        fields: &mut Fields,
    ) -> Option<()> {
        let start = scanner.at;
        let first = scanner.peek()?;
        let mut odd = true;
        match first {
            b'{' if !node.keys.is_empty() => {
                fields.set(&node.below_keys, Slot::Null);
                fields.set(&node.below_items, Slot::Refused);
                self.object(scanner, node, depth, fields)?;
            }
            b'[' if !node.items.is_empty() => {
                fields.set(&node.below_keys, Slot::Refused);
                fields.set(&node.below_items, Slot::Null);
                self.array(scanner, node, depth, fields)?;
            }
            _ => {
                odd = scanner.skip(depth)?;
                let below = if first == b'n' {
                    Slot::Null
                } else {
                    Slot::Refused
                };
                fields.set(&node.below_keys, below);
                fields.set(&node.below_items, below);
            }
        }
        let end = scanner.at;
        fields.set(&node.here, Slot::Raw { start, end, odd });
        Some(())
    }

    fn object(
        &self,
        scanner: &mut Scanner<'_>,
        node: &Node,
        depth: u32,
        fields: &mut Fields,
    ) -> Option<()> {
        scanner.enter(depth)?;
        if scanner.close(b'}') {
            return Some(());
        }
        loop {
            let key = scanner.key()?;
            match node.key(key)? {
                Some(next) => self.value(scanner, &self.nodes[next], depth + 1, fields)?,
                None => {
                    scanner.skip(depth + 1)?;
                }
            }
            if scanner.next(b'}')? {
                return Some(());
            }
        }
    }

    fn array(
        &self,
        scanner: &mut Scanner<'_>,
        node: &Node,
        depth: u32,
        fields: &mut Fields,
    ) -> Option<()> {
        scanner.enter(depth)?;
        if scanner.close(b']') {
            return Some(());
        }
        for index in 0.. {
            match node.items.iter().find(|(wanted, _)| *wanted == index) {
                Some((_, next)) => self.value(scanner, &self.nodes[*next], depth + 1, fields)?,
                None => {
                    scanner.skip(depth + 1)?;
                }
            }
            if scanner.next(b']')? {
                break;
            }
        }
        Some(())
    }
}

impl Node {
    /// Where the value of `key` is looked into.
    #[inline]
    fn key(&self, key: RawString<'_>) -> Option<Option<usize>> {
        if key.escaped {
            let text = text::unescape(std::str::from_utf8(key.bytes).ok()?);
            return Some(self.child(text.as_bytes()));
        }
        Some(self.child(key.bytes))
    }

    #[inline]
    fn child(&self, key: &[u8]) -> Option<usize> {
        // Most keys are told apart by their length and first byte, without a call to compare the rest.
        let same = |wanted: &[u8]| {
            wanted.len() == key.len() && wanted.first() == key.first() && wanted == key
        };
        let found = self.keys.iter().find(|(wanted, _)| same(wanted));
        found.map(|(_, next)| *next)
    }
}

/// Adds a path to a tree of steps.
fn insert(nodes: &mut Vec<Node>, number: usize, steps: &[Step]) {
    let mut at = 0;
    for step in steps {
        let next = nodes.len();
        let node = &mut nodes[at];
        at = match step {
            Step::Key(key) => {
                node.below_keys.push(number);
                child(&mut node.keys, key.as_bytes().into(), next)
            }
            Step::Item(index) => {
                node.below_items.push(number);
                child(&mut node.items, *index, next)
            }
        };
        if at == next {
            nodes.push(Node::default());
        }
    }
    nodes[at].here.push(number);
}

/// The node of a step, which is `next` if the step is new.
fn child<T: PartialEq>(children: &mut Vec<(T, usize)>, step: T, next: usize) -> usize {
    if let Some((_, node)) = children.iter().find(|(known, _)| *known == step) {
        return *node;
    }
    children.push((step, next));
    next
}

#[cfg(test)]
mod tests;
