//! A program that tells where it is, to find the place of an error that it raised.
//!
//! The engine knows nothing of places, but the names and strings in a tree are slices of the
//! program's text. In front of what may fail there is a marker, `!at`, which keeps its place; the
//! last one that ran before the error is the nearest to it. As markers cost time, a program is run
//! this way only after it has failed, on the same record.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::BinaryOp;
use jaq_core::load::{Arena, span};
use jaq_core::path::{Part, Path};

use super::tree::{self, Pattern, Term};

/// `program` with markers; `source` is its text.
pub(crate) fn traced<'s>(mut program: Term<'s>, source: &str, arena: &'s Arena) -> Term<'s> {
    Tracer { source, arena }.trace(&mut program);
    program
}

struct Tracer<'a, 's> {
    source: &'a str,
    arena: &'s Arena,
}

impl<'s> Tracer<'_, 's> {
    fn trace(&self, term: &mut Term<'s>) {
        let start = self.start(term);
        if !matches!(term, Term::Call("error", _)) {
            tree::children_mut(term, &mut |child| self.trace(child));
        }
        let own = std::mem::take(term);
        *term = match own {
            Term::Path(base, Path(parts)) => self.path(*base, parts, start),
            Term::BinOp(left, op @ BinaryOp::Math(_), right) => {
                let sum = tree::binary(Term::Var("$!left"), op, Term::Var("$!right"));
                let sum = tree::bind(*right, Pattern::Var("$!right"), self.mark(start, sum));
                tree::bind(*left, Pattern::Var("$!left"), sum)
            }
            Term::Call(..) | Term::Neg(_) | Term::Obj(_) => self.mark(start, own),
            other => other,
        };
    }

    /// Constant keys one after the other, each with its own place.
    fn path(
        &self,
        base: Term<'s>,
        parts: Vec<(Part<Term<'s>>, jaq_core::path::Opt)>,
        start: Option<usize>,
    ) -> Term<'s> {
        let constant = |part: &Part<Term<'s>>| matches!(part, Part::Index(Term::Str(None, text)) if text.len() == 1);
        let split = parts.iter().take_while(|(part, _)| constant(part)).count();
        if split < parts.len() || !matches!(base, Term::Id) {
            return self.mark(start, Term::Path(Box::new(base), Path(parts)));
        }
        let keys = parts.into_iter().map(|(part, opt)| {
            let place = match &part {
                Part::Index(key) => self.start(key),
                Part::Range(..) => None,
            };
            self.mark(
                place,
                Term::Path(Box::new(Term::Id), Path(vec![(part, opt)])),
            )
        });
        keys.rev()
            .reduce(|after, key| tree::pipe(key, after))
            .unwrap_or_default()
    }

    fn mark(&self, place: Option<usize>, term: Term<'s>) -> Term<'s> {
        match place {
            None => term,
            Some(place) => {
                let place = Term::Num(self.arena.alloc(place.to_string()));
                tree::pipe(Term::Call(tree::AT, vec![place]), term)
            }
        }
    }

    /// Where `term` starts: the first of all texts in it.
    fn start(&self, term: &Term<'s>) -> Option<usize> {
        let own = match term {
            Term::Num(text) | Term::Var(text) | Term::Break(text) | Term::Call(text, _) => {
                self.place(text)
            }
            Term::Str(_, parts) => parts.iter().find_map(|part| match part {
                // Before it there is the dot of a path or a quotation mark.
                StrPart::Str(text) => self.place(text).map(|place| place.saturating_sub(1)),
                _ => None,
            }),
            _ => None,
        };
        let mut first = own;
        tree::children(term, &mut |child| {
            let place = self.start(child);
            first = first.into_iter().chain(place).min();
        });
        first
    }

    /// Where `text` is in the program, unless it is not from there.
    fn place(&self, text: &str) -> Option<usize> {
        let within = self
            .source
            .as_bytes()
            .as_ptr_range()
            .contains(&text.as_ptr());
        within.then(|| span(self.source, text).start)
    }
}
