//! Terms: what operators work on, with suffixes such as `.a`, `[0]` and `?`.

use jaq_core::load::lex::{Tok, Token};
use jaq_core::load::span;
use jaq_core::path::{Opt, Part, Path};

use super::operators::BINDING;
use super::parser::{KEYWORDS, Parsed, Parser, Tokens};
use super::tree::{self, Term};

/// The engine goes along the parts of a path one inside the other, without asking for its terms;
/// so a longer path is made of several.
const PARTS: usize = 32;

impl<'s, 't> Parser<'s, 't> {
    /// A term with its suffixes: `.a`, `."a"`, `[...]`, `?`.
    pub(super) fn term(&mut self) -> Parsed<Term<'s>> {
        let mut base = self.bare_term()?;
        let mut parts = Vec::new();
        let path = |base, parts| Term::Path(Box::new(base), Path(parts));
        loop {
            match self.token() {
                Some(Token("?", _)) if parts.is_empty() => {
                    self.at += 1;
                    base = Term::TryCatch(Box::new(base), None);
                }
                _ => match self.path_part()? {
                    Some(part) => parts.push((part, self.optional())),
                    None => break,
                },
            }
            if parts.len() == PARTS {
                base = path(base, std::mem::take(&mut parts));
                *self = self.deeper()?;
            }
        }
        Ok(if parts.is_empty() {
            base
        } else {
            path(base, parts)
        })
    }

    fn optional(&mut self) -> Opt {
        let mut opt = Opt::Essential;
        while self.skip("?") {
            opt = Opt::Optional;
        }
        opt
    }

    fn path_part(&mut self) -> Parsed<Option<Part<Term<'s>>>> {
        match self.token() {
            Some(Token(field, Tok::Sym))
                if field.len() > 1 && field.starts_with('.') && *field != ".." =>
            {
                self.at += 1;
                Ok(Some(Part::Index(tree::string(&field[1..]))))
            }
            Some(Token(".", _)) => {
                self.at += 1;
                match self.token() {
                    Some(Token(_, Tok::Str(_) | Tok::Fmt)) => Ok(Some(Part::Index(self.string()?))),
                    Some(Token(block, Tok::Block(_))) if block.starts_with('[') => self.path_part(),
                    _ => self.fail_expected("a key after `.`"),
                }
            }
            Some(Token(block, Tok::Block(tokens))) if block.starts_with('[') => {
                self.at += 1;
                self.inside(tokens, Self::brackets).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What is inside `.[...]`.
    fn brackets(&mut self) -> Parsed<Part<Term<'s>>> {
        if self.token().is_none() {
            return Ok(Part::Range(None, None));
        }
        if self.skip(":") {
            return Ok(Part::Range(None, Some(self.filter()?)));
        }
        let start = self.filter()?;
        if !self.skip(":") {
            return Ok(Part::Index(start));
        }
        let end = if self.token().is_some() {
            Some(self.filter()?)
        } else {
            None
        };
        Ok(Part::Range(Some(start), end))
    }

    fn bare_term(&mut self) -> Parsed<Term<'s>> {
        let Some(token) = self.token() else {
            return self.fail_expected("a filter");
        };
        match token {
            Token(".", _) => {
                self.at += 1;
                match self.token() {
                    Some(Token(digits, Tok::Num))
                        if digits.as_ptr() == token.0.as_ptr().wrapping_add(1) =>
                    {
                        let start = span(self.source, token.0).start;
                        self.taken(Term::Num(&self.source[start..=start + digits.len()]))
                    }
                    Some(Token(_, Tok::Str(_) | Tok::Fmt)) => {
                        let key = Part::Index(self.string()?);
                        let part = (key, self.optional());
                        Ok(Term::Path(Box::new(Term::Id), Path(vec![part])))
                    }
                    _ => Ok(Term::Id),
                }
            }
            Token("..", _) => self.taken(Term::Recurse),
            Token(field, Tok::Sym) if field.len() > 1 && field.starts_with('.') => Ok(Term::Id),
            Token(number, Tok::Num) => self.taken(Term::Num(number)),
            Token("$__loc__", _) => {
                let location = self.location(token.0);
                self.taken(location)
            }
            Token(name, Tok::Var) if !name.contains("::") => self.taken(Term::Var(name)),
            Token(_, Tok::Str(_) | Tok::Fmt) => self.string(),
            Token(full, Tok::Block(tokens)) => {
                self.at += 1;
                self.block(full, tokens)
            }
            Token(word, Tok::Word) => self.word(word),
            _ => self.fail_expected("a filter"),
        }
    }

    fn taken(&mut self, term: Term<'s>) -> Parsed<Term<'s>> {
        self.at += 1;
        Ok(term)
    }

    fn block(&mut self, full: &'s str, tokens: Tokens<'s, 't>) -> Parsed<Term<'s>> {
        match full.as_bytes().first() {
            Some(b'(') => self.inside(tokens, Self::filter),
            Some(b'[') if tokens.len() == 1 => Ok(Term::Arr(None)),
            Some(b'[') => Ok(Term::Arr(Some(Box::new(
                self.inside(tokens, Self::filter)?,
            )))),
            _ => self.inside(tokens, Self::object),
        }
    }

    fn word(&mut self, word: &'s str) -> Parsed<Term<'s>> {
        match word {
            "if" => self.condition(),
            "reduce" | "foreach" => self.fold(word),
            "break" => {
                self.at += 1;
                Ok(Term::Break(self.variable()?))
            }
            _ if KEYWORDS.contains(&word) => self.fail_expected("a filter"),
            _ if word.contains("::") => self.fail("modules are off: a program is one text"),
            _ => {
                self.at += 1;
                Ok(Term::Call(word, self.arguments()?))
            }
        }
    }

    /// `(a; b)`, if it is there.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Term<'s>>> {
        match self.token() {
            Some(Token(full, Tok::Block(tokens))) if full.starts_with('(') => {
                self.at += 1;
                self.inside(tokens, |inner| inner.separated(";", Self::filter))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn condition(&mut self) -> Parsed<Term<'s>> {
        self.expect("if")?;
        let mut branches = Vec::new();
        loop {
            let condition = self.filter()?;
            self.expect("then")?;
            branches.push((condition, self.filter()?));
            if !self.skip("elif") {
                break;
            }
        }
        let otherwise = if self.skip("else") {
            Some(Box::new(self.filter()?))
        } else {
            None
        };
        if !self.skip("end") {
            let expected = if otherwise.is_some() {
                "`end`"
            } else {
                "`elif`, `else` or `end`"
            };
            return self.fail_expected(expected);
        }
        Ok(Term::IfThenElse(branches, otherwise))
    }

    fn fold(&mut self, kind: &'s str) -> Parsed<Term<'s>> {
        self.at += 1;
        let source = self.expression(BINDING, true)?;
        self.expect("as")?;
        let mut patterns = self.patterns()?;
        if patterns.len() > 1 {
            return self.fail(&format!(
                "`?//` is not supported in `{kind}`; bind the alternatives with `as` in the update"
            ));
        }
        let mut arguments = self.arguments()?;
        let wanted = if kind == "reduce" { 2..=2 } else { 2..=3 };
        if !wanted.contains(&arguments.len()) {
            self.at -= 1;
            let form = if kind == "reduce" {
                "(init; update)"
            } else {
                "(init; update; extract)"
            };
            return self.fail_expected(&format!("`{form}`"));
        }
        if kind == "reduce" {
            let update = std::mem::take(&mut arguments[1]);
            arguments[1] = self.outputs.reduced(update);
        }
        Ok(Term::Fold(
            kind,
            Box::new(source),
            patterns.remove(0),
            arguments,
        ))
    }

    /// A string with or without a format: `"a\(b)"`, `@base64 "a\(b)"`, `@base64`.
    pub(super) fn string(&mut self) -> Parsed<Term<'s>> {
        let format = match self.token() {
            Some(Token(format, Tok::Fmt)) => {
                self.at += 1;
                Some(*format)
            }
            _ => None,
        };
        match (self.token(), format) {
            (Some(Token(text, Tok::Str(parts))), _) => {
                self.at += 1;
                let parts = self.string_parts(text, parts)?;
                Ok(self.outputs.interpolate(format, parts))
            }
            (_, Some(format)) => Ok(Term::Call(format, Vec::new())),
            (_, None) => self.fail_expected("a string"),
        }
    }

    /// `$__loc__`: where it stands.
    fn location(&self, place: &'s str) -> Term<'s> {
        let before = &self.source[..span(self.source, place).start];
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let line = self.arena.alloc(line.to_string());
        let entry = |key, value| (tree::string(key), Some(value));
        Term::Obj(vec![
            entry("file", tree::string("<top-level>")),
            entry("line", Term::Num(line)),
        ])
    }
}
