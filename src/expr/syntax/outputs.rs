//! How many outputs a filter has, as far as its text tells, and what to do where that matters.
//!
//! jq and the engine evaluate the operands of an operator in different orders, which shows only
//! where more than one of them has several outputs; and they differ in what `reduce` does with an
//! update of none or several outputs.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::BinaryOp;
use jaq_core::path::{Opt, Part, Path};

use super::tree::{self, Operator, Pattern, Term};

/// What is known of the number of outputs.
#[derive(Clone, Copy)]
struct Count {
    some: bool,
    single: bool,
}

impl Count {
    const ONE: Self = Self {
        some: true,
        single: true,
    };
    const ANY: Self = Self {
        some: false,
        single: false,
    };

    /// Of a filter that runs on every output of another, or on every combination with its outputs.
    fn times(self, other: Self) -> Self {
        Self {
            some: self.some && other.some,
            single: self.single && other.single,
        }
    }
}

/// Builtins with one output for every input and argument.
const ONE_OUTPUT: &[&str] = &[
    "abs",
    "add",
    "all",
    "any",
    "ascii_downcase",
    "ascii_upcase",
    "ceil",
    "contains",
    "del",
    "endswith",
    "explode",
    "fabs",
    "false",
    "flatten",
    "floor",
    "from_entries",
    "fromdate",
    "fromdateiso8601",
    "fromjson",
    "getpath",
    "gmtime",
    "group_by",
    "has",
    "implode",
    "index",
    "indices",
    "inside",
    "isempty",
    "isnan",
    "join",
    "keys",
    "keys_unsorted",
    "length",
    "ltrim",
    "ltrimstr",
    "map",
    "map_values",
    "max",
    "max_by",
    "min",
    "min_by",
    "mktime",
    "not",
    "null",
    "reverse",
    "rindex",
    "round",
    "rtrim",
    "rtrimstr",
    "sort",
    "sort_by",
    "sqrt",
    "startswith",
    "strftime",
    "test",
    "to_entries",
    "todate",
    "tojson",
    "tonumber",
    "tostring",
    "trim",
    "true",
    "type",
    "unique",
    "unique_by",
    "utf8bytelength",
    "with_entries",
    "@base64",
    "@base64d",
    "@csv",
    "@html",
    "@json",
    "@sh",
    "@text",
    "@tsv",
    "@uri",
];

/// Those of [`ONE_OUTPUT`] that take a filter and run it on their own, so that it does not matter
/// how many outputs it has.
const OWN_FILTER: &[&str] = &[
    "add",
    "all",
    "any",
    "del",
    "group_by",
    "isempty",
    "map",
    "map_values",
    "max_by",
    "min_by",
    "sort_by",
    "unique_by",
    "with_entries",
];

/// Answers questions on outputs, and builds what depends on the answers.
#[derive(Clone, Copy)]
pub(super) struct Outputs<'s, 't> {
    /// Names that the program defines itself, of which nothing is known.
    own: &'t [&'s str],
}

impl<'s, 't> Outputs<'s, 't> {
    /// For a program that defines `own`.
    pub(super) fn new(own: &'t [&'s str]) -> Self {
        Self { own }
    }

    /// `left op right` for an operator that combines every output of both. jq takes the outputs of the
    /// right operand first.
    pub(super) fn combine(self, left: Term<'s>, op: Operator<'s>, right: Term<'s>) -> Term<'s> {
        if self.count(&left).single || self.count(&right).single {
            return tree::binary(left, op, right);
        }
        let combined = tree::binary(left, op, Term::Var("$!right"));
        tree::bind(right, Pattern::Var("$!right"), combined)
    }

    /// A string with interpolated filters. jq takes the outputs of the last one first.
    pub(super) fn interpolate(
        self,
        format: Option<&'s str>,
        mut parts: Vec<StrPart<&'s str, Term<'s>>>,
    ) -> Term<'s> {
        const NAMES: [&str; 8] = ["$!1", "$!2", "$!3", "$!4", "$!5", "$!6", "$!7", "$!8"];
        let filters = parts.iter_mut().filter_map(|part| match part {
            StrPart::Term(term) if !self.count(term).single => Some(term),
            _ => None,
        });
        let mut bound = Vec::new();
        for (term, name) in filters.skip(1).zip(NAMES) {
            bound.push((std::mem::replace(term, Term::Var(name)), name));
        }
        let string = Term::Str(format, parts);
        bound.into_iter().fold(string, |body, (term, name)| {
            tree::bind(term, Pattern::Var(name), body)
        })
    }

    /// An assignment. The engine changes values in place, part by part. That has
    /// the results of jq, which goes from path to path, unless parts are removed or are not found by
    /// the plain following of paths; then it is done as jq does it.
    pub(super) fn update(self, left: Term<'s>, op: Operator<'s>, right: Term<'s>) -> Term<'s> {
        let left = if is_search(&left) {
            with_true_alternatives(left)
        } else {
            left
        };
        let by_path = |value| Term::Call(tree::MODIFY, vec![left.clone(), value]);
        let bound = |f: &dyn Fn(Term<'s>) -> Term<'s>| {
            tree::bind(
                right.clone(),
                Pattern::Var("$!right"),
                by_path(f(Term::Var("$!right"))),
            )
        };
        match op {
            BinaryOp::Update if !self.count(&right).some && !is_all_of_a_path(&left) => {
                by_path(right)
            }
            _ if !is_search(&left) => tree::binary(left, op, right),
            BinaryOp::Update => by_path(right),
            BinaryOp::Assign => bound(&|value| value),
            BinaryOp::UpdateMath(math) => {
                bound(&|value| tree::binary(Term::Id, BinaryOp::Math(math), value))
            }
            BinaryOp::UpdateAlt => bound(&|value| tree::binary(Term::Id, BinaryOp::Alt, value)),
            op => tree::binary(left, op, right),
        }
    }

    /// The update of a `reduce`: of several outputs jq takes the last, for none `null`.
    pub(super) fn reduced(self, update: Term<'s>) -> Term<'s> {
        let Count { some, single } = self.count(&update);
        if some && single {
            update
        } else {
            tree::last_output(update)
        }
    }

    fn count(self, term: &Term<'_>) -> Count {
        match term {
            Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(_) => Count::ONE,
            Term::Str(_, parts) => product(parts.iter().filter_map(|part| match part {
                StrPart::Term(term) => Some(self.count(term)),
                _ => None,
            })),
            Term::Obj(entries) => product(entries.iter().map(|(key, value)| {
                self.count(key)
                    .times(value.as_ref().map_or(Count::ONE, |value| self.count(value)))
            })),
            Term::Neg(inner) | Term::Def(_, inner) => self.count(inner),
            Term::BinOp(_, BinaryOp::Comma, _) => Count::ANY,
            Term::BinOp(_, BinaryOp::Update, _) => Count::ONE,
            Term::BinOp(
                _,
                BinaryOp::Assign | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt,
                value,
            ) => self.count(value),
            Term::BinOp(left, _, right) => self.count(left).times(self.count(right)),
            Term::Fold("reduce", _, _, arguments) => arguments
                .first()
                .map_or(Count::ANY, |init| self.count(init)),
            Term::TryCatch(body, catch) => {
                let single = self.count(body).single
                    && catch.as_ref().is_none_or(|catch| self.count(catch).single);
                Count {
                    some: false,
                    single,
                }
            }
            Term::IfThenElse(branches, otherwise) => {
                let branches = branches
                    .iter()
                    .map(|(condition, then)| self.count(condition).times(self.count(then)));
                product(branches.chain(otherwise.iter().map(|otherwise| self.count(otherwise))))
            }
            Term::Call(name, _) if self.own.contains(name) => Count::ANY,
            Term::Call("select", condition) => Count {
                some: false,
                single: condition
                    .iter()
                    .all(|condition| self.count(condition).single),
            },
            Term::Call("empty" | "error", _) => Count {
                some: false,
                single: true,
            },
            Term::Call(name, arguments) if ONE_OUTPUT.contains(name) => match arguments[..] {
                [_] if OWN_FILTER.contains(name) => Count::ONE,
                _ => product(arguments.iter().map(|term| self.count(term))),
            },
            Term::Path(base, Path(parts)) => self.count(base).times(product(
                parts.iter().map(|(part, opt)| self.count_part(part, *opt)),
            )),
            _ => Count::ANY,
        }
    }

    fn count_part(self, part: &Part<Term<'_>>, opt: Opt) -> Count {
        let index = match part {
            Part::Range(None, None) => return Count::ANY,
            Part::Range(start, end) => {
                product(start.iter().chain(end).map(|term| self.count(term)))
            }
            Part::Index(index) => self.count(index),
        };
        Count {
            some: index.some && matches!(opt, Opt::Essential),
            ..index
        }
    }
}

/// `(a | values that are true) // b` for `a // b`: of several outputs, jq takes the paths of those
/// that are true, while the engine takes all if one is.
fn with_true_alternatives(path: Term<'_>) -> Term<'_> {
    let Term::BinOp(left, op, right) = path else {
        return path;
    };
    let (left, right) = (
        with_true_alternatives(*left),
        with_true_alternatives(*right),
    );
    match op {
        BinaryOp::Alt => {
            let nothing = Some(Box::new(Term::Call(tree::EMPTY, Vec::new())));
            let if_true = Term::IfThenElse(vec![(Term::Id, Term::Id)], nothing);
            tree::binary(tree::pipe(left, if_true), BinaryOp::Alt, right)
        }
        op => tree::binary(left, op, right),
    }
}

/// Whether `path` is like `.a.b[]`: then what is removed does not move what comes after.
fn is_all_of_a_path(path: &Term<'_>) -> bool {
    let Term::Path(base, Path(parts)) = path else {
        return false;
    };
    let Some(((Part::Range(None, None), _), before)) = parts.split_last() else {
        return false;
    };
    matches!(**base, Term::Id)
        && before
            .iter()
            .all(|(part, _)| matches!(part, Part::Index(Term::Str(None, _))))
}

/// Whether a path expression finds its paths in a way that the engine has no update for, or
/// changes while it goes on.
fn is_search(path: &Term<'_>) -> bool {
    const SEARCHES: &[&str] = &[
        "first", "last", "limit", "nth", "recurse", "repeat", "skip", "until", "while",
    ];
    let own = match path {
        Term::Recurse | Term::TryCatch(..) | Term::Label(..) | Term::BinOp(_, BinaryOp::Alt, _) => {
            true
        }
        Term::Call(name, arguments) => {
            !arguments.is_empty() && SEARCHES.contains(name) || *name == "recurse"
        }
        _ => false,
    };
    let mut found = own;
    tree::children(path, &mut |child| found = found || is_search(child));
    found
}

fn product(counts: impl Iterator<Item = Count>) -> Count {
    counts.fold(Count::ONE, Count::times)
}
