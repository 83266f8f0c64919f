//! Programs in jq that only say where a value is.

/// Steps from a record to one of its values: `.a.b`, `."x y"`, `.["x"]`, `.a[0]`, or `.` for the record itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(pub(crate) Vec<Step>);

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// To the value of a key.
    Key(String),
    /// To an item, counted from 0.
    Item(usize),
}

/// Digits of an index that is still taken for a step.
const INDEX_DIGITS: usize = 9;

impl Path {
    /// The path that a program is, if it is nothing else. Strings with escapes, negative indices, `?` and comments are
    /// left to the engine of jq.
    pub fn parse(program: &str) -> Option<Self> {
        let mut rest = program.trim_ascii().strip_prefix('.')?;
        let mut steps = Vec::new();
        // `."a"`, `.[0]` and `.a`; after the first step, each but the brackets needs a point of its own.
        while !rest.is_empty() {
            let first = steps.is_empty();
            let (step, after) = match rest.strip_prefix('[') {
                Some(inner) => brackets(inner)?,
                None if first => named(rest)?,
                None => match rest.strip_prefix('.')? {
                    inner if inner.starts_with('[') => brackets(&inner[1..])?,
                    inner => named(inner)?,
                },
            };
            steps.push(step);
            rest = after;
        }
        Some(Self(steps))
    }
}

/// A key without or with quotes.
fn named(text: &str) -> Option<(Step, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return string(quoted);
    }
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let end = text
        .bytes()
        .position(|byte| !word(byte))
        .unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    let starts_well = !name.is_empty() && !name.as_bytes()[0].is_ascii_digit();
    starts_well.then(|| (Step::Key(name.to_owned()), after))
}

/// A key up to its closing quote.
fn string(text: &str) -> Option<(Step, &str)> {
    let (key, after) = text.split_once('"')?;
    let plain = !key.bytes().any(|byte| byte == b'\\' || byte < b' ');
    plain.then(|| (Step::Key(key.to_owned()), after))
}

/// A key or an index up to its closing bracket.
fn brackets(text: &str) -> Option<(Step, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (step, after) = string(quoted)?;
        return Some((step, after.strip_prefix(']')?));
    }
    let (index, after) = text.split_once(']')?;
    let digits = !index.is_empty()
        && index.len() <= INDEX_DIGITS
        && index.bytes().all(|byte| byte.is_ascii_digit());
    let index = digits.then(|| index.parse().ok()).flatten()?;
    Some((Step::Item(index), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_programs() {
        let key = |name: &str| Step::Key(name.to_owned());
        for (program, steps) in [
            (".", vec![]),
            (" .a ", vec![key("a")]),
            (".a.b_1", vec![key("a"), key("b_1")]),
            (".\"x y\".z", vec![key("x y"), key("z")]),
            (".[\"x\"].[2]", vec![key("x"), Step::Item(2)]),
            (".a[0][12]", vec![key("a"), Step::Item(0), Step::Item(12)]),
            (".a.\"é\"", vec![key("a"), key("é")]),
        ] {
            assert_eq!(Path::parse(program), Some(Path(steps)), "{program}");
        }
        for program in [
            "", "a", "..", ".a.", ".a?", ".a | .b", ".[-1]", ".[]", ".a[1:2]", ".1", ". a", ".a.1",
            ".\"\\n\"", ".[1e2]", ".a\"b\"", ".a.[", ".a # x", ".a,.b", ".é", "-.a",
        ] {
            assert_eq!(Path::parse(program), None, "{program}");
        }
    }
}
