//! Syntax trees of the jq engine: shorthands to build them, and walks over them.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{self, BinaryOp};
use jaq_core::path::{Opt, Part, Path};

/// A filter.
pub(crate) type Term<'s> = parse::Term<&'s str>;
/// A definition of a filter.
pub(crate) type Def<'s> = parse::Def<&'s str>;
/// What `as` binds.
pub(crate) type Pattern<'s> = parse::Pattern<&'s str>;
/// An operator.
pub(crate) type Operator<'s> = BinaryOp<&'s str>;

// Filters that programs cannot name, so that they cannot have another meaning than ours.

/// `_empty` of the prelude.
pub(crate) const EMPTY: &str = "!none";
/// `_modify` of the prelude.
pub(crate) const MODIFY: &str = "!modify";
/// The native that counts how deep a recursive definition is.
pub(crate) const DEEPER: &str = "!deeper";
/// The native that keeps a place in the program.
pub(crate) const AT: &str = "!at";

/// `left op right`.
pub(crate) fn binary<'s>(left: Term<'s>, op: Operator<'s>, right: Term<'s>) -> Term<'s> {
    Term::BinOp(Box::new(left), op, Box::new(right))
}

/// `left | right`.
pub(crate) fn pipe<'s>(left: Term<'s>, right: Term<'s>) -> Term<'s> {
    binary(left, BinaryOp::Pipe(None), right)
}

/// `value as pattern | body`.
pub(crate) fn bind<'s>(value: Term<'s>, pattern: Pattern<'s>, body: Term<'s>) -> Term<'s> {
    binary(value, BinaryOp::Pipe(Some(pattern)), body)
}

/// A string without interpolation.
pub(crate) fn string(text: &str) -> Term<'_> {
    Term::Str(None, vec![StrPart::Str(text)])
}

/// `[][0]`, which is `null`.
pub(crate) fn null<'s>() -> Term<'s> {
    let first = Part::Index(Term::Num("0"));
    Term::Path(
        Box::new(Term::Arr(None)),
        Path(vec![(first, Opt::Essential)]),
    )
}

/// `[filter] | .[-1]`: the last output, `null` if there is none.
pub(crate) fn last_output(filter: Term<'_>) -> Term<'_> {
    let last = Part::Index(Term::Num("-1"));
    let all = Term::Arr(Some(Box::new(filter)));
    Term::Path(Box::new(all), Path(vec![(last, Opt::Essential)]))
}

/// Defines a function that visits every filter directly inside a term, and one for patterns.
macro_rules! visitors {
    ($children:ident, $keys:ident, $($mutable:tt)?) => {
        /// Calls `visit` for every filter directly inside `term`.
        pub(crate) fn $children<'s>(term: & $($mutable)? Term<'s>, visit: &mut dyn FnMut(& $($mutable)? Term<'s>)) {
            match term {
                Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) | Term::Arr(None) => {}
                Term::Neg(inner) | Term::Label(_, inner) | Term::Arr(Some(inner)) => visit(inner),
                Term::Str(_, parts) => for part in parts {
                    if let StrPart::Term(term) = part {
                        visit(term);
                    }
                },
                Term::Obj(entries) => for (key, value) in entries {
                    visit(key);
                    if let Some(value) = value {
                        visit(value);
                    }
                },
                Term::BinOp(left, op, right) => {
                    visit(left);
                    if let BinaryOp::Pipe(Some(pattern)) = op {
                        $keys(pattern, visit);
                    }
                    visit(right);
                }
                Term::Fold(_, source, pattern, arguments) => {
                    visit(source);
                    $keys(pattern, visit);
                    for argument in arguments {
                        visit(argument);
                    }
                }
                Term::TryCatch(body, catch) => {
                    visit(body);
                    if let Some(catch) = catch {
                        visit(catch);
                    }
                }
                Term::IfThenElse(branches, otherwise) => {
                    for (condition, then) in branches {
                        visit(condition);
                        visit(then);
                    }
                    if let Some(otherwise) = otherwise {
                        visit(otherwise);
                    }
                }
                Term::Def(defs, body) => {
                    for def in defs {
                        visit(& $($mutable)? def.body);
                    }
                    visit(body);
                }
                Term::Call(_, arguments) => for argument in arguments {
                    visit(argument);
                },
                Term::Path(base, Path(parts)) => {
                    visit(base);
                    for (part, _) in parts {
                        match part {
                            Part::Index(index) => visit(index),
                            Part::Range(start, end) => {
                                if let Some(bound) = start {
                                    visit(bound);
                                }
                                if let Some(bound) = end {
                                    visit(bound);
                                }
                            }
                        }
                    }
                }
            }
        }

        /// Calls `visit` for the computed keys of a pattern.
        fn $keys<'s>(pattern: & $($mutable)? Pattern<'s>, visit: &mut dyn FnMut(& $($mutable)? Term<'s>)) {
            match pattern {
                Pattern::Var(_) => {}
                Pattern::Arr(items) => for item in items {
                    $keys(item, visit);
                },
                Pattern::Obj(entries) => for (key, value) in entries {
                    visit(key);
                    $keys(value, visit);
                },
            }
        }
    };
}

visitors!(children, keys,);
visitors!(children_mut, keys_mut, mut);

/// Calls `found` with name and arity of everything that `term` calls.
pub(crate) fn calls<'s>(term: &Term<'s>, found: &mut dyn FnMut(&'s str, usize)) {
    match term {
        Term::Call(name, arguments) => found(name, arguments.len()),
        Term::Str(Some(format), _) => found(format, 0),
        _ => {}
    }
    children(term, &mut |child| calls(child, found));
}

/// Whether `term` names the variable `name`, bound by itself or not.
pub(crate) fn mentions(term: &Term<'_>, name: &str) -> bool {
    let mut found = matches!(term, Term::Var(known) if *known == name);
    if let Term::Obj(entries) = term {
        found |= entries.iter().any(|(key, value)| {
            value.is_none() && matches!(key, Term::Var(known) if *known == name)
        });
    }
    children(term, &mut |child| found = found || mentions(child, name));
    found
}

/// Calls `found` for everything that `term` defines, and for the parameters of that.
pub(crate) fn definitions<'s>(term: &Term<'s>, found: &mut dyn FnMut(&'s str, usize)) {
    if let Term::Def(defs, _) = term {
        for def in defs {
            found(def.name, def.args.len());
            def.args.iter().for_each(|parameter| found(parameter, 0));
        }
    }
    children(term, &mut |child| definitions(child, found));
}
