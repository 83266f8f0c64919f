//! Filters: operators and what stands between them, definitions and bindings.

use jaq_core::load::lex::{Tok, Token};
use jaq_core::load::parse::BinaryOp;

use super::operators::{Associativity, BINDING, MULTIPLICATION, operator};
use super::parser::{KEYWORDS, Parsed, Parser};
use super::recursion;
use super::tree::{self, Def, Pattern, Term};

/// The engine binds parameters one inside the other.
const PARAMETERS: usize = 100;

impl<'s> Parser<'s, '_> {
    /// Any filter.
    pub(super) fn filter(&mut self) -> Parsed<Term<'s>> {
        self.operators(0, true)
    }

    /// A filter that ends before a comma.
    pub(super) fn filter_without_comma(&mut self) -> Parsed<Term<'s>> {
        self.operators(0, false)
    }

    /// An [`expression`](Self::expression), perhaps bound with `as` to what follows. A binding takes
    /// all operators to its left but `,` and `|`.
    fn operators(&mut self, least: u8, comma: bool) -> Parsed<Term<'s>> {
        let value = self.expression(least, comma)?;
        if least > BINDING || !self.skip("as") {
            return Ok(value);
        }
        let patterns = self.patterns()?;
        self.expect("|")?;
        let mut rest = self.deeper()?;
        let body = rest.operators(0, comma)?;
        self.at = rest.at;
        Ok(alternatives(value, patterns, body))
    }

    /// Operands and the operators between them that bind at least as tightly as `least`.
    pub(super) fn expression(&mut self, least: u8, comma: bool) -> Parsed<Term<'s>> {
        let depth = self.depth;
        *self = self.deeper()?;
        let mut left = self.operand(comma)?;
        while let Some((op, level, associativity)) = self.peek().and_then(operator) {
            if level < least || (!comma && matches!(op, BinaryOp::Comma)) {
                break;
            }
            self.at += 1;
            if associativity != Associativity::Right {
                *self = self.deeper()?;
            }
            let right = self.operators(
                level + u8::from(associativity != Associativity::Right),
                comma,
            )?;
            left = match op {
                BinaryOp::Math(_) | BinaryOp::Cmp(_) => self.outputs.combine(left, op, right),
                BinaryOp::Assign
                | BinaryOp::Update
                | BinaryOp::UpdateMath(_)
                | BinaryOp::UpdateAlt => self.outputs.update(left, op, right),
                _ => tree::binary(left, op, right),
            };
            let chained = self
                .peek()
                .and_then(operator)
                .is_some_and(|(_, next, _)| next == level);
            if associativity == Associativity::None && chained {
                return self
                    .fail("operators of this kind cannot be chained; put one side in parentheses");
            }
        }
        self.depth = depth;
        Ok(left)
    }

    fn operand(&mut self, comma: bool) -> Parsed<Term<'s>> {
        match self.peek() {
            Some("def") => {
                let mut defs = Vec::new();
                while self.skip("def") {
                    defs.push(self.definition()?);
                }
                let body = self.operators(0, comma)?;
                Ok(Term::Def(defs, Box::new(body)))
            }
            Some("-") => {
                self.at += 1;
                Ok(Term::Neg(Box::new(self.operators(MULTIPLICATION, comma)?)))
            }
            Some("label") => {
                self.at += 1;
                let name = self.variable()?;
                self.expect("|")?;
                Ok(Term::Label(name, Box::new(self.operators(0, comma)?)))
            }
            _ => self.tried(),
        }
    }

    /// A term, or `try` and what it tries.
    pub(super) fn tried(&mut self) -> Parsed<Term<'s>> {
        if !self.skip("try") {
            return self.term();
        }
        let body = self.attempt()?;
        let catch = if self.skip("catch") {
            Some(Box::new(self.attempt()?))
        } else {
            None
        };
        Ok(Term::TryCatch(Box::new(body), catch))
    }

    fn attempt(&mut self) -> Parsed<Term<'s>> {
        *self = self.deeper()?;
        if self.skip("-") {
            return Ok(Term::Neg(Box::new(self.attempt()?)));
        }
        self.tried()
    }

    /// `name(parameters): body;`, after `def`.
    fn definition(&mut self) -> Parsed<Def<'s>> {
        let name = match self.token() {
            Some(Token(name, Tok::Word)) if !KEYWORDS.contains(name) && !name.contains("::") => {
                *name
            }
            Some(Token(name, Tok::Fmt)) => *name,
            _ => return self.fail_expected("a name"),
        };
        self.at += 1;
        let args = match self.token() {
            Some(Token(full, Tok::Block(tokens))) if full.starts_with('(') => {
                self.at += 1;
                self.inside(tokens, |inner| inner.separated(";", Self::parameter))?
            }
            _ => Vec::new(),
        };
        if args.len() > PARAMETERS {
            return self.fail(&format!("`{name}` has more than {PARAMETERS} parameters"));
        }
        self.expect(":")?;
        let body = self.filter()?;
        self.expect(";")?;
        let body = with_values_as_filters(&args, body);
        Ok(recursion::bounded(Def { name, args, body }, self.arena))
    }

    fn parameter(&mut self) -> Parsed<&'s str> {
        match self.token() {
            Some(Token(name, Tok::Word)) if !KEYWORDS.contains(name) => {
                self.at += 1;
                Ok(*name)
            }
            Some(Token(name, Tok::Var)) => {
                self.at += 1;
                Ok(*name)
            }
            _ => self.fail_expected("the name of a parameter"),
        }
    }
}

/// A parameter `$x` also defines the filter `x`.
fn with_values_as_filters<'s>(parameters: &[&'s str], body: Term<'s>) -> Term<'s> {
    let mut called = Vec::new();
    tree::calls(&body, &mut |name, arity| {
        called.extend((arity == 0).then_some(name))
    });
    let values = parameters
        .iter()
        .filter_map(|parameter| Some((*parameter, parameter.strip_prefix('$')?)));
    let used = values.filter(|(_, name)| called.contains(name));
    let defs: Vec<_> = used
        .map(|(value, name)| Def {
            name,
            args: Vec::new(),
            body: Term::Var(value),
        })
        .collect();
    if defs.is_empty() {
        body
    } else {
        Term::Def(defs, Box::new(body))
    }
}

/// `value as pattern ?// pattern ... | body`: on an error, the next pattern is tried; variables
/// that a pattern does not have are `null`. The body becomes a definition, to be there only once.
fn alternatives<'s>(value: Term<'s>, mut patterns: Vec<Pattern<'s>>, body: Term<'s>) -> Term<'s> {
    const BODY: &str = "!body";
    if patterns.len() == 1 {
        return tree::bind(value, patterns.remove(0), body);
    }
    let mut args = Vec::new();
    patterns
        .iter()
        .for_each(|pattern| variables(pattern, &mut args));
    args.sort_unstable();
    args.dedup();
    let call = Term::Call(BODY, args.iter().map(|name| Term::Var(name)).collect());
    let attempts = patterns.into_iter().map(|pattern| {
        let mut own = Vec::new();
        variables(&pattern, &mut own);
        let bound = tree::bind(Term::Var("$!value"), pattern, call.clone());
        let missing = args.iter().filter(|name| !own.contains(name));
        let attempt = missing.fold(bound, |inner, name| {
            tree::bind(tree::null(), Pattern::Var(name), inner)
        });
        tree::pipe(Term::Var("$!input"), attempt)
    });
    let tried = attempts
        .rev()
        .reduce(|next, attempt| Term::TryCatch(Box::new(attempt), Some(Box::new(next))));
    let tried = tree::bind(Term::Id, Pattern::Var("$!input"), tried.unwrap_or_default());
    let tried = tree::bind(value, Pattern::Var("$!value"), tried);
    Term::Def(
        vec![Def {
            name: BODY,
            args,
            body,
        }],
        Box::new(tried),
    )
}

fn variables<'s>(pattern: &Pattern<'s>, names: &mut Vec<&'s str>) {
    match pattern {
        Pattern::Var(name) => names.push(name),
        Pattern::Arr(items) => items.iter().for_each(|item| variables(item, names)),
        Pattern::Obj(entries) => entries
            .iter()
            .for_each(|(_, value)| variables(value, names)),
    }
}
