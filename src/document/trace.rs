//! From a byte of a scalar's text back to the byte of the file it came from.
//!
//! The scalar is decoded once more, this time with the origin of each character. Only when that
//! gives exactly the text the YAML parser gave is the answer believed.

use super::node::Style;
use super::{Place, Scalar};

/// Where interpolation replaced parts of a text; empty if it replaced none.
#[derive(Debug, Clone, Default)]
pub(super) struct Seams {
    /// The text before interpolation; empty if nothing was replaced.
    pub(super) written: String,
    /// In order: byte in the new text, byte in the written one, whether what follows is unchanged.
    pub(super) marks: Vec<(usize, usize, bool)>,
}

impl Seams {
    /// The byte of the written text that byte `offset` of the new one comes from.
    fn undo(&self, offset: usize) -> usize {
        let before = self.marks.iter().rev().find(|mark| mark.0 <= offset);
        match before {
            None => offset,
            Some((new, old, true)) => old + (offset - new),
            Some((_, old, false)) => *old,
        }
    }
}

/// Longer scalars are not decoded again for each of their faults.
const LONGEST: usize = 1 << 16;

/// The place of one byte of a scalar's text.
pub(super) fn locate(place: &Place, scalar: &Scalar, offset: usize) -> Option<Place> {
    let written = if scalar.seams.marks.is_empty() {
        &scalar.text
    } else {
        &scalar.seams.written
    };
    let offset = scalar.seams.undo(offset);
    let content = place.text().content();
    let span = place.span();
    let raw = content.get(span.clone())?;
    if !place.text().has_lines() || raw.len() > LONGEST {
        return None;
    }
    let line_start = content[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = span.start - line_start;
    let traced = match scalar.style {
        Style::Literal => literal(raw, indent),
        Style::Folded => folded(raw, indent),
        Style::Single => quoted(raw.get(1..raw.len() - 1)?, Style::Single)?,
        Style::Double => quoted(raw.get(1..raw.len() - 1)?, Style::Double)?,
        Style::Plain | Style::Text => quoted(raw, scalar.style)?,
    };
    let skipped = usize::from(matches!(scalar.style, Style::Single | Style::Double));
    let at = find(&traced, written, offset)?;
    let start = span.start + skipped + at;
    Some(Place::new(place.text(), start..start + 1))
}

/// The origin of byte `offset` of `text`, if `text` is what was traced.
fn find(traced: &[(char, usize)], text: &str, offset: usize) -> Option<usize> {
    let same =
        traced.len() >= text.chars().count() && text.chars().zip(traced).all(|(a, (b, _))| a == *b);
    if !same {
        return None;
    }
    let index = text
        .get(..offset)
        .map_or(0, |before| before.chars().count());
    match traced.get(index) {
        Some((_, origin)) => Some(*origin),
        None => traced.last().map(|(c, origin)| origin + c.len_utf8()),
    }
}

/// A block after `|`: each line without the indentation of the first.
fn literal(raw: &str, indent: usize) -> Vec<(char, usize)> {
    let mut traced = Vec::new();
    let mut at = 0;
    for (number, line) in raw.split_inclusive('\n').enumerate() {
        let skip = if number == 0 {
            0
        } else {
            leading_spaces(line, indent)
        };
        let chars = line[skip..].char_indices().filter(|(_, c)| *c != '\r');
        traced.extend(chars.map(|(i, c)| (c, at + skip + i)));
        at += line.len();
    }
    traced
}

/// A block after `>`: lines of the same indentation are joined by a space, or by one newline
/// less than there are.
fn folded(raw: &str, indent: usize) -> Vec<(char, usize)> {
    let mut traced: Vec<(char, usize)> = Vec::new();
    let mut newlines = Vec::new();
    let mut at = 0;
    for (number, line) in raw.split_inclusive('\n').enumerate() {
        let skip = if number == 0 {
            0
        } else {
            leading_spaces(line, indent)
        };
        let body = line[skip..].trim_end_matches(['\n', '\r']);
        if !body.is_empty() {
            join(&mut traced, &mut newlines);
            traced.extend(body.char_indices().map(|(i, c)| (c, at + skip + i)));
        }
        if line.ends_with('\n') {
            newlines.push(at + line.len() - 1);
        }
        at += line.len();
    }
    traced.extend(newlines.into_iter().map(|origin| ('\n', origin)));
    traced
}

/// Plain and quoted text: line breaks with the spaces around them are folded, and escapes undone.
fn quoted(raw: &str, style: Style) -> Option<Vec<(char, usize)>> {
    let mut traced: Vec<(char, usize)> = Vec::new();
    let mut newlines = Vec::new();
    let mut protected = 0;
    let mut chars = raw.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' => {
                while traced.len() > protected && traced.last().is_some_and(|t| blank(t.0)) {
                    traced.pop();
                }
                newlines.push(at);
            }
            '\r' => {}
            ' ' | '\t' if !newlines.is_empty() => {}
            '\\' if style == Style::Double => {
                join(&mut traced, &mut newlines);
                if let Some(decoded) = escape(&mut chars)? {
                    traced.push((decoded, at));
                    protected = traced.len();
                } else {
                    while chars.next_if(|(_, c)| blank(*c)).is_some() {}
                    protected = traced.len();
                }
            }
            '\'' if style == Style::Single => {
                chars.next();
                join(&mut traced, &mut newlines);
                traced.push((c, at));
            }
            _ => {
                join(&mut traced, &mut newlines);
                traced.push((c, at));
            }
        }
    }
    join(&mut traced, &mut newlines);
    Some(traced)
}

/// One line break is a space; of several, the first is dropped.
fn join(traced: &mut Vec<(char, usize)>, newlines: &mut Vec<usize>) {
    match newlines.as_slice() {
        [] => {}
        [one] => traced.push((' ', *one)),
        [_, rest @ ..] => traced.extend(rest.iter().map(|origin| ('\n', *origin))),
    }
    newlines.clear();
}

/// The character of an escape (YAML 1.2.2 section 5.7); `None` inside for an escaped line break.
#[expect(
    clippy::option_option,
    reason = "no escape at all, and an escape that stands for nothing"
)]
fn escape(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> Option<Option<char>> {
    let (_, c) = chars.next()?;
    let digits = match c {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        '\n' => return Some(None),
        _ => {
            return Some(Some(match c {
                '0' => '\0',
                'a' => '\u{7}',
                'b' => '\u{8}',
                't' | '\t' => '\t',
                'n' => '\n',
                'v' => '\u{b}',
                'f' => '\u{c}',
                'r' => '\r',
                'e' => '\u{1b}',
                'N' => '\u{85}',
                '_' => '\u{a0}',
                'L' => '\u{2028}',
                'P' => '\u{2029}',
                other => other,
            }));
        }
    };
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + chars.next()?.1.to_digit(16)?;
    }
    char::from_u32(code).map(Some)
}

fn blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn leading_spaces(line: &str, most: usize) -> usize {
    line.bytes().take(most).take_while(|b| *b == b' ').count()
}
