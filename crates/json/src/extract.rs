//! The values at several paths of a record, found in one pass over its bytes.

use std::borrow::Cow;

use super::path::{Path, Step};
use super::scan::{RawString, Scanner};
use super::text;
use super::tree::Value;

/// Finds the values at some paths as the engine of jq would: of a key that comes twice the last value counts, what is
/// missing is `null`, and all of the record must be JSON.
#[derive(Debug, Clone)]
pub struct Extractor {
    /// A tree of steps; the first node is the record.
    nodes: Vec<Node>,
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
        let mut extractor = Self {
            nodes: vec![Node::default()],
            paths: paths.len(),
        };
        for (number, path) in paths.iter().enumerate() {
            extractor.insert(number, &path.0);
        }
        extractor
    }

    fn insert(&mut self, number: usize, steps: &[Step]) {
        let mut at = 0;
        for step in steps {
            let next = self.nodes.len();
            let node = &mut self.nodes[at];
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
                self.nodes.push(Node::default());
            }
        }
        self.nodes[at].here.push(number);
    }

    /// Reads a record. Answers false where only the engine of jq can say what comes out, with the reason if it is an
    /// error: the record is not JSON, starts with a byte-order mark or nests deeper than 512, or a path leads to where
    /// jq fails.
    pub fn read(&self, record: &[u8], fields: &mut Fields) -> bool {
        fields.written.clear();
        fields.slots.clear();
        fields.slots.resize(self.paths, Slot::Null);
        self.scan(record, fields).is_some()
    }

    fn scan(&self, record: &[u8], fields: &mut Fields) -> Option<()> {
        std::str::from_utf8(record).ok()?;
        let mut scanner = Scanner::new(record);
        scanner.space();
        self.value(&mut scanner, &self.nodes[0], 0, fields)?;
        scanner.space();
        if scanner.at < record.len() {
            return None;
        }
        fields.tidy(record)
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
        let bytes = if key.escaped {
            let text = text::unescape(std::str::from_utf8(key.bytes).ok()?);
            Cow::Owned(text.into_owned().into_bytes())
        } else {
            Cow::Borrowed(key.bytes)
        };
        let found = self.keys.iter().find(|(wanted, _)| **wanted == *bytes);
        Some(found.map(|(_, next)| *next))
    }
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
mod tests {
    use super::*;

    fn read(paths: &[&str], record: &str) -> Option<Vec<String>> {
        let paths: Vec<Path> = paths
            .iter()
            .map(|path| Path::parse(path).unwrap())
            .collect();
        let mut fields = Fields::default();
        let found = Extractor::new(&paths).read(record.as_bytes(), &mut fields);
        let text = |at| String::from_utf8(fields.get(at, record.as_bytes()).to_vec()).unwrap();
        found.then(|| (0..paths.len()).map(text).collect())
    }

    fn found(paths: &[&str], record: &str, values: &[&str]) {
        assert_eq!(
            read(paths, record).as_deref(),
            Some(&*strings(values)),
            "{record}"
        );
    }

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn values_are_found_in_one_pass() {
        let record = r#" {"a":{"b":[1, {"c":"x"}],"n":12.10},"t":true,"u":"\u0061\/"} "#;
        found(
            &[
                ".a.b[1].c",
                ".a.n",
                ".u",
                ".a.b",
                ".none.at.all",
                ".t",
                ".a.b[7]",
            ],
            record,
            &[
                r#""x""#,
                "12.10",
                r#""a/""#,
                r#"[1,{"c":"x"}]"#,
                "null",
                "true",
                "null",
            ],
        );
        found(&[".", ".a"], r#"{"a": 1}"#, &[r#"{"a":1}"#, "1"]);
        found(&[".a", ".a"], r#"{"\u0061":1}"#, &["1", "1"]);
        found(&[".[0]"], "[ \"x\u{7f}\" ]", &[r#""x\u007f""#]);
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_value_counts() {
        found(
            &[".a.b", ".a"],
            r#"{"a":{"b":1},"a":{"c":2}}"#,
            &["null", r#"{"c":2}"#],
        );
        found(&[".a.b"], r#"{"a":5,"a":{"b":1}}"#, &["1"]);
        found(&[".a.b"], r#"{"a":{"b":1},"a":null}"#, &["null"]);
        assert_eq!(read(&[".a.b"], r#"{"a":{"b":1},"a":5}"#), None);
    }

    #[test]
    fn what_fails_in_jq_is_left_to_it() {
        for (path, record) in [
            (".a", "5"),
            (".a", "[1]"),
            (".[0]", r#"{"a":1}"#),
            (".a.b", r#"{"a":"x"}"#),
            (".a", ""),
            (".a", r#"{"a":1"#),
            (".a", r#"{"a":1}}"#),
            (".a", r#"{"a":1,}"#),
            (".a", r#"{"b":01,"a":1}"#),
            (".a", r#"{"a":1} {"a":2}"#),
            (".a", "{\"a\":\"\u{1}\"}"),
            (".a", "\u{feff}{\"a\":1}"),
            (".a", r#"{"b":"\x","a":1}"#),
            (".a", r#"{"b":"\u12g4","a":1}"#),
        ] {
            assert_eq!(read(&[path], record), None, "{record}");
        }
        assert!(!Extractor::new(&[]).read(b"{\"a\":\"\xff\"}", &mut Fields::default()));
        assert_eq!(read(&[".a"], &"[".repeat(100_000)), None);
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&[], &nested(512)).is_some());
        assert_eq!(read(&[], &nested(513)), None);
    }
}
