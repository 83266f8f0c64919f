//! Recursive definitions with parameters that are filters.
//!
//! The engine runs a tail call without stack, but the filter given to it keeps everything that the
//! caller knows. A definition like `def f(g): f(g | g);` builds a chain of those without end,
//! which is neither a value nor a call of which the budget knows; and the engine drops it link by
//! link, each inside the drop of the one before. So such a definition becomes a wrapper around a
//! loop. Where all calls hand on the filters they were given, the loop needs no filters:
//!
//! ```text
//! def f(g; $x): def f!($x): ... f!($x + 1) ...; f!($x);
//! ```
//!
//! Else the loop counts how deep it is, starting from how deep the definition around it is:
//!
//! ```text
//! def f(g): def f!(g; $!depth): ... f!(g | g; $!depth | !deeper) ...; f!(g; $!depth);
//! ```

use jaq_core::load::Arena;

use super::tree::{self, Def, Pattern, Term};

/// The variable that counts, bound to 0 around the whole program.
const DEPTH: &str = "$!depth";

/// `program` with [`DEPTH`] bound, if a definition in it counts.
pub(super) fn counted(program: Term<'_>) -> Term<'_> {
    if tree::mentions(&program, DEPTH) {
        tree::bind(Term::Num("0"), Pattern::Var(DEPTH), program)
    } else {
        program
    }
}

/// The definition, bounded if it needs that.
pub(super) fn bounded<'s>(def: Def<'s>, arena: &'s Arena) -> Def<'s> {
    let is_filter = |parameter: &&'s str| !parameter.starts_with('$');
    let mut calls = Vec::new();
    let mut body = def.body;
    if def.args.iter().any(is_filter) {
        each_call(&mut body, (def.name, def.args.len()), &mut |arguments| {
            calls.push(arguments.clone())
        });
    }
    if calls.is_empty() {
        return Def { body, ..def };
    }
    let hands_on = |arguments: &Vec<Term<'s>>| {
        let mut pairs = def
            .args
            .iter()
            .zip(arguments)
            .filter(|(parameter, _)| is_filter(parameter));
        pairs.all(|(parameter, argument)| matches!(argument, Term::Call(name, own) if name == parameter && own.is_empty()))
    };
    let mut redefined = false;
    tree::definitions(&body, &mut |name, arity| {
        redefined |= arity == 0 && def.args.contains(&name)
    });
    let name = arena.alloc(format!("{}!", def.name));
    if !redefined && calls.iter().all(hands_on) {
        without_filters(def.name, name, &def.args, body)
    } else {
        with_depth(def.name, name, &def.args, body)
    }
}

fn without_filters<'s>(
    outer: &'s str,
    name: &'s str,
    parameters: &[&'s str],
    mut body: Term<'s>,
) -> Def<'s> {
    let keep: Vec<bool> = parameters
        .iter()
        .map(|parameter| parameter.starts_with('$'))
        .collect();
    rename_calls(
        &mut body,
        (outer, parameters.len()),
        name,
        &mut |arguments| {
            let mut kept = keep.iter();
            arguments.retain(|_| kept.next().copied().unwrap_or(true));
        },
    );
    let values: Vec<&str> = parameters
        .iter()
        .copied()
        .filter(|parameter| parameter.starts_with('$'))
        .collect();
    let start = Term::Call(name, values.iter().map(|value| Term::Var(value)).collect());
    wrapper(
        outer,
        parameters,
        Def {
            name,
            args: values,
            body,
        },
        start,
    )
}

fn with_depth<'s>(
    outer: &'s str,
    name: &'s str,
    parameters: &[&'s str],
    mut body: Term<'s>,
) -> Def<'s> {
    let deeper = || tree::pipe(Term::Var(DEPTH), Term::Call(tree::DEEPER, Vec::new()));
    rename_calls(
        &mut body,
        (outer, parameters.len()),
        name,
        &mut |arguments| arguments.push(deeper()),
    );
    let mut args = parameters.to_vec();
    args.push(DEPTH);
    let argument = |parameter: &&'s str| match parameter.starts_with('$') {
        true => Term::Var(parameter),
        false => Term::Call(parameter, Vec::new()),
    };
    let start = Term::Call(name, args.iter().map(argument).collect());
    wrapper(outer, parameters, Def { name, args, body }, start)
}

fn wrapper<'s>(name: &'s str, parameters: &[&'s str], inner: Def<'s>, start: Term<'s>) -> Def<'s> {
    let body = Term::Def(vec![inner], Box::new(start));
    Def {
        name,
        args: parameters.to_vec(),
        body,
    }
}

type Signature<'s> = (&'s str, usize);

fn rename_calls<'s>(
    term: &mut Term<'s>,
    of: Signature<'s>,
    to: &'s str,
    change: &mut dyn FnMut(&mut Vec<Term<'s>>),
) {
    visit_calls(term, of, &mut |name, arguments| {
        change(arguments);
        *name = to;
    });
}

fn each_call<'s>(
    term: &mut Term<'s>,
    of: Signature<'s>,
    visit: &mut dyn FnMut(&mut Vec<Term<'s>>),
) {
    visit_calls(term, of, &mut |_, arguments| visit(arguments));
}

/// Visits the calls of a definition in `term`, which is in its scope, from the inside out.
fn visit_calls<'s>(
    term: &mut Term<'s>,
    of: Signature<'s>,
    visit: &mut dyn FnMut(&mut &'s str, &mut Vec<Term<'s>>),
) {
    if let Term::Def(defs, body) = term {
        for def in defs {
            if (def.name, def.args.len()) == of {
                return;
            }
            visit_calls(&mut def.body, of, visit);
        }
        return visit_calls(body, of, visit);
    }
    tree::children_mut(term, &mut |child| visit_calls(child, of, visit));
    if let Term::Call(name, arguments) = term
        && (*name, arguments.len()) == of
    {
        visit(name, arguments);
    }
}
