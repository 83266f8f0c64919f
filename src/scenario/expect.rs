//! Whether the records of a stream are as expected.
//!
//! A [`Checker`] is fed record by record, each partition in its order, and keeps of them only what
//! it needs: counters and first examples, the last value per key for `order`, the expected records
//! for `equals`.

mod canonical;
mod equals;
mod order;
mod programs;

use std::fmt;

use ssectl_adapter::Record;

use super::{Count, Expectation, Format};
use crate::expr::{Input, Meta, Payload};
pub(crate) use canonical::canonical;
use equals::EqualsCheck;
use order::OrderCheck;
use programs::{EveryCheck, SomeCheck};

/// Checks one stream against its expectation.
pub struct Checker {
    stream: String,
    format: Format,
    seen: u64,
    count: Option<Count>,
    every: Vec<EveryCheck>,
    some: Vec<SomeCheck>,
    equals: Option<EqualsCheck>,
    order: Option<OrderCheck>,
}

/// Why an expectation cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum CheckerError {
    /// The file of `equals` cannot be read.
    #[error("expected records `{file}` cannot be read: {error}")]
    Read {
        /// Its path.
        file: String,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// A line of it is no JSON.
    #[error("expected records `{file}`, line {line}: {problem}")]
    NotJson {
        /// Its path.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl Checker {
    /// Prepares the checks; reads the file of `equals`, so do it before the run.
    ///
    /// # Errors
    /// If that file cannot be read, or has a line that is no JSON.
    pub fn new(expectation: &Expectation) -> Result<Self, CheckerError> {
        let Expectation { format, .. } = *expectation;
        let equals = match &expectation.equals {
            Some(equals) => Some(EqualsCheck::new(equals, format)?),
            None => None,
        };
        Ok(Self {
            stream: expectation.stream.clone(),
            format,
            seen: 0,
            count: expectation.count,
            every: expectation.every.iter().map(EveryCheck::new).collect(),
            some: expectation.some.iter().map(SomeCheck::new).collect(),
            equals,
            order: expectation.order.as_ref().map(OrderCheck::new),
        })
    }

    /// Looks at the next record of the stream.
    pub fn record(&mut self, record: &Record) {
        self.seen += 1;
        let input = self.input(record);
        for check in &mut self.every {
            check.record(&input, record);
        }
        for check in &mut self.some {
            check.record(&input);
        }
        if let Some(check) = &mut self.equals {
            check.record(record);
        }
        if let Some(check) = &mut self.order {
            check.record(&input, record);
        }
    }

    /// Says what held, once the stream has been read to its end.
    pub fn finish(self) -> Verdict {
        if let Some(nothing) = self.nothing_checked() {
            return nothing;
        }
        let mut lines = Vec::new();
        lines.extend(self.count.map(|count| count_line(count, self.seen)));
        lines.extend(self.every.into_iter().map(|c| c.finish(self.seen)));
        lines.extend(self.some.into_iter().map(|c| c.finish(self.seen)));
        lines.extend(self.order.map(OrderCheck::finish));
        if let Some(equals) = self.equals {
            lines.extend(equals.finish());
        }
        Verdict {
            passed: lines.iter().all(|line| line.ok),
            stream: self.stream,
            lines,
        }
    }

    /// What holds for every record of an empty stream says nothing. It fails, unless `count` or
    /// `equals` says whether the stream may be empty.
    fn nothing_checked(&self) -> Option<Verdict> {
        let decided = self.count.is_some() || self.equals.is_some();
        let text = "no records, so nothing was checked; say `count: 0` if there should be none";
        (self.seen == 0 && !decided).then(|| Verdict {
            stream: self.stream.clone(),
            passed: false,
            lines: vec![Line {
                ok: false,
                text: text.to_owned(),
            }],
        })
    }

    fn input<'r>(&self, record: &'r Record) -> Input<'r> {
        let payload = match (&record.value, self.format) {
            (None, _) => Payload::Null,
            (Some(value), Format::Text) => Payload::Text(value),
            (Some(value), _) => Payload::Json(value),
        };
        Input {
            payload,
            meta: Meta::of(record),
        }
    }
}

fn count_line(count: Count, seen: u64) -> Line {
    let ok = seen >= count.min && count.max.is_none_or(|max| seen <= max);
    let wanted = match count {
        Count {
            min,
            max: Some(max),
        } if min == max => min.to_string(),
        Count {
            min,
            max: Some(max),
        } => format!("{min} to {max}"),
        Count { min, max: None } => format!("at least {min}"),
    };
    Line {
        ok,
        text: if ok {
            format!("count: {}", records(seen))
        } else {
            format!("count: expected {wanted}, found {}", records(seen))
        },
    }
}

/// What came out of checking one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The stream.
    pub stream: String,
    /// Whether all of it held.
    pub passed: bool,
    /// One or more lines per check, in a fixed order.
    pub lines: Vec<Line>,
}

/// One thing that held or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether it held.
    pub ok: bool,
    /// What it is; with the first counter-example if it did not hold.
    pub text: String,
}

/// One line per check: `ok` or `FAIL`, the stream, what it is.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let word = if line.ok { "ok  " } else { "FAIL" };
            write!(f, "{word} {}: {}", self.stream, line.text)?;
        }
        Ok(())
    }
}

/// `1 record`, `2 records`.
fn records(count: u64) -> String {
    format!("{count} record{}", if count == 1 { "" } else { "s" })
}

/// Where a record is and what it holds: `partition 0, offset 17: {"text":...}`.
fn example(record: &Record) -> String {
    let origin = &record.origin;
    let partition = match origin.partition.as_str() {
        "" => String::new(),
        name => format!("partition {name}, "),
    };
    let value = match &record.value {
        Some(value) => shorten(value),
        None => "no value".to_owned(),
    };
    format!("{partition}offset {}: {value}", origin.position)
}

/// A program on one line.
fn one_line(program: &str) -> String {
    let words: Vec<&str> = program.split_whitespace().collect();
    shorten(words.join(" ").as_bytes())
}

/// Bytes as text of one line that fits a message.
fn shorten(bytes: &[u8]) -> String {
    const LONGEST: usize = 120;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LONGEST)]);
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() || bytes.len() > 4 * LONGEST {
        shown.push('…');
    }
    shown
}
