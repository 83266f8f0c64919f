//! Bad records on request: which events are spoilt, and how.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::error::{SpecError, did_you_mean};
use super::rng::{Draws, Purpose, Seed};
use super::spec::Bad;

/// One byte more than 1 MiB, which is beyond what most brokers take.
const HUGE: usize = 1024 * 1024 + 1;
/// Records are built in memory.
const LARGEST: usize = 1024 * 1024 * 1024;

/// A way for a record to be bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BadKind {
    /// Cut off in the middle.
    Truncated,
    /// Not UTF-8: it holds the byte FF.
    InvalidUtf8,
    /// One field has a value of another JSON type.
    WrongType,
    /// One field is not there.
    MissingField,
    /// No bytes at all.
    Empty,
    /// Blown up to `size` bytes, otherwise valid.
    Huge,
}

impl BadKind {
    /// All of them, in the order in which help should list them.
    pub const ALL: [Self; 6] = [
        Self::Truncated,
        Self::InvalidUtf8,
        Self::WrongType,
        Self::MissingField,
        Self::Empty,
        Self::Huge,
    ];

    /// The name on the command line and in scenarios.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::WrongType => "wrong-type",
            Self::MissingField => "missing-field",
            Self::Empty => "empty",
            Self::Huge => "huge",
        }
    }

    fn needs_fields(self) -> bool {
        matches!(self, Self::WrongType | Self::MissingField)
    }
}

impl fmt::Display for BadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BadKind {
    type Err = SpecError;

    fn from_str(name: &str) -> Result<Self, SpecError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| {
                let hint = did_you_mean(name, Self::ALL.into_iter().map(Self::name));
                let all = Self::ALL.map(Self::name).join(", ");
                SpecError::new(
                    "bad.kinds",
                    format!("there is no bad kind `{name}`{hint}; bad kinds are {all}"),
                )
            })
    }
}

/// Decides which events are bad, and spoils them.
#[derive(Debug, Clone)]
pub(super) struct Spoiler {
    seed: Seed,
    share: f64,
    kinds: Vec<BadKind>,
    size: usize,
}

impl Spoiler {
    /// `sample` is a good record of the stream; `None` if there is nothing to spoil.
    pub(super) fn new(seed: Seed, bad: &Bad, sample: &[u8]) -> Result<Option<Self>, SpecError> {
        if !(0.0..=1.0).contains(&bad.share) {
            return Err(SpecError::new(
                "bad.share",
                format!("{} is out of range; it must be from 0 to 1", bad.share),
            ));
        }
        let size = bad.size.unwrap_or(HUGE);
        if size > LARGEST {
            return Err(SpecError::new(
                "bad.size",
                format!("{size} is out of range; it must be at most {LARGEST}"),
            ));
        }
        let has_fields = fields(sample).is_some();
        if let Some(kind) = bad
            .kinds
            .iter()
            .find(|kind| kind.needs_fields() && !has_fields)
        {
            let problem = format!("`{kind}` is of no use here: the records are not JSON objects");
            return Err(SpecError::new("bad.kinds", problem));
        }
        let kinds = if bad.kinds.is_empty() {
            let usual =
                |kind: &BadKind| *kind != BadKind::Huge && (has_fields || !kind.needs_fields());
            BadKind::ALL.into_iter().filter(usual).collect()
        } else {
            bad.kinds.clone()
        };
        Ok((bad.share > 0.0).then_some(Self {
            seed,
            share: bad.share,
            kinds,
            size,
        }))
    }

    /// How event `seq` is bad, if it is, and the draws that decide the rest.
    #[inline]
    pub(super) fn choose(&self, seq: u64) -> Option<(BadKind, Draws)> {
        let mut draws = self.seed.draws(Purpose::Bad, seq);
        draws
            .chance(self.share)
            .then(|| (draws.pick(&self.kinds), draws))
    }

    /// Spoils the record that `out` holds from `start` on.
    pub(super) fn spoil(&self, kind: BadKind, draws: &mut Draws, out: &mut Vec<u8>, start: usize) {
        match kind {
            BadKind::Truncated => truncate(draws, out, start),
            BadKind::InvalidUtf8 => out.insert(start + foreign_place(&out[start..], draws), 0xff),
            BadKind::WrongType | BadKind::MissingField => {
                match with_bad_field(kind, draws, &out[start..]) {
                    Some(spoilt) => out.splice(start.., spoilt).for_each(drop),
                    // A template may write an object now and something else then.
                    None => truncate(draws, out, start),
                }
            }
            BadKind::Empty => out.truncate(start),
            BadKind::Huge => blow_up(out, start, self.size),
        }
    }
}

fn truncate(draws: &mut Draws, out: &mut Vec<u8>, start: usize) {
    let length = (out.len() - start) as u64;
    out.truncate(start + 1 + draws.below(length.saturating_sub(1)) as usize);
}

/// Where to put a foreign byte: in a string if there is one, so that only the encoding is wrong.
fn foreign_place(record: &[u8], draws: &mut Draws) -> usize {
    let quotes: Vec<usize> = (1..record.len())
        .filter(|&at| record[at - 1] == b':' && record[at] == b'"')
        .collect();
    if quotes.is_empty() {
        draws.below(record.len() as u64 + 1) as usize
    } else {
        draws.pick(&quotes) + 1
    }
}

/// The record with one field spoilt, or `None` if it has no fields.
fn with_bad_field(kind: BadKind, draws: &mut Draws, record: &[u8]) -> Option<Vec<u8>> {
    let mut fields = fields(record).filter(|fields| !fields.is_empty())?;
    let chosen = draws.below(fields.len() as u64) as usize;
    if kind == BadKind::MissingField {
        fields.remove(chosen);
    } else {
        fields[chosen].1 = match fields[chosen].1.as_bytes().first() {
            Some(b'"') => "0",
            _ => r#""wrong type""#,
        };
    }
    let mut spoilt = vec![b'{'];
    for (name, value) in fields {
        if spoilt.len() > 1 {
            spoilt.push(b',');
        }
        spoilt.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
        spoilt.push(b':');
        spoilt.extend_from_slice(value.as_bytes());
    }
    spoilt.push(b'}');
    Some(spoilt)
}

/// Brings the record to at least `size` bytes: with a long field if it is an object, else with a
/// long tail.
fn blow_up(out: &mut Vec<u8>, start: usize, size: usize) {
    let mut tail: &[u8] = b"";
    if out.get(start) == Some(&b'{') && out.ends_with(b"}") {
        out.pop();
        out.extend_from_slice(if out.ends_with(b"{") {
            b"\"padding\":\""
        } else {
            b",\"padding\":\""
        });
        tail = b"\"}";
    }
    out.resize(
        out.len().max((start + size).saturating_sub(tail.len())),
        b'x',
    );
    out.extend_from_slice(tail);
}

/// The fields of a JSON object with the text of their values, or `None` if `record` is not one.
fn fields(record: &[u8]) -> Option<Vec<(Cow<'_, str>, &str)>> {
    serde_json::from_slice::<Fields<'_>>(record)
        .ok()
        .map(|fields| fields.0)
}

struct Fields<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    fields.push((name, value.get()));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
