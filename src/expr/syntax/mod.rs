//! jq programs to syntax trees of the jq engine.
//!
//! The engine has a parser of its own, of which only the lexer is used here: it gives `%`, `//`
//! and `as` other precedences than jq, evaluates the operands of operators in another order, and
//! its errors name a token but not what is wrong with it.

mod braces;
mod filters;
mod operators;
mod outputs;
mod parser;
mod recursion;
mod surrogates;
mod terms;
mod trace;
mod tree;

pub(crate) use parser::parse;
pub(crate) use surrogates::without_surrogates;
pub(crate) use trace::traced;
pub(crate) use tree::{AT, DEEPER, Def, EMPTY, MODIFY, Term, calls, definitions, mentions};

/// Where a program is wrong, in bytes from its start, and how.
pub(crate) type Fault = (usize, String);
