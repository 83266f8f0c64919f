//! `equals`: the records of a file, and nothing else.
//!
//! In any order: as often in the stream as in the file. In exact order: also, the records of each
//! partition come in the file in the order in which they are in the partition.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use ssectl_adapter::{Partition, Record};

use super::canonical::canonical;
use super::{CheckerError, Line, example, records, shorten};
use crate::scenario::{Equals, EqualsOrder, Format};

/// So many missing and so many unexpected records are shown.
const SHOWN: usize = 5;

pub(super) struct EqualsCheck {
    file: String,
    format: Format,
    exact: bool,
    /// Number and text of each expected line.
    lines: Vec<(usize, String)>,
    /// Which of the lines have this form, in ascending order, and how often it was seen.
    forms: HashMap<Vec<u8>, Form>,
    unexpected: u64,
    examples: Vec<String>,
    /// Per partition, the first line that may come next.
    next: BTreeMap<Partition, usize>,
    misplaced: u64,
    first_misplaced: Option<String>,
}

#[derive(Default)]
struct Form {
    lines: Vec<usize>,
    seen: usize,
}

impl EqualsCheck {
    pub(super) fn new(equals: &Equals, format: Format) -> Result<Self, CheckerError> {
        let mut check = Self {
            file: equals.file.display().to_string(),
            format,
            exact: equals.order == EqualsOrder::Exact,
            lines: Vec::new(),
            forms: HashMap::new(),
            unexpected: 0,
            examples: Vec::new(),
            next: BTreeMap::new(),
            misplaced: 0,
            first_misplaced: None,
        };
        check.read(&equals.file)?;
        Ok(check)
    }

    fn read(&mut self, path: &Path) -> Result<(), CheckerError> {
        let failed = |error| CheckerError::Read {
            file: path.display().to_string(),
            error,
        };
        let reader = BufReader::new(File::open(path).map_err(failed)?);
        for (index, line) in reader.split(b'\n').enumerate() {
            let mut line = line.map_err(failed)?;
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            if self.format != Format::Text && line.trim_ascii().is_empty() {
                continue;
            }
            let form = self.form(&line).map_err(|problem| CheckerError::NotJson {
                file: path.display().to_string(),
                line: index + 1,
                problem,
            })?;
            let form = self.forms.entry(form).or_default();
            form.lines.push(self.lines.len());
            self.lines.push((index + 1, shorten(&line)));
        }
        Ok(())
    }

    fn form(&self, value: &[u8]) -> Result<Vec<u8>, String> {
        match self.format {
            Format::Text => Ok(value.to_vec()),
            _ => canonical(value),
        }
    }

    pub(super) fn record(&mut self, record: &Record) {
        let value = record.value.as_deref().unwrap_or(match self.format {
            Format::Text => b"",
            _ => b"null",
        });
        let form = match self.form(value) {
            Ok(form) => form,
            Err(problem) => return self.not_expected(format!("{} ({problem})", example(record))),
        };
        let Some(form) = self.forms.get_mut(&form) else {
            return self.not_expected(example(record));
        };
        form.seen += 1;
        if form.seen > form.lines.len() {
            return self.not_expected(format!("{} (once more)", example(record)));
        }
        if !self.exact {
            return;
        }
        let next = self
            .next
            .entry(record.origin.partition.clone())
            .or_default();
        match form.lines.iter().find(|line| **line >= *next) {
            Some(line) => *next = line + 1,
            None => {
                self.misplaced += 1;
                self.first_misplaced.get_or_insert_with(|| example(record));
            }
        }
    }

    fn not_expected(&mut self, example: String) {
        self.unexpected += 1;
        if self.examples.len() < SHOWN {
            self.examples.push(example);
        }
    }

    pub(super) fn finish(self) -> Vec<Line> {
        let mut missing: Vec<usize> = self
            .forms
            .values()
            .flat_map(|form| form.lines.iter().skip(form.seen))
            .copied()
            .collect();
        missing.sort_unstable();
        let file = &self.file;
        if missing.is_empty() && self.unexpected == 0 && self.misplaced == 0 {
            let count = records(self.lines.len() as u64);
            return vec![Line {
                ok: true,
                text: format!("equals {file}: {count}"),
            }];
        }
        let mut text = Vec::new();
        if !missing.is_empty() {
            text.push(format!("{} missing", records(missing.len() as u64)));
        }
        if self.unexpected > 0 {
            text.push(format!("{} unexpected", records(self.unexpected)));
        }
        if self.misplaced > 0 {
            text.push(format!("{} not in order", records(self.misplaced)));
        }
        let mut lines = vec![format!("equals {file}: {}", text.join(", "))];
        lines.extend(missing.iter().take(SHOWN).map(|index| {
            let (number, value) = &self.lines[*index];
            format!("  - line {number}: {value}")
        }));
        lines.extend(and_more(missing.len() as u64, '-'));
        lines.extend(self.examples.iter().map(|example| format!("  + {example}")));
        lines.extend(and_more(self.unexpected, '+'));
        lines.extend(self.first_misplaced.map(|example| format!("  ! {example}")));
        let lines = lines.into_iter();
        lines.map(|text| Line { ok: false, text }).collect()
    }
}

fn and_more(count: u64, sign: char) -> Option<String> {
    let more = count.checked_sub(SHOWN as u64).filter(|more| *more > 0)?;
    Some(format!("  {sign} and {more} more"))
}
