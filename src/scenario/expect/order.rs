//! `order`: among the records of a key, a value never decreases.

use std::collections::HashMap;

use ssectl_adapter::Record;

use super::{Line, example, one_line, shorten};
use crate::expr::{Input, Meta, Options, Outputs, Payload, Program};
use crate::scenario::KeyOrder;

/// Keys and values may take so many bytes; a stream with more cannot be checked.
const MOST_BYTES: usize = 256 << 20;
/// What one key costs beside its bytes.
const PER_KEY: usize = 96;

pub(super) struct OrderCheck {
    key: Program,
    by: Program,
    source: String,
    /// `[last, next]` in, whether the order is right out: jq's own order of values.
    not_decreasing: Program,
    last: HashMap<Vec<u8>, Vec<u8>>,
    bytes: usize,
    broken: u64,
    first: Option<String>,
    scratch: Outputs,
}

impl OrderCheck {
    pub(super) fn new(order: &KeyOrder) -> Self {
        let comparison = Program::compile("order", ".[0] <= .[1]", &Options::default());
        Self {
            key: order.key.program.clone(),
            by: order.by.program.clone(),
            source: format!(
                "`{}` by `{}`",
                one_line(&order.by.source),
                one_line(&order.key.source)
            ),
            not_decreasing: comparison.expect("the program is fixed"),
            last: HashMap::new(),
            bytes: 0,
            broken: 0,
            first: None,
            scratch: Outputs::default(),
        }
    }

    pub(super) fn record(&mut self, input: &Input<'_>, record: &Record) {
        if self.bytes > MOST_BYTES {
            return;
        }
        let (key, by) = match (self.value(Which::Key, input), self.value(Which::By, input)) {
            (Ok(key), Ok(by)) => (key, by),
            (Err(problem), _) | (_, Err(problem)) => {
                return self.violation(|| format!("{} ({problem})", example(record)));
            }
        };
        let Some(last) = self.last.get_mut(&key) else {
            self.bytes += key.len() + by.len() + PER_KEY;
            self.last.insert(key, by);
            return;
        };
        if is_in_order(&self.not_decreasing, last, &by) {
            self.bytes = (self.bytes + by.len()).saturating_sub(last.len());
            *last = by;
        } else {
            let before = shorten(last);
            self.violation(|| {
                let (key, by) = (shorten(&key), shorten(&by));
                format!("{} (key {key}: {by} after {before})", example(record))
            });
        }
    }

    pub(super) fn finish(self) -> Line {
        let Self { source, broken, .. } = self;
        let keys = self.last.len();
        if self.bytes > MOST_BYTES {
            let text = format!(
                "order of {source}: not checked, more than {keys} keys are too many to remember"
            );
            return Line { ok: false, text };
        }
        match self.first {
            None => Line {
                ok: true,
                text: format!("order of {source}: never decreases, {keys} keys"),
            },
            Some(first) => Line {
                ok: false,
                text: format!("order of {source}: broken {broken} times; first {first}"),
            },
        }
    }

    fn violation(&mut self, example: impl FnOnce() -> String) {
        self.broken += 1;
        self.first.get_or_insert_with(example);
    }

    /// The first result of one of the programs, as JSON.
    fn value(&mut self, which: Which, input: &Input<'_>) -> Result<Vec<u8>, String> {
        let (program, name) = match which {
            Which::Key => (&self.key, "key"),
            Which::By => (&self.by, "by"),
        };
        self.scratch.clear();
        program
            .eval(input, &mut self.scratch)
            .map_err(|error| format!("{name}: {}", error.kind()))?;
        match self.scratch.get(0) {
            Some(result) => Ok(result.json().to_vec()),
            None => Err(format!("{name} gave no result")),
        }
    }
}

#[derive(Clone, Copy)]
enum Which {
    Key,
    By,
}

fn is_in_order(program: &Program, last: &[u8], next: &[u8]) -> bool {
    let pair = [b"[", last, b",", next, b"]"].concat();
    let input = Input {
        payload: Payload::Json(&pair),
        meta: Meta::default(),
    };
    program.test(&input).unwrap_or(false)
}
