//! The text a value was written in, and places in it.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A file's content, or the value of a variable or flag, under the name that messages use.
#[derive(Debug)]
pub struct Text {
    name: String,
    content: String,
    lines: bool,
    /// Where each line starts.
    starts: OnceLock<Vec<usize>>,
    hidden: OnceLock<Vec<Range<usize>>>,
}

impl Text {
    /// The content of a file.
    pub fn file(name: impl Into<String>, content: impl Into<String>) -> Arc<Self> {
        Self::new(name.into(), content.into(), true)
    }

    /// A value from elsewhere (`$SSECTL_TARGET`, `--color`, `default`): it has no line numbers.
    pub fn value(name: impl Into<String>, content: impl Into<String>) -> Arc<Self> {
        Self::new(name.into(), content.into(), false)
    }

    fn new(name: String, content: String, lines: bool) -> Arc<Self> {
        Arc::new(Self {
            name,
            content,
            lines,
            starts: OnceLock::new(),
            hidden: OnceLock::new(),
        })
    }

    /// The name: a path, `$VARIABLE` or `--flag`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All of it.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// Keeps these bytes out of every excerpt. Only the first call counts.
    pub(super) fn hide(&self, secrets: Vec<Range<usize>>) {
        self.hidden.get_or_init(|| secrets);
    }

    pub(super) fn hidden(&self) -> &[Range<usize>] {
        self.hidden.get().map_or(&[], Vec::as_slice)
    }

    /// Whether it is a file, and not the value of a variable or a flag, or a built-in default.
    pub fn has_lines(&self) -> bool {
        self.lines
    }

    /// Line and column of a byte offset, both from 1, the column in characters.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let offset = self.content.floor_char_boundary(offset);
        let starts = self.starts.get_or_init(|| {
            let newlines = self.content.match_indices('\n');
            std::iter::once(0)
                .chain(newlines.map(|(at, _)| at + 1))
                .collect()
        });
        let line = starts.partition_point(|start| *start <= offset);
        let before = &self.content[starts[line - 1]..offset];
        (line, before.chars().count() + 1)
    }
}

/// Some bytes of a text.
#[derive(Clone)]
pub struct Place {
    text: Arc<Text>,
    start: usize,
    end: usize,
}

impl Place {
    /// The bytes `span` of a text.
    pub fn new(text: &Arc<Text>, span: Range<usize>) -> Self {
        Self {
            text: text.clone(),
            start: span.start,
            end: span.end.max(span.start),
        }
    }

    /// The very start of a text.
    pub fn start_of(text: &Arc<Text>) -> Self {
        Self::new(text, 0..0)
    }

    /// The text it is in.
    pub fn text(&self) -> &Arc<Text> {
        &self.text
    }

    /// The bytes it covers.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Line and column, both from 1, the column in characters.
    pub fn position(&self) -> (usize, usize) {
        self.text.position(self.start)
    }
}

/// `file:line:col`, or only the name of a text without lines.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text.name)?;
        if self.text.lines {
            let (line, column) = self.position();
            write!(f, ":{line}:{column}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
