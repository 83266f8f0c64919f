//! Builtins on strings.

use super::{Native, plain, refuse, unary, v};
use crate::expr::meter;
use crate::expr::value::{Error, Text, ValR, Value, indices};

pub(super) fn natives() -> Vec<Native> {
    vec![
        ("ascii_downcase", v(0), |cv| {
            plain(cv, |value| {
                mapped(value, "ascii_downcase", str::to_ascii_lowercase)
            })
        }),
        ("ascii_upcase", v(0), |cv| {
            plain(cv, |value| {
                mapped(value, "ascii_upcase", str::to_ascii_uppercase)
            })
        }),
        ("trim", v(0), |cv| {
            plain(cv, |value| part(value, "trim", str::trim))
        }),
        ("ltrim", v(0), |cv| {
            plain(cv, |value| part(value, "ltrim", str::trim_start))
        }),
        ("rtrim", v(0), |cv| {
            plain(cv, |value| part(value, "rtrim", str::trim_end))
        }),
        ("ltrimstr", v(1), |cv| {
            unary(cv, |value, fix| {
                Ok(without(value, &fix, |text, fix| text.strip_prefix(fix)))
            })
        }),
        ("rtrimstr", v(1), |cv| {
            unary(cv, |value, fix| {
                Ok(without(value, &fix, |text, fix| text.strip_suffix(fix)))
            })
        }),
        ("trimstr", v(1), |cv| {
            unary(cv, |value, fix| {
                let value = without(value, &fix, |text, fix| text.strip_prefix(fix));
                Ok(without(value, &fix, |text, fix| text.strip_suffix(fix)))
            })
        }),
        ("startswith", v(1), |cv| {
            unary(cv, |value, fix| {
                compared(&value, &fix, "startswith", |text, fix| {
                    text.starts_with(fix)
                })
            })
        }),
        ("endswith", v(1), |cv| {
            unary(cv, |value, fix| {
                compared(&value, &fix, "endswith", |text, fix| text.ends_with(fix))
            })
        }),
        ("utf8bytelength", v(0), |cv| {
            plain(cv, |value| match &value {
                Value::Str(text) => Ok(Value::from(text.len())),
                other => Err(refuse(other, "only strings have UTF-8 byte length")),
            })
        }),
        ("explode", v(0), |cv| plain(cv, explode)),
        ("implode", v(0), |cv| plain(cv, implode)),
        ("split", v(1), |cv| {
            unary(cv, |value, separator| match (&value, &separator) {
                (Value::Str(_), Value::Str(_)) => value / separator,
                _ => Err(Error::str("split input and separator must be strings")),
            })
        }),
        ("join", v(1), |cv| {
            unary(cv, |value, separator| join(value, &separator))
        }),
        ("indices", v(1), |cv| unary(cv, occurrences)),
    ]
}

fn mapped(value: Value, name: &str, f: impl Fn(&str) -> String) -> ValR {
    match &value {
        Value::Str(text) => {
            meter::work(text.len());
            Ok(Value::from(f(text.as_str())))
        }
        _ => Err(Error::str(format_args!("{name} input must be a string"))),
    }
}

fn part(value: Value, name: &str, f: impl Fn(&str) -> &str) -> ValR {
    match &value {
        Value::Str(text) => Ok(Value::Str(text.slice_of(f(text.as_str())))),
        _ => Err(Error::str(format_args!("{name} input must be a string"))),
    }
}

/// What is not a string has nothing to cut off and stays as it is.
fn without(
    value: Value,
    fix: &Value,
    cut: impl for<'a> Fn(&'a str, &str) -> Option<&'a str>,
) -> Value {
    let rest = match (&value, fix) {
        (Value::Str(text), Value::Str(fix)) => {
            cut(text.as_str(), fix.as_str()).map(|rest| text.slice_of(rest))
        }
        _ => None,
    };
    rest.map_or(value, Value::Str)
}

fn compared(value: &Value, fix: &Value, name: &str, f: impl Fn(&str, &str) -> bool) -> ValR {
    match (value, fix) {
        (Value::Str(text), Value::Str(fix)) => Ok(Value::Bool(f(text.as_str(), fix.as_str()))),
        _ => Err(Error::str(format_args!("{name}() requires string inputs"))),
    }
}

fn explode(value: Value) -> ValR {
    match &value {
        Value::Str(text) => Ok(text
            .as_str()
            .chars()
            .map(|char| Value::int(i64::from(u32::from(char))))
            .collect()),
        _ => Err(Error::str("explode input must be a string")),
    }
}

/// Code points that are no characters become U+FFFD, as in jq.
fn implode(value: Value) -> ValR {
    let Value::Arr(points) = &value else {
        return Err(Error::str("implode input must be an array"));
    };
    let mut text = Text::from("");
    for point in points.iter() {
        let code = match point {
            Value::Num(number) => number.truncated().and_then(|code| u32::try_from(code).ok()),
            other => {
                return Err(refuse(
                    other,
                    "can't be imploded, unicode codepoint needs to be numeric",
                ));
            }
        };
        let char = code
            .and_then(char::from_u32)
            .unwrap_or(char::REPLACEMENT_CHARACTER);
        text.push(char.encode_utf8(&mut [0; 4]));
    }
    Ok(Value::Str(text))
}

/// Strings, numbers and booleans with the separator between them; `null` counts as empty.
fn join(value: Value, separator: &Value) -> ValR {
    let items: Vec<Value> = jaq_core::ValT::values(value).collect::<Result<_, _>>()?;
    let mut joined = Value::str("");
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            joined = (joined + separator.clone())?;
        }
        let item = match item {
            Value::Null(_) => continue,
            Value::Bool(_) | Value::Num(_) => Value::Str(item.to_json()),
            other => other,
        };
        joined = (joined + item)?;
    }
    Ok(joined)
}

/// Where a string occurs in a string, in characters; overlapping places count. Where an array or a
/// value occurs in an array.
fn occurrences(value: Value, sought: Value) -> ValR {
    match (&value, &sought) {
        (Value::Str(text), Value::Str(part)) => Ok(text_indices(text.as_str(), part.as_str())),
        (Value::Arr(list), Value::Arr(part)) => Ok(indices(list, part)),
        (Value::Arr(list), item) => Ok(indices(list, std::slice::from_ref(item))),
        _ => jaq_core::ValT::index(value, &sought),
    }
}

fn text_indices(text: &str, part: &str) -> Value {
    let Some(first) = part.chars().next() else {
        return Value::NULL;
    };
    let (mut found, mut from, mut chars) = (Vec::new(), 0, 0i64);
    while let Some(at) = text[from..].find(part) {
        meter::work(at + meter::TERM);
        chars += text[from..from + at].chars().count() as i64;
        found.push(Value::int(chars));
        from += at + first.len_utf8();
        chars += 1;
    }
    Value::array(found)
}
