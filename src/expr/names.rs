//! What to say of names that are not defined.

use super::input::VARIABLES;
use super::native;
use super::prelude::{self, Signature};
use super::syntax::{self, Term};

/// What is left out, and what to use instead.
const OFF: &[(&str, &str)] = &[
    (
        "input",
        "reads other records; every record is a run of its own",
    ),
    (
        "inputs",
        "reads other records; every record is a run of its own",
    ),
    (
        "debug",
        "prints; make what you want to see part of the result",
    ),
    (
        "stderr",
        "prints; make what you want to see part of the result",
    ),
    (
        "env",
        "depends on the machine; write `${NAME}` in the scenario, or let the shell put the value into the program",
    ),
    (
        "$ENV",
        "depends on the machine; write `${NAME}` in the scenario, or let the shell put the value into the program",
    ),
    (
        "now",
        "differs from run to run; the record's own time is `$time` (milliseconds) and `$time_ns`",
    ),
    (
        "localtime",
        "depends on the machine's time zone; use `gmtime`",
    ),
    (
        "strflocaltime",
        "depends on the machine's time zone; use `strftime`",
    ),
    (
        "input_filename",
        "is not known here; `$stream` names the topic or file of the record",
    ),
    (
        "input_line_number",
        "is not known here; `$offset` is the position of the record",
    ),
    (
        "halt",
        "would end more than this record; use `empty` to drop it or `error` to fail it",
    ),
    (
        "halt_error",
        "would end more than this record; use `error` to fail it",
    ),
    ("get_search_list", "is about modules, which are off"),
    ("modulemeta", "is about modules, which are off"),
    ("$__prog_args", "is not known here"),
];

/// The message for a call of `name` with `arity` arguments, of which `program` has no definition.
pub(super) fn unknown_filter(name: &str, arity: usize, program: &Term<'_>) -> String {
    if let Some(reason) = off(name) {
        return format!("`{name}` is off: it {reason}");
    }
    if let Some(format) = name.strip_prefix('@') {
        return format!(
            "`@{format}` is not a format; there are `@text`, `@json`, `@csv`, `@tsv`, `@html`, `@uri`, `@urid`, `@sh`, `@base64`, `@base64d`, `@base32`, `@base32d`"
        );
    }
    let mut known = builtins();
    let mut own = Vec::new();
    syntax::definitions(program, &mut |name, arity| {
        own.push((name.to_owned(), arity))
    });
    known.extend(own.iter().map(|(name, arity)| (name.as_str(), *arity)));
    let mut arities: Vec<usize> = known
        .iter()
        .filter(|known| known.0 == name)
        .map(|known| known.1)
        .collect();
    arities.sort_unstable();
    arities.dedup();
    if arities.is_empty() {
        return format!(
            "`{name}` is not defined{}",
            suggest(name, known.iter().map(|known| known.0))
        );
    }
    let arities: Vec<String> = arities.iter().map(usize::to_string).collect();
    let noun = if arities == ["1"] {
        "argument"
    } else {
        "arguments"
    };
    format!(
        "`{name}` takes {} {noun}, not {arity}; arguments are separated by `;`",
        arities.join(" or ")
    )
}

/// The message for a variable that is not bound where it stands.
pub(super) fn unknown_variable(name: &str) -> String {
    match off(name) {
        Some(reason) => format!("`{name}` is off: it {reason}"),
        None => format!(
            "`{name}` is not defined{}",
            suggest(name, VARIABLES.into_iter())
        ),
    }
}

fn off(name: &str) -> Option<&'static str> {
    OFF.iter()
        .find(|(known, _)| *known == name)
        .map(|(_, reason)| *reason)
}

/// Names that programs may call. Those with an underscore are not for them.
pub(super) fn builtins() -> Vec<Signature<'static>> {
    let natives = native::all().map(|(name, arguments, _)| (name, arguments.len()));
    prelude::signatures()
        .chain(natives)
        .filter(|(name, _)| !name.starts_with(['_', '!']))
        .collect()
}

fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let close = known.map(|known| (strsim::damerau_levenshtein(name, known), known));
    let best = close
        .filter(|(distance, known)| *distance <= 1 + known.len().min(name.len()) / 4)
        .min();
    best.map(|(_, known)| format!("; did you mean `{known}`?"))
        .unwrap_or_default()
}
