//! The source line of a fault with a caret under the place, safe to print.

use unicode_width::UnicodeWidthChar;

use super::Place;

/// What stands for a secret.
pub(super) const MASK: &str = "***";

/// Columns an excerpt may take.
const WIDEST: usize = 100;
/// Columns kept before the caret when the line is cut.
const CONTEXT: usize = 40;

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
        let line = content[start..].split(['\n', '\r']).next()?;
        if !text.has_lines() || line.trim().is_empty() {
            return None;
        }
        let cells = cells(line, start, text.hidden());
        let from = column(&cells, at);
        let to = column(&cells, place.span().end.min(start + line.len()));
        Some(Self::cut(&cells, from, to.max(from + 1)))
    }

    /// Shows the cells that lie around columns `from..to`.
    fn cut(cells: &[Cell], from: usize, to: usize) -> Self {
        let total: usize = cells.iter().map(Cell::width).sum();
        let left = if total <= WIDEST {
            0
        } else {
            from.saturating_sub(CONTEXT)
        };
        let mut line = String::new();
        let mut before = from - left;
        if left > 0 {
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
        if at > left + WIDEST {
            line.push('…');
        }
        Self {
            line: line.trim_end().to_owned(),
            before,
            width: (to - from).min(left + WIDEST - from),
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
