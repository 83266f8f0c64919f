//! `every` and `some`: a program that is true of all records, or of one.

use ssectl_adapter::Record;

use super::{Line, example, one_line, records};
use crate::expr::{Input, Program};
use crate::scenario::Expr;

/// True of every record.
pub(super) struct EveryCheck {
    program: Program,
    source: String,
    failed: u64,
    first: Option<String>,
}

impl EveryCheck {
    pub(super) fn new(expr: &Expr) -> Self {
        Self {
            program: expr.program.clone(),
            source: one_line(&expr.source),
            failed: 0,
            first: None,
        }
    }

    pub(super) fn record(&mut self, input: &Input<'_>, record: &Record) {
        let problem = match self.program.test(input) {
            Ok(true) => return,
            Ok(false) => String::new(),
            Err(error) => format!(" ({})", error.kind()),
        };
        self.failed += 1;
        self.first
            .get_or_insert_with(|| format!("{}{problem}", example(record)));
    }

    pub(super) fn finish(self, seen: u64) -> Line {
        let Self { source, failed, .. } = self;
        match self.first {
            None if seen == 0 => Line {
                ok: true,
                text: format!("every `{source}`: there was no record to look at"),
            },
            None => Line {
                ok: true,
                text: format!("every `{source}`: {}", records(seen)),
            },
            Some(first) => Line {
                ok: false,
                text: format!(
                    "every `{source}`: not true of {failed} of {}; first {first}",
                    records(seen)
                ),
            },
        }
    }
}

/// True of at least one record.
pub(super) struct SomeCheck {
    program: Program,
    source: String,
    found: bool,
    error: Option<String>,
}

impl SomeCheck {
    pub(super) fn new(expr: &Expr) -> Self {
        Self {
            program: expr.program.clone(),
            source: one_line(&expr.source),
            found: false,
            error: None,
        }
    }

    pub(super) fn record(&mut self, input: &Input<'_>) {
        if self.found {
            return;
        }
        match self.program.test(input) {
            Ok(found) => self.found = found,
            Err(error) => {
                self.error.get_or_insert_with(|| error.kind().to_string());
            }
        }
    }

    pub(super) fn finish(self, seen: u64) -> Line {
        let Self { source, found, .. } = self;
        let text = if found {
            format!("some `{source}`: found")
        } else {
            let error = self.error.map(|error| format!("; first error: {error}"));
            format!(
                "some `{source}`: true of none of {}{}",
                records(seen),
                error.unwrap_or_default()
            )
        };
        Line { ok: found, text }
    }
}
