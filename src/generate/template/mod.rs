//! `template`: text of one's own with placeholders.
//!
//! ```text
//! template    = { text | placeholder }
//! placeholder = "{{" [ space ] name { space argument } [ space ] "}}"
//!             | "{{" [ space ] quoted [ space ] "}}"                     the quoted text itself, such as {{"{{"}}
//! argument    = characters other than space, quote and "}}" | quoted
//! quoted      = '"' { any character but quote and backslash | '\"' | '\\' } '"'
//! ```
//!
//! | placeholder | writes |
//! |---|---|
//! | `seq` | the number of the event in event time, from 0 |
//! | `key` | the entity the event is about: `key-0`, `key-1` ... as many as `keys.count`; becomes the key of the record |
//! | `time [rfc3339\|s\|ms\|us\|ns]` | the event time, as RFC 3339 text or as a whole number since 1970 |
//! | `int LOW HIGH` | a whole number, both ends included |
//! | `float LOW HIGH [DECIMALS]` | a number, with 3 decimals unless said otherwise |
//! | `normal MEAN DEVIATION [DECIMALS]` | a number from a bell curve |
//! | `bool [PROBABILITY]` | `true` or `false`; `true` with probability 0.5 unless said otherwise |
//! | `pick A B C ...` | one of the arguments |
//! | `word`, `sentence` | an English word, a made-up sentence |
//! | `uuid` | a random UUID of version 4 |
//! | `hex [DIGITS]` | random hexadecimal digits, 16 unless said otherwise |
//!
//! What placeholders write is not escaped: in a JSON text, put quotes around those that are not
//! numbers. One line end at the end of the template is dropped.

mod parse;

use super::error::SpecError;
use super::json::{Record, push_fixed, push_int};
use super::kinds::{Body, Moment, Vocabulary, push_uuid};
use super::rng::Draws;
use super::timeline::Instant;

/// A template, ready to be filled in.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
    vocabulary: Vocabulary,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Seq,
    Key,
    Time(TimeForm),
    Int {
        low: i64,
        high: i64,
    },
    Float {
        low: f64,
        high: f64,
        decimals: u32,
    },
    Normal {
        mean: f64,
        deviation: f64,
        decimals: u32,
    },
    Bool(f64),
    Pick(Vec<String>),
    Word,
    Sentence,
    Uuid,
    Hex(u32),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum TimeForm {
    Rfc3339,
    /// A whole number of units of this many nanoseconds.
    Number(i128),
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, SpecError> {
        Ok(Self {
            parts: parse::parts(text)?,
            vocabulary: Vocabulary::new(),
        })
    }

    /// Whether the text names the key.
    pub(super) fn uses_key(&self) -> bool {
        self.parts.contains(&Part::Key)
    }
}

impl Body for Template {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        for part in &self.parts {
            match part {
                Part::Key => record.value("key", |out| push_key(moment.entity, out)),
                Part::Word => record
                    .out
                    .extend_from_slice(self.vocabulary.word(draws).as_bytes()),
                Part::Sentence => self.vocabulary.push_sentence(draws, record.out),
                other => other.push(moment, draws, record.out),
            }
        }
        if !self.uses_key() {
            record.key_apart("key", |out| push_key(moment.entity, out));
        }
    }
}

impl Part {
    fn push(&self, moment: &Moment, draws: &mut Draws, out: &mut Vec<u8>) {
        match self {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Seq => push_int(out, moment.seq),
            Part::Time(form) => push_time(*form, moment.at, out),
            Part::Int { low, high } => push_int(out, draws.between(*low, *high)),
            Part::Float {
                low,
                high,
                decimals,
            } => push_rounded(low + (high - low) * draws.unit(), *decimals, out),
            Part::Normal {
                mean,
                deviation,
                decimals,
            } => push_rounded(mean + deviation * draws.bell(), *decimals, out),
            Part::Bool(p) => {
                out.extend_from_slice(if draws.chance(*p) { b"true" } else { b"false" })
            }
            Part::Pick(choices) => {
                let choice = draws.below(choices.len() as u64) as usize;
                out.extend_from_slice(choices[choice].as_bytes());
            }
            Part::Uuid => push_uuid(out, [draws.bits(), draws.bits()]),
            Part::Hex(digits) => push_digits(*digits, draws, out),
            Part::Key | Part::Word | Part::Sentence => {}
        }
    }
}

fn push_key(entity: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"key-");
    push_int(out, entity);
}

fn push_time(form: TimeForm, at: Instant, out: &mut Vec<u8>) {
    match form {
        TimeForm::Rfc3339 => at.push_rfc3339(out),
        TimeForm::Number(unit) => push_int(out, at.ns.div_euclid(unit)),
    }
}

/// The parser sees to it that the product fits.
fn push_rounded(number: f64, decimals: u32, out: &mut Vec<u8>) {
    push_fixed(
        out,
        libm::round(number * 10f64.powi(decimals as i32)) as i64,
        decimals,
    );
}

fn push_digits(digits: u32, draws: &mut Draws, out: &mut Vec<u8>) {
    let mut bits = 0;
    for digit in 0..digits {
        if digit % 16 == 0 {
            bits = draws.bits();
        }
        out.push(b"0123456789abcdef"[(bits & 15) as usize]);
        bits >>= 4;
    }
}
