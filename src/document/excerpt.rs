//! The source line of a fault with a caret under the place, safe to print.

use unicode_width::UnicodeWidthChar;

use super::Place;

/// What stands for a secret.
pub(super) const MASK: &str = "***";

/// Columns an excerpt may take.
const WIDEST: usize = 100;
/// Columns kept before the caret when the line is cut.
const CONTEXT: usize = 40;
/// Bytes of the line that are looked at on both sides of the place.
const NEAR: usize = 1000;

/// One line without secrets and control characters, cut around the place if it is long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) line: String,
    before: usize,
    width: usize,
}

/// A character (or the mask of a secret) and whether the place covers it.
struct Cell {
    shown: Shown,
    start: usize,
}

enum Shown {
    Char(char),
    Mask,
}

impl Excerpt {
    /// The first line of the place; none where there are no lines, or the line is blank.
    pub(super) fn of(place: &Place) -> Option<Self> {
        let text = place.text();
        let content = text.content();
        let at = content.floor_char_boundary(place.span().start);
        let start = content[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = content[start..].find(['\n', '\r']);
        let end = end.map_or(content.len(), |length| start + length);
        let from = content
            .floor_char_boundary(at.saturating_sub(NEAR))
            .max(start);
        let to = content
            .floor_char_boundary(at.saturating_add(NEAR))
            .min(end);
        let line = content.get(from..to)?;
        if !text.has_lines() || line.trim().is_empty() {
            return None;
        }
        let cells = cells(line, from, text.hidden());
        let first = column(&cells, at);
        let last = column(&cells, place.span().end.min(to)).max(first + 1);
        Some(Self::cut(&cells, first, last, (from > start, to < end)))
    }

    /// Shows the cells around the columns `first..last`. `more` says whether the line goes on
    /// before and behind them.
    fn cut(cells: &[Cell], first: usize, last: usize, more: (bool, bool)) -> Self {
        let total: usize = cells.iter().map(Cell::width).sum();
        let left = if total <= WIDEST && !more.0 {
            0
        } else {
            first.saturating_sub(CONTEXT)
        };
        let mut line = String::new();
        let mut before = first - left;
        if left > 0 || more.0 {
            line.push('…');
            before += 1;
        }
        let mut at = 0;
        for cell in cells {
            if at >= left && at < left + WIDEST {
                cell.show(&mut line);
            }
            at += cell.width();
        }
        if at > left + WIDEST || more.1 {
            line.push('…');
        }
        Self {
            line: line.trim_end().to_owned(),
            before,
            width: (last - first).min(left + WIDEST - first),
        }
    }

    /// Spaces, then one caret per column of the place.
    pub(super) fn caret(&self) -> String {
        format!("{}{}", " ".repeat(self.before), "^".repeat(self.width))
    }
}

impl Cell {
    fn width(&self) -> usize {
        match self.shown {
            Shown::Mask => MASK.len(),
            Shown::Char(c) if c.is_control() => 1,
            Shown::Char(c) => c.width().unwrap_or(0),
        }
    }

    fn show(&self, line: &mut String) {
        match self.shown {
            Shown::Mask => line.push_str(MASK),
            Shown::Char('\t') => line.push(' '),
            Shown::Char(c) if c.is_control() => line.push('\u{fffd}'),
            Shown::Char(c) => line.push(c),
        }
    }
}

/// Splits a line that starts at byte `start`; a hidden range becomes one mask.
fn cells(line: &str, start: usize, hidden: &[std::ops::Range<usize>]) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let mut masked = None;
    for (index, c) in line.char_indices() {
        let offset = start + index;
        let secret = hidden.iter().position(|range| range.contains(&offset));
        match secret {
            Some(_) if masked == secret => continue,
            Some(_) => cells.push(Cell {
                shown: Shown::Mask,
                start: offset,
            }),
            None => cells.push(Cell {
                shown: Shown::Char(c),
                start: offset,
            }),
        }
        masked = secret;
    }
    cells
}

/// Columns before the byte `offset`.
fn column(cells: &[Cell], offset: usize) -> usize {
    cells
        .iter()
        .take_while(|cell| cell.start < offset)
        .map(Cell::width)
        .sum()
}
