//! A YAML value with its place.

use serde_json::Number;

use super::secret::MASKED;
use super::{Place, quote, redact_uri, trace};

/// A value.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it is written.
    pub place: Place,
    /// What it is.
    pub value: Value,
    /// Whether its key says that it must not be shown.
    pub secret: bool,
}

/// The shapes of a value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text, a number, true, false or nothing.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Named values in the order of the file; no name twice.
    Map(Vec<Entry>),
    /// Nothing that can be used; its fault is reported already.
    Faulty,
}

/// A name and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name.
    pub key: Key,
    /// The value.
    pub node: Node,
}

/// The name of an entry.
#[derive(Debug, Clone)]
pub struct Key {
    /// The name itself.
    pub name: String,
    /// Where it is written.
    pub place: Place,
}

/// A scalar as it is written; what type it has is decided by [`Scalar::typed`].
#[derive(Debug, Clone)]
pub struct Scalar {
    /// The text after quotes, escapes and interpolation.
    pub text: String,
    /// How it is written.
    pub(super) style: Style,
    /// Where interpolation changed the text.
    pub(super) seams: trace::Seams,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes; may be a number, true, false or null.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// A block after `|`.
    Literal,
    /// A block after `>`.
    Folded,
    /// Tagged `!!str`: text although without quotes.
    Text,
}

/// A scalar by the core schema of YAML 1.2 (section 10.3.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a float that JSON knows.
    Number(Number),
    /// Everything else.
    Text(String),
}

impl Node {
    /// A scalar that stands in no YAML file: of a variable, a flag, or a default.
    pub fn plain(place: Place, text: impl Into<String>) -> Self {
        Self {
            place,
            value: Value::Scalar(Scalar {
                text: text.into(),
                style: Style::Plain,
                seams: trace::Seams::default(),
            }),
            secret: false,
        }
    }

    /// The value of a name, if this is a mapping that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|entry| &entry.node)
    }

    /// The value of a name, to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Map(entries) => entries
                .iter_mut()
                .find(|entry| entry.key.name == name)
                .map(|entry| &mut entry.node),
            _ => None,
        }
    }

    /// The entry of a name, if this is a mapping that has it.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key.name == name)
    }

    /// The value of a name, if it is there, not null and not faulty: what optional fields are read with.
    pub fn field(&self, name: &str) -> Option<&Node> {
        self.get(name)
            .filter(|node| !node.is_null() && !matches!(node.value, Value::Faulty))
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of any scalar that is not null: `1.10` is the text `1.10`.
    pub fn text(&self) -> Option<&str> {
        let scalar = self.scalar()?;
        (scalar.typed() != Typed::Null).then_some(&scalar.text)
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(|s| s.typed() == Typed::Null)
    }

    /// The place of byte `offset` of the text; the whole scalar where it cannot be told.
    pub fn place_in_text(&self, offset: usize) -> Place {
        self.scalar()
            .and_then(|scalar| trace::locate(&self.place, scalar, offset))
            .unwrap_or_else(|| self.place.clone())
    }

    /// What it is, for "expected a number, found ...".
    pub fn describe(&self) -> String {
        match &self.value {
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Faulty => "a faulty value".to_owned(),
            Value::Scalar(_) if self.secret => MASKED.to_owned(),
            Value::Scalar(scalar) => match scalar.typed() {
                Typed::Null => "nothing".to_owned(),
                Typed::Text(text) if text.is_empty() => "empty text".to_owned(),
                Typed::Text(text) => format!("text {}", quote(&redact_uri(&text))),
                Typed::Bool(value) => format!("`{value}`"),
                Typed::Number(_) => format!("number {}", quote(&scalar.text)),
            },
        }
    }

    /// A scalar that a variable or flag has a part in, read the other way: a number or boolean as
    /// text, text in quotes as what it looks like. `None` for everything else.
    pub(super) fn reread(&self) -> Option<Node> {
        let scalar = self.scalar()?;
        let variable = !scalar.seams.marks.is_empty() || !self.place.text().has_lines();
        let style = match scalar.style {
            Style::Plain => Style::Text,
            _ => Style::Plain,
        };
        let mut reread = self.clone();
        reread.value = Value::Scalar(Scalar {
            style,
            ..scalar.clone()
        });
        (variable && !self.is_null() && !reread.is_null()).then_some(reread)
    }

    /// The value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Faulty => Json::Null,
            Value::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.name.clone(), entry.node.to_json()))
                .collect(),
            Value::Scalar(scalar) => match scalar.typed() {
                Typed::Null => Json::Null,
                Typed::Bool(value) => Json::Bool(value),
                Typed::Number(number) => Json::Number(number),
                Typed::Text(text) => Json::String(text),
            },
        }
    }
}

impl Scalar {
    /// The type: quoted and block scalars are text, plain ones what they look like.
    pub fn typed(&self) -> Typed {
        if self.style != Style::Plain {
            return Typed::Text(self.text.clone());
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Typed::Null,
            "true" | "True" | "TRUE" => Typed::Bool(true),
            "false" | "False" | "FALSE" => Typed::Bool(false),
            text => number(text).map_or_else(|| Typed::Text(text.to_owned()), Typed::Number),
        }
    }
}

/// Integers (also `0x`, `0o`) and floats; infinity and NaN stay text, as JSON has none.
fn number(text: &str) -> Option<Number> {
    let radix = |prefix, radix| {
        let digits: &str = text.strip_prefix(prefix)?;
        u64::from_str_radix(digits, radix).ok().map(Number::from)
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(number);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let looks_like_one = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.contains(|c: char| c.is_ascii_digit())
        && !digits.contains(|c: char| !(c.is_ascii_digit() || ".eE+-".contains(c)));
    if !looks_like_one {
        return None;
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(integer.into());
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Some(integer.into());
    }
    text.parse().ok().and_then(Number::from_f64)
}
