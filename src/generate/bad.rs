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

/// Brings the record to at least `size` bytes: with a long field if it is an object, else with a long tail.
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

#[cfg(test)]
mod tests {
    use super::super::{Generator, Kind, Spec};
    use super::*;

    fn spec(kinds: &[BadKind]) -> Spec {
        let bad = Bad {
            share: 0.05,
            kinds: kinds.to_vec(),
            size: Some(5_000),
        };
        Spec {
            seed: 7,
            bad: Some(bad),
            ..Spec::new(Kind::Orders)
        }
    }

    /// How many of the first 20,000 events are bad, after `check` has looked at each of them beside its good self.
    fn bad_events(spec: &Spec, check: impl Fn(&[u8], &[u8])) -> usize {
        let (bad, good) = (
            Generator::new(spec).unwrap(),
            Generator::new(&Spec {
                bad: None,
                ..spec.clone()
            })
            .unwrap(),
        );
        let mut count = 0;
        for i in 0..20_000 {
            let (mut spoilt, mut whole) = (b"before".to_vec(), Vec::new());
            let (event, twin) = (bad.write(i, &mut spoilt), good.write(i, &mut whole));
            assert!(spoilt.starts_with(b"before"));
            let spoilt = &spoilt[6..];
            assert_eq!(
                event.key.as_ref().unwrap().bytes(spoilt),
                twin.key.as_ref().unwrap().bytes(&whole)
            );
            assert_eq!(event.time_ns, twin.time_ns);
            match event.bad {
                None => assert_eq!(spoilt, whole),
                Some(kind) => {
                    assert!(spec.bad.as_ref().unwrap().kinds.contains(&kind));
                    count += 1;
                    check(spoilt, &whole);
                }
            }
        }
        count
    }

    fn object(record: &[u8]) -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_slice(record).unwrap()
    }

    /// Four standard deviations of a binomial with 20,000 trials of 0.05 are 123.
    fn about_a_twentieth(count: usize) {
        assert!(
            count.abs_diff(1_000) < 123,
            "{count} bad events of 20,000, 1,000 expected"
        );
    }

    #[test]
    fn truncated_records_are_a_strict_beginning() {
        about_a_twentieth(bad_events(&spec(&[BadKind::Truncated]), |bad, good| {
            assert!(!bad.is_empty() && bad.len() < good.len() && good.starts_with(bad));
            assert!(serde_json::from_slice::<serde_json::Value>(bad).is_err());
        }));
    }

    #[test]
    fn invalid_utf8_is_only_that() {
        about_a_twentieth(bad_events(&spec(&[BadKind::InvalidUtf8]), |bad, _| {
            assert!(std::str::from_utf8(bad).is_err());
            object(String::from_utf8_lossy(bad).as_bytes());
        }));
    }

    #[test]
    fn a_wrong_type_is_one_field_of_another_type() {
        about_a_twentieth(bad_events(&spec(&[BadKind::WrongType]), |bad, good| {
            let (bad, good) = (object(bad), object(good));
            let wrong = good.iter().filter(|(name, value)| {
                std::mem::discriminant(*value) != std::mem::discriminant(&bad[*name])
            });
            assert_eq!((wrong.count(), bad.len()), (1, good.len()));
        }));
    }

    #[test]
    fn a_missing_field_is_one_field_less() {
        about_a_twentieth(bad_events(&spec(&[BadKind::MissingField]), |bad, good| {
            let (bad, good) = (object(bad), object(good));
            assert_eq!(bad.len() + 1, good.len());
            assert!(bad.iter().all(|(name, value)| good[name] == *value));
        }));
    }

    #[test]
    fn empty_is_no_bytes_and_huge_is_the_size_asked_for() {
        about_a_twentieth(bad_events(&spec(&[BadKind::Empty]), |bad, _| {
            assert!(bad.is_empty())
        }));
        about_a_twentieth(bad_events(&spec(&[BadKind::Huge]), |bad, good| {
            let mut bad_object = object(bad);
            assert_eq!(bad.len(), 5_000);
            assert!(bad_object.remove("padding").is_some());
            assert_eq!(bad_object, object(good));
        }));
    }

    #[test]
    fn kinds_take_equal_parts() {
        let generator = Generator::new(&spec(&BadKind::ALL)).unwrap();
        let mut counts = std::collections::HashMap::new();
        for bad in (0..20_000).filter_map(|i| generator.write(i, &mut Vec::new()).bad) {
            *counts.entry(bad).or_insert(0usize) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Expected 167 each; four standard deviations are 51.
        assert!(
            counts.values().all(|count| count.abs_diff(167) < 51),
            "{counts:?}"
        );
    }

    #[test]
    fn without_kinds_all_that_apply_but_huge() {
        let found = |kind, template: Option<&str>| {
            let bad = Bad {
                share: 1.0,
                kinds: vec![],
                size: None,
            };
            let spec = Spec {
                bad: Some(bad),
                template: template.map(str::to_owned),
                ..Spec::new(kind)
            };
            let generator = Generator::new(&spec).unwrap();
            let mut kinds: Vec<_> = (0..200)
                .filter_map(|i| generator.write(i, &mut Vec::new()).bad)
                .collect();
            assert_eq!(kinds.len(), 200, "a share of 1 spoils all");
            kinds.sort_by_key(|kind| kind.name());
            kinds.dedup();
            kinds
                .into_iter()
                .map(BadKind::name)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let all = "empty invalid-utf8 missing-field truncated wrong-type";
        assert_eq!(found(Kind::Words, None), all);
        assert_eq!(found(Kind::Template, Some(r#"{"n": {{seq}}}"#)), all);
        assert_eq!(found(Kind::Combined, None), "empty invalid-utf8 truncated");
        assert_eq!(
            found(Kind::Template, Some("n={{seq}}")),
            "empty invalid-utf8 truncated"
        );
    }

    #[test]
    fn templates_that_are_not_always_objects_are_spoilt_all_the_same() {
        let bad = Bad {
            share: 1.0,
            kinds: vec![BadKind::MissingField],
            size: None,
        };
        let template = Some(r#"{{pick "{\"a\":1}" "{}" "plain"}}"#.to_owned());
        for seed in 0..20 {
            let spec = Spec {
                seed,
                bad: Some(bad.clone()),
                template: template.clone(),
                ..Spec::new(Kind::Template)
            };
            let Ok(generator) = Generator::new(&spec) else {
                continue;
            };
            for i in 0..50 {
                let mut out = Vec::new();
                generator.write(i, &mut out);
                assert!(
                    !matches!(out.as_slice(), br#"{"a":1}"# | b"plain"),
                    "{}",
                    String::from_utf8_lossy(&out)
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |kind, share, kinds: &[BadKind], size| {
            let bad = Bad {
                share,
                kinds: kinds.to_vec(),
                size,
            };
            Generator::new(&Spec {
                bad: Some(bad),
                ..Spec::new(kind)
            })
            .unwrap_err()
            .to_string()
        };
        assert!(
            refused(Kind::Words, 1.5, &[], None).starts_with("`bad.share`: 1.5 is out of range")
        );
        assert!(
            refused(Kind::Words, f64::NAN, &[], None)
                .starts_with("`bad.share`: NaN is out of range")
        );
        assert!(refused(Kind::Words, 0.1, &[], Some(usize::MAX)).starts_with("`bad.size`: "));
        let text = refused(Kind::Combined, 0.1, &[BadKind::WrongType], None);
        assert_eq!(
            text,
            "`bad.kinds`: `wrong-type` is of no use here: the records are not JSON objects"
        );
        let unknown = "truncate".parse::<BadKind>().unwrap_err().to_string();
        assert!(unknown.contains("did you mean `truncated`?"), "{unknown}");
        for kind in BadKind::ALL {
            assert_eq!(kind.name().parse::<BadKind>().unwrap(), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
