//! Characters written as surrogate pairs, `"\ud83d\ude00"`, which the engine's lexer refuses.
//!
//! The lexer gets the program with every half replaced by an escape of the same length, so that
//! all places stay; the parser reads such an escape again from the program as it was written.

use std::borrow::Cow;

use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::span;

use super::parser::{Parsed, Parser};
use super::tree::Term;

/// The bytes of an escape such as `\ud83d`.
const ESCAPE: usize = 6;

/// What stands for half a pair, as in jq where a second half stands alone.
const REPLACEMENT: &str = "\\ufffd";

/// `program` with every half of a surrogate pair replaced, which does not move anything.
pub(crate) fn without_surrogates(program: &str) -> Cow<'_, str> {
    let mut replaced = Cow::Borrowed(program);
    let mut at = 0;
    while let Some(next) = program[at..].find('\\') {
        at += next;
        if matches!(unit(program, at), Some(0xd800..=0xdfff)) {
            replaced
                .to_mut()
                .replace_range(at..at + ESCAPE, REPLACEMENT);
        }
        let escaped = program[at + 1..].chars().next();
        at += 1 + escaped.map_or(0, char::len_utf8);
    }
    replaced
}

/// The UTF-16 code unit of the escape of four hexadecimal digits that starts at `at`.
fn unit(program: &str, at: usize) -> Option<u16> {
    let digits = program.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

impl<'s, 't> Parser<'s, 't> {
    /// The parts of the string whose token is `text`, with pairs as the characters they stand for.
    ///
    /// # Errors
    /// As in jq for a first half without a second; a second half alone is U+FFFD.
    pub(super) fn string_parts(
        &self,
        text: &'s str,
        parts: &'t [StrPart<&'s str, Token<&'s str>>],
    ) -> Parsed<Vec<StrPart<&'s str, Term<'s>>>> {
        let mut at = span(self.source, text).start + "\"".len();
        let mut read = Vec::with_capacity(parts.len());
        let mut parts = parts.iter();
        while let Some(part) = parts.next() {
            let (part, length) = match part {
                StrPart::Str(text) => (StrPart::Str(*text), text.len()),
                StrPart::Term(inner) => (self.interpolated(inner)?, "\\".len() + inner.0.len()),
                StrPart::Char(char) => match self.pair(at)? {
                    Some(pair) => {
                        parts.next();
                        (StrPart::Char(pair), 2 * ESCAPE)
                    }
                    None if self.source[at..].starts_with("\\u") => (StrPart::Char(*char), ESCAPE),
                    None => (StrPart::Char(*char), "\\n".len()),
                },
            };
            read.push(part);
            at += length;
        }
        Ok(read)
    }

    /// The character of the surrogate pair that is written at `at`, if there is one.
    fn pair(&self, at: usize) -> Parsed<Option<char>> {
        let Some(first @ 0xd800..=0xdbff) = unit(self.written, at) else {
            return Ok(None);
        };
        let second = unit(self.written, at + ESCAPE);
        match char::decode_utf16([Some(first), second].into_iter().flatten()).next() {
            Some(Ok(char)) => Ok(Some(char)),
            _ => self.fail_at(
                &self.source[at..],
                &format!(
                    "`{}` is the first half of a surrogate pair; the second half, such as `\\ude00`, has to follow it",
                    &self.written[at..at + ESCAPE]
                ),
            ),
        }
    }

    fn interpolated(&self, inner: &'t Token<&'s str>) -> Parsed<StrPart<&'s str, Term<'s>>> {
        match inner {
            Token(_, Tok::Block(tokens)) => Ok(StrPart::Term(self.inside(tokens, Self::filter)?)),
            Token(place, _) => self.fail_at(place, "expected a filter"),
        }
    }
}
