//! Regular expressions: the syntax of the `regex` crate, jq's flags and results.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jaq_core::native::{bome, v};
use jaq_core::{Bind, Cv, Exn, ValXs};
use regex::{Captures, Regex, RegexBuilder};

use super::{Lang, Native, refuse};
use crate::expr::meter;
use crate::expr::value::{Error, Text, ValR, Value};

pub(super) fn natives() -> Vec<Native> {
    vec![
        ("_match", v(2), |cv| bome(with_regex(cv, matches))),
        ("_test", v(2), |cv| {
            bome(with_regex(cv, |text, pattern| {
                Ok(Value::Bool(pattern.matches(text)))
            }))
        }),
        ("_split", v(2), |cv| bome(with_regex(cv, split))),
        (
            "_sub",
            Box::new([Bind::Var(()), Bind::Var(()), Bind::Fun(())]),
            substitute,
        ),
    ]
}

/// Compiled regular expressions by pattern and flags, kept from record to record.
#[derive(Default)]
pub(crate) struct Regexes(Mutex<HashMap<String, Vec<Variant>>>);

/// Flags, and the pattern compiled with them.
type Variant = (String, Arc<Pattern>);

/// More patterns than this come from the data rather than the program; then all are forgotten.
const KEPT: usize = 64;

impl Regexes {
    fn get(&self, pattern: &str, flags: &str) -> Result<Arc<Pattern>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept
            .get(pattern)
            .and_then(|variants| variants.iter().find(|(known, _)| known == flags));
        if let Some((_, known)) = known {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(Pattern::compile(pattern, flags)?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.entry(pattern.to_owned())
            .or_default()
            .push((flags.to_owned(), Arc::clone(&compiled)));
        Ok(compiled)
    }
}

struct Pattern {
    regex: Regex,
    global: bool,
    skip_empty: bool,
}

impl Pattern {
    fn compile(pattern: &str, flags: &str) -> Result<Self, Error> {
        let (mut global, mut skip_empty) = (false, false);
        let mut builder = RegexBuilder::new(pattern);
        for flag in flags.chars() {
            match flag {
                'g' => global = true,
                'n' => skip_empty = true,
                'i' => drop(builder.case_insensitive(true)),
                'x' => drop(builder.ignore_whitespace(true)),
                'p' => drop(builder.dot_matches_new_line(true)),
                's' => {}
                _ => {
                    return Err(Error::str(format_args!(
                        "{flags} is not a valid modifier string: the flags are g, i, n, p, s and x"
                    )));
                }
            }
        }
        let regex = builder.build().map_err(|error| {
            let error = error.to_string();
            let reason = error
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            Error::str(format_args!("`{pattern}` is not a valid regex: {reason}"))
        })?;
        Ok(Self {
            regex,
            global,
            skip_empty,
        })
    }

    fn matches(&self, text: &Text) -> bool {
        meter::work(text.len());
        if self.skip_empty {
            self.find_all(text).next().is_some()
        } else {
            self.regex.is_match(text.as_str())
        }
    }

    /// All matches, or the first one without the flag `g`.
    fn find_all<'t>(&'t self, text: &'t Text) -> impl Iterator<Item = Captures<'t>> {
        let text = text.as_str();
        meter::work(text.len());
        let found = self.regex.captures_iter(text).inspect(|found| {
            let end = found.get(0).map_or(0, |whole| whole.end());
            meter::work(text.len() - end + meter::TERM);
        });
        let wanted = found.filter(|found| {
            !self.skip_empty || found.get(0).is_some_and(|whole| !whole.is_empty())
        });
        wanted.take(if self.global { usize::MAX } else { 1 })
    }
}

/// Pops the arguments `$re; $flags`. As in jq, `$re` may also be `[$re, $flags]`.
fn with_regex(mut cv: Cv<'_, Lang>, f: impl FnOnce(&Text, &Pattern) -> ValR) -> ValR {
    let (flags, re) = (cv.0.pop_var(), cv.0.pop_var());
    let (text, pattern) = prepare(&cv, re, flags)?;
    f(&text, &pattern)
}

fn prepare(
    cv: &Cv<'_, Lang>,
    mut re: Value,
    mut flags: Value,
) -> Result<(Text, Arc<Pattern>), Error> {
    if let Value::Arr(pair) = &re {
        let (first, second) = (pair.first().cloned(), pair.get(1).cloned());
        (re, flags) = (first.unwrap_or(Value::NULL), second.unwrap_or(flags));
    }
    let Value::Str(text) = &cv.1 else {
        return Err(refuse(&cv.1, "cannot be matched, as it is not a string"));
    };
    let flags = match &flags {
        Value::Null(_) => "",
        Value::Str(flags) => flags.as_str(),
        other => return Err(refuse(other, "is not a string of flags")),
    };
    match &re {
        Value::Str(re) => Ok((text.clone(), cv.0.data().regexes().get(re.as_str(), flags)?)),
        other => Err(refuse(other, "cannot be matched, as it is not a string")),
    }
}

/// Counts characters from match to match.
struct Characters<'t> {
    text: &'t str,
    bytes: usize,
    chars: usize,
}

impl<'t> Characters<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            bytes: 0,
            chars: 0,
        }
    }

    /// The character at which byte `at` is; fast if `at` is not before the last one asked for.
    fn before(&mut self, at: usize) -> usize {
        match self.text.get(self.bytes..at) {
            Some(between) => self.chars += between.chars().count(),
            None => self.chars = self.text[..at].chars().count(),
        }
        self.bytes = at;
        self.chars
    }
}

/// The matches as jq's `match` shows them.
fn matches(text: &Text, pattern: &Pattern) -> ValR {
    let mut characters = Characters::new(text.as_str());
    Ok(pattern
        .find_all(text)
        .map(|found| describe(text, pattern, &found, &mut characters))
        .collect())
}

fn describe(
    text: &Text,
    pattern: &Pattern,
    found: &Captures<'_>,
    characters: &mut Characters<'_>,
) -> Value {
    let mut part = |group: usize| -> [(&str, Value); 3] {
        match found.get(group) {
            Some(part) => [
                ("offset", Value::from(characters.before(part.start()))),
                ("length", Value::from(part.as_str().chars().count())),
                ("string", Value::Str(text.slice(part.start(), part.end()))),
            ],
            None => [
                ("offset", Value::int(-1)),
                ("length", Value::int(0)),
                ("string", Value::NULL),
            ],
        }
    };
    let [offset, length, string] = part(0);
    let captures = pattern
        .regex
        .capture_names()
        .enumerate()
        .skip(1)
        .map(|(group, name)| {
            let [offset, length, string] = part(group);
            Value::object([
                offset,
                length,
                string,
                ("name", name.map_or(Value::NULL, Value::str)),
            ])
        });
    let captures = captures.collect();
    Value::object([offset, length, string, ("captures", captures)])
}

/// What is between the matches.
fn split(text: &Text, pattern: &Pattern) -> ValR {
    let global = Pattern {
        regex: pattern.regex.clone(),
        global: true,
        skip_empty: pattern.skip_empty,
    };
    let mut from = 0;
    let mut parts: Vec<Value> = Vec::new();
    for found in global.find_all(text) {
        if let Some(whole) = found.get(0) {
            parts.push(Value::Str(text.slice(from, whole.start())));
            from = whole.end();
        }
    }
    parts.push(Value::Str(text.slice(from, text.len())));
    Ok(Value::array(parts))
}

/// The text with every match replaced by what the filter makes of its captures. If the filter has
/// several outputs, so has this: one text of all first outputs, one of all second ones, and so on.
fn substitute(mut cv: Cv<'_, Lang>) -> ValXs<'_, Value> {
    let (replacement, context) = cv.0.pop_fun();
    let (flags, re) = (cv.0.pop_var(), cv.0.pop_var());
    let replaced = prepare(&cv, re, flags)
        .map_err(Exn::from)
        .and_then(|(text, pattern)| {
            let mut characters = Characters::new(text.as_str());
            let (mut from, mut texts) = (0, Vec::new());
            for found in pattern.find_all(&text) {
                let whole = found.get(0).map_or(0..0, |whole| whole.range());
                let gap = Value::Str(text.slice(from, whole.start));
                from = whole.end;
                let found = describe(&text, &pattern, &found, &mut characters);
                for (at, new) in replacement.run((context.clone(), found)).enumerate() {
                    let new = (gap.clone() + string(new?)?)?;
                    match texts.get_mut(at) {
                        None => texts.push(new),
                        Some(text) => *text = (std::mem::replace(text, Value::NULL) + new)?,
                    }
                }
            }
            if texts.is_empty() {
                return Ok(vec![Value::Str(text)]);
            }
            let rest = Value::Str(text.slice(from, text.len()));
            texts
                .into_iter()
                .map(|text| Ok((text + rest.clone())?))
                .collect::<Result<Vec<_>, Exn<'_, Value>>>()
        });
    match replaced {
        Ok(texts) => Box::new(texts.into_iter().map(Ok)),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}

fn string(value: Value) -> ValR {
    match &value {
        Value::Str(_) => Ok(value),
        other => Err(refuse(other, "cannot be added to a string")),
    }
}
