//! What is wrong with a file: where, what, and how to fix it.

use std::fmt;

use super::Place;
use super::excerpt::Excerpt;

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but hardly means what it says.
    Warning,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file as the user named it; `$VARIABLE` or `--flag` for a value from there.
    pub file: String,
    /// Counted from 1; 0 for a value that has no lines.
    pub line: usize,
    /// In characters, counted from 1; 0 for a value that has no lines.
    pub col: usize,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, a fragment without a period.
    pub message: String,
    /// How to fix it.
    pub hint: Option<String>,
    excerpt: Option<Excerpt>,
}

impl Fault {
    fn new(place: &Place, severity: Severity, message: String) -> Self {
        let (line, col) = if place.text().has_lines() {
            place.position()
        } else {
            (0, 0)
        };
        Self {
            file: place.text().name().to_owned(),
            line,
            col,
            severity,
            message,
            hint: None,
            excerpt: Excerpt::of(place),
        }
    }
}

/// `file:line:col: message`, the source line, a caret under the place, the hint.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.col)?;
        }
        let severity = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        write!(f, ": {severity}{}", self.message)?;
        if let Some(excerpt) = &self.excerpt {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            write!(f, "\n  {number} | {}", excerpt.line)?;
            write!(f, "\n  {margin} | {}", excerpt.caret())?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// The fault just added to [`Faults`], to say how it is fixed.
#[derive(Debug)]
pub struct Added<'a>(Option<&'a mut Fault>);

impl Added<'_> {
    /// Says how to fix it.
    pub fn hint(self, hint: impl Into<String>) {
        self.hint_with(|| Some(hint.into()));
    }

    /// Says how to fix it, if that can be found out; not tried for a fault that is only counted.
    pub fn hint_with(self, hint: impl FnOnce() -> Option<String>) {
        if let Some(fault) = self.0 {
            fault.hint = hint();
        }
    }
}

/// The faults of one or more files, in the order of their places.
///
/// Only the first [`Faults::MOST`] are kept; a file with more is not the file one meant.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    list: Vec<Fault>,
    left_out: usize,
    errors: usize,
}

impl Faults {
    /// So many faults are kept; the others are counted.
    pub const MOST: usize = 100;

    /// Adds an error.
    pub fn error(&mut self, place: &Place, message: impl Into<String>) -> Added<'_> {
        self.push(place, Severity::Error, message)
    }

    /// Adds a warning.
    pub fn warning(&mut self, place: &Place, message: impl Into<String>) -> Added<'_> {
        self.push(place, Severity::Warning, message)
    }

    fn push(&mut self, place: &Place, severity: Severity, message: impl Into<String>) -> Added<'_> {
        self.errors += usize::from(severity == Severity::Error);
        if self.list.len() == Self::MOST {
            self.left_out += 1;
            return Added(None);
        }
        self.list.push(Fault::new(place, severity, message.into()));
        Added(self.list.last_mut())
    }

    /// Adds another file's faults.
    pub fn extend(&mut self, other: Self) {
        let room = Self::MOST.saturating_sub(self.list.len());
        let over = other.list.len().saturating_sub(room);
        self.list.extend(other.list.into_iter().take(room));
        self.left_out += other.left_out + over;
        self.errors += other.errors;
    }

    /// The same faults, none of them an error.
    pub(crate) fn into_warnings(mut self) -> Self {
        for fault in &mut self.list {
            fault.severity = Severity::Warning;
        }
        self.errors = 0;
        self
    }

    /// Whether at least one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether one of the errors that were kept is at this very place.
    pub fn has_error_at(&self, place: &Place) -> bool {
        let (line, col) = place.position();
        self.list.iter().any(|fault| {
            fault.severity == Severity::Error
                && fault.file == place.text().name()
                && (fault.line, fault.col) == (line, col)
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The faults that were kept, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.list.iter()
    }

    /// How many more there were.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Errors become `Err` together with the warnings; `Ok` has the warnings only.
    pub fn into_result(mut self) -> Result<Vec<Fault>, Self> {
        self.list
            .sort_by(|a, b| (&a.file, a.line, a.col).cmp(&(&b.file, b.line, b.col)));
        self.list.dedup();
        if self.has_errors() {
            Err(self)
        } else {
            Ok(self.list)
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        if self.left_out > 0 {
            write!(f, "\nand {} more", self.left_out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
