//! Whole values, for what bytes alone cannot say: order, identity, and values whose text is not as jq writes it.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::number::Number;
use super::scan::{RawString, Scanner};
use super::text;

/// A value; strings without escapes and numbers are slices of the text.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written.
    Number(&'a str),
    /// The characters of a string.
    String(Cow<'a, str>),
    /// Items in their order.
    Array(Vec<Value<'a>>),
    /// Entries in the order of their keys' first time; of a key that comes twice, the last value.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The one value in `json`, or `None` if this is not JSON or nests deeper than 512.
    pub fn parse(json: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(json).ok()?;
        let mut reader = Reader {
            text,
            scanner: Scanner::new(json),
        };
        reader.scanner.space();
        let value = reader.value(0)?;
        reader.scanner.space();
        (reader.scanner.at == json.len()).then_some(value)
    }

    /// Appends the value as `jq -c` prints it; numbers stay as they are written.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.write_with(out, &|number, out| out.extend_from_slice(number.as_bytes()));
    }

    /// Appends the text that all values share which are equal in jq: keys sorted, numbers by their worth.
    pub fn write_canonical(&mut self, out: &mut Vec<u8>) {
        self.sort_keys();
        self.write_with(out, &|number, out| Number::of(number).write_canonical(out));
    }

    fn write_with(&self, out: &mut Vec<u8>, number: &impl Fn(&str, &mut Vec<u8>)) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Number(text) => number(text, out),
            Self::String(string) => text::write(string, out),
            Self::Array(items) => {
                out.push(b'[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    item.write_with(out, number);
                }
                out.push(b']');
            }
            Self::Object(entries) => {
                out.push(b'{');
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    text::write(key, out);
                    out.push(b':');
                    value.write_with(out, number);
                }
                out.push(b'}');
            }
        }
    }

    fn sort_keys(&mut self) {
        match self {
            Self::Array(items) => items.iter_mut().for_each(Self::sort_keys),
            Self::Object(entries) => {
                entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
                entries.iter_mut().for_each(|(_, value)| value.sort_keys());
            }
            _ => {}
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(false) => 1,
            Self::Bool(true) => 2,
            Self::Number(_) => 3,
            Self::String(_) => 4,
            Self::Array(_) => 5,
            Self::Object(_) => 6,
        }
    }

    /// jq's order: `null`, `false`, `true`, numbers, strings by their code points, arrays, objects. Keys must be sorted.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Number::of(a).compare(&Number::of(b)),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Array(a), Self::Array(b)) => {
                let mut orders = a.iter().zip(b).map(|(a, b)| a.compare(b));
                let unequal = orders.find(|order| order.is_ne());
                unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Object(a), Self::Object(b)) => {
                let keys = a.iter().map(|(key, _)| key);
                keys.cmp(b.iter().map(|(key, _)| key)).then_with(|| {
                    let mut orders = a.iter().zip(b).map(|((_, a), (_, b))| a.compare(b));
                    let unequal = orders.find(|order| order.is_ne());
                    unequal.unwrap_or(Ordering::Equal)
                })
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// Compares two JSON values in jq's order. What is no JSON comes last.
pub fn compare(a: &[u8], b: &[u8]) -> Ordering {
    if let (Some(a), Some(b)) = (plain_string(a), plain_string(b)) {
        return a.bytes.cmp(b.bytes);
    }
    match (Value::parse(a), Value::parse(b)) {
        (Some(mut a), Some(mut b)) => {
            a.sort_keys();
            b.sort_keys();
            a.compare(&b)
        }
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

/// A text that is one string without escapes, and nothing else.
fn plain_string(json: &[u8]) -> Option<RawString<'_>> {
    let mut scanner = Scanner::new(json);
    let string = scanner.string().filter(|string| !string.escaped)?;
    let whole = scanner.at == json.len() && std::str::from_utf8(string.bytes).is_ok();
    whole.then_some(string)
}

/// Appends the text that all values share which are equal to this one in jq. Answers whether it could be read: it is one
/// JSON value that nests at most 512 deep.
pub fn canonical(json: &[u8], out: &mut Vec<u8>) -> bool {
    if plain_string(json).is_some_and(|string| !string.odd) {
        out.extend_from_slice(json);
        return true;
    }
    Value::parse(json)
        .map(|mut value| value.write_canonical(out))
        .is_some()
}

struct Reader<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: u32) -> Option<Value<'a>> {
        match self.scanner.peek()? {
            b'"' => {
                let start = self.scanner.at + 1;
                self.scanner.string()?;
                Some(Value::String(self.characters(start)))
            }
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            first => {
                let start = self.scanner.at;
                self.scanner.skip(depth)?;
                Some(match first {
                    b'n' => Value::Null,
                    b't' => Value::Bool(true),
                    b'f' => Value::Bool(false),
                    _ => Value::Number(&self.text[start..self.scanner.at]),
                })
            }
        }
    }

    /// Those of the string that began at `start` and has just ended.
    fn characters(&self, start: usize) -> Cow<'a, str> {
        text::unescape(&self.text[start..self.scanner.at - 1])
    }

    fn array(&mut self, depth: u32) -> Option<Value<'a>> {
        self.scanner.enter(depth)?;
        let mut items = Vec::new();
        if self.scanner.close(b']') {
            return Some(Value::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.scanner.next(b']')? {
                return Some(Value::Array(items));
            }
        }
    }

    fn object(&mut self, depth: u32) -> Option<Value<'a>> {
        self.scanner.enter(depth)?;
        let mut entries = Entries::default();
        if self.scanner.close(b'}') {
            return Some(Value::Object(entries.list));
        }
        loop {
            let key = text::unescape(std::str::from_utf8(self.scanner.key()?.bytes).ok()?);
            entries.insert(key, self.value(depth + 1)?);
            if self.scanner.next(b'}')? {
                return Some(Value::Object(entries.list));
            }
        }
    }
}

/// Entries of an object, with a map of its keys once a scan of them would be slow.
#[derive(Default)]
struct Entries<'a> {
    list: Vec<(Cow<'a, str>, Value<'a>)>,
    index: std::collections::HashMap<Cow<'a, str>, usize>,
}

/// Entries that are searched one by one.
const SCANNED: usize = 16;

impl<'a> Entries<'a> {
    fn insert(&mut self, key: Cow<'a, str>, value: Value<'a>) {
        if let Some(at) = self.position(&key) {
            self.list[at].1 = value;
            return;
        }
        self.list.push((key, value));
        let indexed = self.index.len();
        if self.list.len() > SCANNED {
            let new = self.list.iter().enumerate().skip(indexed);
            self.index
                .extend(new.map(|(at, (key, _))| (key.clone(), at)));
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.index.is_empty() {
            self.list.iter().position(|(known, _)| known == key)
        } else {
            self.index.get(key).copied()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(json: &str) -> String {
        let mut out = Vec::new();
        assert!(canonical(json.as_bytes(), &mut out), "{json}");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn equal_values_have_one_text() {
        for (json, text) in [
            (r#" "a\u0062\/" "#, r#""ab/""#),
            (r#"{"b":1.0,"a":[ 1e2 ]}"#, r#"{"a":[100],"b":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("12.10", "12.1"),
            ("[]", "[]"),
        ] {
            assert_eq!(identity(json), text);
        }
        assert!(!canonical(b"[1", &mut Vec::new()));
        assert!(!canonical(&b"[".repeat(600), &mut Vec::new()));
    }

    #[test]
    fn values_are_in_the_order_of_jq() {
        let sorted = [
            "null",
            "false",
            "true",
            "-1e400",
            "-1",
            "0",
            "0.5",
            "1",
            "9007199254740992.0",
            "9007199254740993",
            r#""""#,
            r#""\n""#,
            r#""a""#,
            r#""a\u0000""#,
            r#""b""#,
            r#""é""#,
            "[]",
            "[0]",
            "[0,1]",
            "[1]",
            "{}",
            r#"{"a":2}"#,
            r#"{"b":0,"a":3}"#,
            r#"{"b":1}"#,
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(compare(a.as_bytes(), b.as_bytes()), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn of_many_keys_each_is_kept_once() {
        let entry = |at: usize| format!(r#""k{}":{at}"#, at % 40);
        let entries: Vec<String> = (0..200).map(entry).collect();
        let json = format!("{{{}}}", entries.join(","));
        let Some(Value::Object(entries)) = Value::parse(json.as_bytes()) else {
            panic!("an object");
        };
        assert_eq!(entries.len(), 40);
        for (at, (key, value)) in entries.iter().enumerate() {
            assert_eq!(*key, format!("k{at}"));
            assert!(matches!(value, Value::Number(text) if *text == (160 + at).to_string()));
        }
    }
}
