//! The builtins that are written in jq, of which a program gets only what it uses.

use std::collections::BTreeSet;

use jaq_core::load::Arena;

use super::syntax::{self, Def, Term};

/// Name and number of parameters.
pub(crate) type Signature<'s> = (&'s str, usize);

/// The text of one definition.
struct Entry {
    signature: Signature<'static>,
    text: &'static str,
}

/// The definitions, in the order in which they may use each other.
fn entries() -> impl DoubleEndedIterator<Item = Entry> {
    let text = include_str!("prelude.jq");
    let starts = text
        .match_indices("def ")
        .filter(move |(at, _)| *at == 0 || text.as_bytes()[at - 1] == b'\n');
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(move |(start, end)| {
        let text = &text[start..end];
        Entry {
            signature: signature(text),
            text,
        }
    })
}

/// Reads `def name(a; b): ...`.
fn signature(text: &'static str) -> Signature<'static> {
    let head = text["def ".len()..].split(':').next().unwrap_or_default();
    match head.split_once('(') {
        Some((name, parameters)) => (hidden(name), parameters.split(';').count()),
        None => (hidden(head), 0),
    }
}

/// The name for the definitions that the parser calls: one that programs cannot redefine.
fn hidden(name: &str) -> &str {
    match name {
        "_modify" => syntax::MODIFY,
        "_empty" => syntax::EMPTY,
        _ => name,
    }
}

/// Names of all definitions.
pub(crate) fn signatures() -> impl Iterator<Item = Signature<'static>> {
    entries().map(|entry| entry.signature)
}

/// The definitions that `program` uses, and those that they use.
pub(crate) fn used_by<'s>(program: &Term<'s>, arena: &'s Arena) -> Vec<Def<'s>> {
    let mut wanted = BTreeSet::new();
    syntax::calls(program, &mut |name, arity| {
        wanted.insert((name, arity));
    });
    let mut defs = Vec::new();
    // What a definition uses comes before it, so that going backwards finds all of it.
    for entry in entries().rev() {
        if !wanted.contains(&entry.signature) {
            continue;
        }
        for mut def in parse(entry.text, arena) {
            def.name = hidden(def.name);
            syntax::calls(&def.body, &mut |name, arity| {
                wanted.insert((name, arity));
            });
            defs.push(def);
        }
    }
    defs.reverse();
    defs
}

/// The definition in `text`: a parser reads definitions only in front of a filter.
fn parse<'s>(text: &'static str, arena: &'s Arena) -> Vec<Def<'s>> {
    let program = arena.alloc(format!("{text} ."));
    match syntax::parse(program, program, arena) {
        Ok(Term::Def(defs, _)) => defs,
        _ => Vec::new(),
    }
}
