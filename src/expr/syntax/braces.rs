//! What stands in braces: objects, and the patterns that take them apart.

use jaq_core::load::lex::{Tok, Token};
use jaq_core::load::parse::BinaryOp;
use jaq_core::ops::Math;

use super::parser::{Parsed, Parser};
use super::tree::{self, Pattern, Term};

type Entry<'s> = (Term<'s>, Option<Term<'s>>);

impl<'s> Parser<'s, '_> {
    /// The entries of `{...}`, as the sum of objects of one entry: the engine's own way to sum them
    /// up, from the right, copies the last entry once for every entry.
    pub(super) fn object(&mut self) -> Parsed<Term<'s>> {
        let mut object = None;
        while self.token().is_some() {
            let entry = Term::Obj(vec![self.entry()?]);
            object = Some(match object {
                None => entry,
                Some(before) => tree::binary(before, BinaryOp::Math(Math::Add), entry),
            });
            if !self.skip(",") {
                break;
            }
        }
        Ok(object.unwrap_or(Term::Obj(Vec::new())))
    }

    fn entry(&mut self) -> Parsed<Entry<'s>> {
        let key = match self.token() {
            Some(Token("$__loc__", _)) => {
                let location = self.filter_without_comma()?;
                return Ok((tree::string("__loc__"), Some(location)));
            }
            Some(Token(name, Tok::Var)) => {
                self.next();
                if self.skip(":") {
                    return Ok((Term::Var(name), Some(self.filter_without_comma()?)));
                }
                return Ok((tree::string(&name[1..]), Some(Term::Var(name))));
            }
            Some(Token(full, Tok::Block(tokens))) if full.starts_with('(') => {
                self.next();
                let key = self.inside(tokens, Self::filter)?;
                self.expect(":")?;
                return Ok((key, Some(self.filter_without_comma()?)));
            }
            _ => self.key()?,
        };
        let value = if self.skip(":") {
            Some(self.filter_without_comma()?)
        } else {
            None
        };
        Ok((key, value))
    }

    /// A word, which may be a keyword, or a string.
    fn key(&mut self) -> Parsed<Term<'s>> {
        match self.token() {
            Some(Token(word, Tok::Word)) if !word.contains("::") => {
                self.next();
                Ok(tree::string(word))
            }
            Some(Token(_, Tok::Str(_) | Tok::Fmt)) => self.string(),
            _ => {
                self.fail_expected("a key: a word, a string, a variable or a filter in parentheses")
            }
        }
    }

    /// One or more patterns with `?//` between them.
    pub(super) fn patterns(&mut self) -> Parsed<Vec<Pattern<'s>>> {
        let mut patterns = vec![self.pattern()?];
        while self.skip("?//") || (self.peek() == Some("?") && self.alternation()) {
            patterns.push(self.pattern()?);
        }
        Ok(patterns)
    }

    /// Goes past `?` and `//`.
    fn alternation(&mut self) -> bool {
        let before = *self;
        let found = self.skip("?") && self.skip("//");
        if !found {
            *self = before;
        }
        found
    }

    fn pattern(&mut self) -> Parsed<Pattern<'s>> {
        match self.token() {
            Some(Token(name, Tok::Var)) => {
                self.next();
                Ok(Pattern::Var(name))
            }
            Some(Token(full, Tok::Block(tokens))) if full.starts_with('[') => {
                self.next();
                self.inside(tokens, |inner| inner.separated(",", Self::pattern))
                    .map(Pattern::Arr)
            }
            Some(Token(full, Tok::Block(tokens))) if full.starts_with('{') => {
                self.next();
                let entries =
                    self.inside(tokens, |inner| inner.separated(",", Self::pattern_entry))?;
                Ok(Pattern::Obj(entries.into_iter().flatten().collect()))
            }
            _ => self.fail_expected("a pattern: `$x`, `[$x]` or `{$x}`"),
        }
    }

    /// `{$a: [$b]}` binds both `$a` and `$b`.
    fn pattern_entry(&mut self) -> Parsed<Vec<(Term<'s>, Pattern<'s>)>> {
        let mut entries = Vec::new();
        let key = match self.token() {
            Some(Token(name, Tok::Var)) => {
                self.next();
                entries.push((tree::string(&name[1..]), Pattern::Var(name)));
                if self.peek() != Some(":") {
                    return Ok(entries);
                }
                tree::string(&name[1..])
            }
            Some(Token(full, Tok::Block(tokens))) if full.starts_with('(') => {
                self.next();
                self.inside(tokens, Self::filter)?
            }
            _ => self.key()?,
        };
        self.expect(":")?;
        entries.push((key, self.pattern()?));
        Ok(entries)
    }
}
