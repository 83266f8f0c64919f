//! What can be wrong with a program, and with a run of it, told with the line and a caret.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Origin;

/// Everything that is wrong with a program.
#[derive(Clone, Debug, thiserror::Error)]
pub struct CompileError {
    origin: Origin,
    faults: Vec<Fault>,
}

/// One place of a program that is wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Bytes from the start of the program.
    pub offset: usize,
    /// Where that is.
    pub place: Place,
    /// What is wrong and, where known, how to fix it.
    pub message: String,
}

impl CompileError {
    pub(super) fn new(
        origin: Origin,
        program: &str,
        faults: impl IntoIterator<Item = (usize, String)>,
    ) -> Self {
        let fault = |(offset, message)| Fault {
            offset,
            place: Place::new(program, offset),
            message,
        };
        Self {
            origin,
            faults: faults.into_iter().map(fault).collect(),
        }
    }

    /// The faults in the order of the program text; never empty.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let Place { line, column, .. } = fault.place;
            let at = self.origin.place(fault.offset, line, column);
            fault.place.show(f, &at, &fault.message)?;
        }
        Ok(())
    }
}

/// Why a run of a program on one record failed.
#[derive(Clone, Debug, thiserror::Error)]
pub struct EvalError {
    pub(super) origin: Arc<str>,
    pub(super) kind: EvalErrorKind,
    /// The place in the program, and as messages show it.
    pub(super) place: Option<Box<(Place, String)>>,
}

/// Where in its program an error was raised, as near as can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The line of the program.
    pub text: String,
}

impl Place {
    /// The place `offset` bytes from the start of `program`.
    pub(super) fn new(program: &str, offset: usize) -> Self {
        let (line, column) = position(program.as_bytes(), offset);
        let text = program.lines().nth(line - 1).unwrap_or_default().to_owned();
        Self { line, column, text }
    }

    /// Writes the message under the place as `at` says it, the line and a caret.
    fn show(
        &self,
        f: &mut fmt::Formatter<'_>,
        at: &str,
        message: &dyn fmt::Display,
    ) -> fmt::Result {
        writeln!(f, "{at}: {message}")?;
        let (text, before) = self.excerpt();
        let indent: String = text
            .chars()
            .take(before)
            .map(|char| if char == '\t' { '\t' } else { ' ' })
            .collect();
        write!(f, "  {text}\n  {indent}^")
    }

    /// The line, or of a long one what is around the place; and how many characters are before it.
    fn excerpt(&self) -> (String, usize) {
        const SIDE: usize = 60;
        let before = self.column - 1;
        if self.text.chars().count() <= 2 * SIDE {
            return (self.text.clone(), before);
        }
        let start = before.saturating_sub(SIDE);
        let mark = if start > 0 { "…" } else { "" };
        let part: String = self.text.chars().skip(start).take(2 * SIDE).collect();
        (
            format!("{mark}{part}…"),
            before - start + usize::from(start > 0),
        )
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(found) => found.0.show(f, &found.1, &self.kind),
            None => write!(f, "{}: {}", self.origin, self.kind),
        }
    }
}

impl EvalError {
    /// What happened.
    pub fn kind(&self) -> &EvalErrorKind {
        &self.kind
    }

    /// Where in the program the error was raised; known for [`EvalErrorKind::Program`].
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref().map(|found| &found.0)
    }

    /// The name of the program, as given to [`compile`](super::Program::compile).
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// The kinds of [`EvalError`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalErrorKind {
    /// The record is not exactly one JSON value.
    #[error("record is not JSON: {what} at line {line}, column {column} (byte {offset})")]
    InvalidJson {
        /// Bytes from the start of the record.
        offset: usize,
        /// Line of the record, counted from 1.
        line: usize,
        /// Column in characters, counted from 1.
        column: usize,
        /// What was expected or found.
        what: String,
    },
    /// The record is not UTF-8, so it is no string.
    #[error("record is not text: invalid UTF-8 at byte {offset}")]
    InvalidText {
        /// Bytes from the start of the record.
        offset: usize,
    },
    /// The program raised an error: a type error or `error(...)`.
    #[error("{0}")]
    Program(String),
    /// Over [`Limits::time`](super::Limits::time).
    #[error("the program ran longer than {} s on one record", .0.as_secs_f64())]
    LimitTime(Duration),
    /// Over [`Limits::outputs`](super::Limits::outputs).
    #[error("the program gave more than {0} results for one record")]
    LimitOutputs(usize),
    /// Over [`Limits::bytes`](super::Limits::bytes).
    #[error("the program needed more than {0} bytes for one record")]
    LimitBytes(usize),
    /// Over [`Limits::depth`](super::Limits::depth), or the program calls itself too deeply.
    #[error("values or calls are nested too deeply; the limit for values is {0} levels")]
    LimitDepth(usize),
    /// The jq engine itself failed on the record; this is a bug.
    #[error("the jq engine failed: {0}")]
    Internal(String),
}

/// Line and column (both from 1, the column in characters) of a byte offset.
pub(super) fn position(text: &[u8], offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    (
        line,
        1 + String::from_utf8_lossy(&before[start..]).chars().count(),
    )
}
