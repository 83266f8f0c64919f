//! The builtins that are written in Rust.

mod convert;
mod date;
mod format;
mod math;
mod paths;
mod regex;
mod sequence;
mod sort;
mod strings;

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Bind, Cv, RunPtr, ValXs};

use super::engine::Lang;
use super::names;
use super::value::{Error, ValR, Value};

pub(crate) use self::regex::Regexes;

/// A native, and how often and as what it takes arguments.
type Native = (&'static str, Box<[Bind]>, RunPtr<Lang>);

/// All natives. Those that do I/O or depend on anything but their input are not among them.
pub(crate) fn all() -> impl Iterator<Item = Fun<Lang>> {
    let ours = [
        builtins(),
        convert::natives(),
        date::natives(),
        format::natives(),
        math::natives(),
        regex::natives(),
        sequence::natives(),
        sort::natives(),
        strings::natives(),
    ];
    let ours = ours.into_iter().flatten().map(|native| run::<Lang>(native));
    ours.chain(paths::natives()).chain(adopted())
}

/// Natives of the engine that behave as jq's, by the engine's name and ours.
const ADOPTED: &[(&str, &str)] = &[
    ("error_empty", "_raise"),
    ("first", "first"),
    ("last", "last"),
    ("limit", "_limit"),
    ("skip", "_skip"),
];

fn adopted() -> impl Iterator<Item = Fun<Lang>> {
    jaq_core::funs::<Lang>().filter_map(|(name, arguments, native)| {
        let (_, ours) = ADOPTED.iter().find(|(theirs, _)| *theirs == name)?;
        Some((*ours, arguments, native))
    })
}

/// Name and number of arguments of all builtins.
fn builtins() -> Vec<Native> {
    vec![("builtins", v(0), |cv| {
        plain(cv, |_| {
            Ok(names::builtins()
                .into_iter()
                .map(|(name, arity)| Value::from(format!("{name}/{arity}")))
                .collect())
        })
    })]
}

/// A native of the input alone.
fn plain(cv: Cv<'_, Lang>, f: impl FnOnce(Value) -> ValR) -> ValXs<'_, Value> {
    bome(f(cv.1))
}

/// A native of the input and one argument.
fn unary(mut cv: Cv<'_, Lang>, f: impl FnOnce(Value, Value) -> ValR) -> ValXs<'_, Value> {
    let argument = cv.0.pop_var();
    bome(f(cv.1, argument))
}

/// One argument that is a filter.
fn filter() -> Box<[Bind]> {
    Box::new([Bind::Fun(())])
}

/// An error in the manner of jq: `number (1) has no keys`.
fn refuse(value: &Value, why: &str) -> Error {
    Error::str(format_args!("{} ({value}) {why}", value.kind()))
}
