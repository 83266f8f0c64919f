//! `${VAR}` in scalars, after YAML is parsed: a value can never change the structure of the file.
//!
//! `${VAR}` must be set; `${VAR:-default}` and `${VAR:?message}` also look at empty ones, as in a
//! POSIX shell. `$${` stands for `${`. Anything else with a `$` is left alone. A scalar without
//! quotes gets its type after the replacement, a quoted one stays text.

use std::collections::BTreeMap;

use super::{Faults, Node, Value, meant, quote};

/// Environment variables, handed in by the caller.
pub type Env = BTreeMap<String, String>;

/// Where `${NAME}` finds its value.
pub trait Lookup {
    /// The value of a name.
    fn value(&self, name: &str) -> Option<&str>;

    /// The names that exist, for suggestions.
    fn names(&self) -> Vec<&str>;

    /// What a name without a value is called, and how to give it one.
    fn undefined(&self, name: &str) -> (String, String) {
        (
            format!("environment variable {} is not set", quote(name)),
            format!("set it, or give a default: `${{{name}:-...}}`"),
        )
    }
}

impl Lookup for Env {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }

    fn names(&self) -> Vec<&str> {
        self.keys().map(String::as_str).collect()
    }
}

/// Replaces the variables in all scalars of a value that stand in a file; the value of a variable
/// or flag is taken as it is. A scalar that cannot be interpolated becomes faulty.
pub fn interpolate(node: &mut Node, variables: &dyn Lookup, faults: &mut Faults) {
    match &mut node.value {
        Value::Faulty => {}
        Value::List(nodes) => {
            for node in nodes {
                interpolate(node, variables, faults);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                interpolate(&mut entry.node, variables, faults);
            }
        }
        Value::Scalar(scalar) if !scalar.text.contains("${") || !node.place.text().has_lines() => {}
        Value::Scalar(scalar) => {
            let mut expansion = Expansion::new(variables);
            expansion.expand(&scalar.text, 0);
            let Expansion {
                text,
                marks,
                faults: found,
                ..
            } = expansion;
            if found.is_empty() {
                scalar.seams.written = std::mem::replace(&mut scalar.text, text);
                scalar.seams.marks = marks;
                return;
            }
            for (offset, message, hint) in found {
                faults
                    .error(&node.place_in_text(offset), message)
                    .hint(hint);
            }
            node.value = Value::Faulty;
        }
    }
}

/// One scalar on its way.
struct Expansion<'a> {
    variables: &'a dyn Lookup,
    text: String,
    marks: Vec<(usize, usize, bool)>,
    /// Byte of the written text, message, hint.
    faults: Vec<(usize, String, String)>,
    depth: usize,
}

/// The parts of `${NAME:-rest}`.
struct Reference<'t> {
    name: &'t str,
    operator: Option<&'t str>,
    rest: &'t str,
    /// Bytes from `${` to the closing brace, both included.
    length: usize,
}

/// A `${` that starts no reference.
struct Malformed {
    hint: &'static str,
    /// The bytes of it; `None` for all the rest of the text.
    length: Option<usize>,
}

/// `${A:-${B:-...}}` may nest this deep.
const DEEPEST: usize = 8;

impl<'a> Expansion<'a> {
    fn new(variables: &'a dyn Lookup) -> Self {
        Self {
            variables,
            text: String::new(),
            marks: vec![(0, 0, true)],
            faults: Vec::new(),
            depth: 0,
        }
    }

    /// Appends `text`, which starts at byte `base` of what is written in the file.
    fn expand(&mut self, text: &str, base: usize) {
        let mut at = 0;
        while let Some(found) = text[at..].find("${") {
            let start = at + found;
            if text[..start].ends_with('$') && start > at {
                self.text.push_str(&text[at..start - 1]);
                self.text.push_str("${");
                at = start + 2;
                self.marks.push((self.text.len(), base + at, true));
                continue;
            }
            self.text.push_str(&text[at..start]);
            match Reference::parse(&text[start..]) {
                Ok(reference) => {
                    self.marks.push((self.text.len(), base + start, false));
                    self.replace(&reference, base + start);
                    at = start + reference.length;
                    self.marks.push((self.text.len(), base + at, true));
                }
                Err(Malformed { hint, length }) => {
                    let message = "a `${` that is no variable".to_owned();
                    self.faults.push((base + start, message, hint.to_owned()));
                    at = start + length.unwrap_or(text.len() - start);
                }
            }
            if self.faults.len() >= Faults::MOST {
                return;
            }
        }
        self.text.push_str(&text[at..]);
    }

    fn replace(&mut self, reference: &Reference<'_>, at: usize) {
        let Reference {
            name,
            operator,
            rest,
            ..
        } = *reference;
        let value = self.variables.value(name);
        let value = value.filter(|value| operator.is_none() || !value.is_empty());
        match (value, operator) {
            (Some(value), _) => self.text.push_str(value),
            (None, Some(":-")) if self.depth < DEEPEST => {
                self.depth += 1;
                self.nested_default(rest, at);
                self.depth -= 1;
            }
            (None, Some(":-")) => self.faults.push((
                at,
                format!("defaults nested deeper than {DEEPEST} levels"),
                "give the inner one a name of its own".to_owned(),
            )),
            (None, Some(_)) => {
                let (message, hint) = self.variables.undefined(name);
                let message = if rest.is_empty() {
                    message
                } else {
                    rest.to_owned()
                };
                self.faults.push((at, message, hint));
            }
            (None, None) => {
                let (message, hint) = self.variables.undefined(name);
                let hint = match meant(name, self.variables.names()) {
                    Some(near) => format!("did you mean `{near}`? otherwise {hint}"),
                    None => hint,
                };
                self.faults.push((at, message, hint));
            }
        }
    }

    /// A default may hold variables itself; all of it comes from the place of the outer one.
    fn nested_default(&mut self, text: &str, at: usize) {
        let mut inner = Expansion::new(self.variables);
        inner.depth = self.depth;
        inner.expand(text, 0);
        self.text.push_str(&inner.text);
        let moved = inner.faults.into_iter();
        self.faults
            .extend(moved.map(|(_, message, hint)| (at, message, hint)));
    }
}

impl<'t> Reference<'t> {
    /// Parses a text that starts with `${`.
    fn parse(text: &'t str) -> Result<Self, Malformed> {
        let unclosed = Malformed {
            hint: "close it with `}`, or write `$${` for the two characters",
            length: None,
        };
        let end = closing_brace(text).ok_or(unclosed)?;
        let other = Malformed {
            hint: "write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`, or `$${` for the two characters",
            length: Some(end + 1),
        };
        let inner = &text[2..end];
        let split = inner
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-'))
            .unwrap_or(inner.len());
        let (name, rest) = inner.split_at(split);
        let (operator, rest) = match rest.split_at_checked(2) {
            Some((operator @ (":-" | ":?"), rest)) => (Some(operator), rest),
            _ if rest.is_empty() => (None, ""),
            _ => return Err(other),
        };
        if !is_name(name) {
            return Err(other);
        }
        Ok(Self {
            name,
            operator,
            rest,
            length: end + 1,
        })
    }
}

/// A shell's variable name, or `param.` and the name of a parameter.
fn is_name(name: &str) -> bool {
    let (name, extra) = match name.strip_prefix("param.") {
        Some(parameter) => (parameter, "_-"),
        None => (name, "_"),
    };
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

/// The brace that ends the `${` a text starts with, those of inner ones skipped.
fn closing_brace(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => open += 1,
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
