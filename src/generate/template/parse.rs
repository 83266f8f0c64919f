//! Reading a template; the grammar is in the parent module.

use std::str::FromStr;

use super::{Part, TimeForm};
use crate::generate::error::{SpecError, did_you_mean};

const NAMES: &[&str] = &[
    "seq", "key", "time", "int", "float", "normal", "bool", "pick", "word", "sentence", "uuid",
    "hex",
];

/// What is wrong, and the byte at which it is.
struct Fault {
    at: usize,
    problem: String,
}

impl Fault {
    fn new(at: usize, problem: impl Into<String>) -> Self {
        Self {
            at,
            problem: problem.into(),
        }
    }

    fn in_template(self, template: &str) -> SpecError {
        let before = &template[..self.at];
        let line = 1 + before.matches('\n').count();
        let column = 1 + before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count();
        SpecError::new(
            "template",
            format!("line {line}, column {column}: {}", self.problem),
        )
    }
}

/// The texts and placeholders of `template`, in order.
pub(super) fn parts(template: &str) -> Result<Vec<Part>, SpecError> {
    let text = template.strip_suffix('\n').unwrap_or(template);
    let text = text.strip_suffix('\r').unwrap_or(text);
    read(text).map_err(|fault| fault.in_template(template))
}

fn read(text: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|found| at + found) {
        if open > at {
            parts.push(Part::Text(text[at..open].to_owned()));
        }
        let (words, end) = words(text, open)?;
        parts.push(part(open, &words)?);
        at = end;
    }
    if at < text.len() {
        parts.push(Part::Text(text[at..].to_owned()));
    }
    if parts.is_empty() {
        return Err(Fault::new(0, "the text is empty"));
    }
    Ok(parts)
}

/// A name or an argument.
struct Word {
    at: usize,
    text: String,
    quoted: bool,
}

/// The words of the placeholder that opens at `open`, and where the text goes on after it.
fn words(text: &str, open: usize) -> Result<(Vec<Word>, usize), Fault> {
    let mut words = Vec::new();
    let mut at = open + 2;
    loop {
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            return Err(Fault::new(open, "this `{{` is never closed with `}}`"));
        };
        if rest.starts_with("}}") {
            return Ok((words, at + 2));
        }
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (word, length) = if first == '"' {
            quoted(rest, at)?
        } else {
            bare(rest)
        };
        words.push(Word {
            at,
            text: word,
            quoted: first == '"',
        });
        at += length;
    }
}

/// A word up to a space, a quote or the end of the placeholder, and its length.
fn bare(rest: &str) -> (String, usize) {
    let length = rest
        .char_indices()
        .find(|&(at, c)| c.is_whitespace() || c == '"' || rest[at..].starts_with("}}"))
        .map_or(rest.len(), |(at, _)| at);
    (rest[..length].to_owned(), length)
}

/// The text between the quotes that `rest` begins with, and the length including them.
fn quoted(rest: &str, at: usize) -> Result<(String, usize), Fault> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((offset, c)) = chars.next() {
        match c {
            '"' => return Ok((text, offset + 1)),
            '\\' => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                _ => {
                    return Err(Fault::new(
                        at + offset,
                        r#"after `\` in quotes only `"` or `\` may follow"#,
                    ));
                }
            },
            other => text.push(other),
        }
    }
    Err(Fault::new(at, "this quote is never closed"))
}

fn part(open: usize, words: &[Word]) -> Result<Part, Fault> {
    let Some((name, arguments)) = words.split_first() else {
        return Err(Fault::new(
            open,
            r#"this placeholder is empty; for the characters themselves write `{{"{{"}}`"#,
        ));
    };
    if name.quoted {
        return Arguments::new(name, arguments, 0, 0, "nothing more")
            .map(|_| Part::Text(name.text.clone()));
    }
    let check = |least, most, usage| Arguments::new(name, arguments, least, most, usage);
    Ok(match name.text.as_str() {
        "seq" => check(0, 0, "nothing more").map(|_| Part::Seq)?,
        "key" => check(0, 0, "nothing more").map(|_| Part::Key)?,
        "word" => check(0, 0, "nothing more").map(|_| Part::Word)?,
        "sentence" => check(0, 0, "nothing more").map(|_| Part::Sentence)?,
        "uuid" => check(0, 0, "nothing more").map(|_| Part::Uuid)?,
        "time" => time(&check(0, 1, "`rfc3339`, `s`, `ms`, `us` or `ns`")?)?,
        "int" => int(&check(2, 2, "two whole numbers, such as `int 1 100`")?)?,
        "float" => float(&check(2, 3, "two numbers, such as `float 0 1`")?)?,
        "normal" => normal(&check(
            2,
            3,
            "a mean and a deviation, such as `normal 20 1.5`",
        )?)?,
        "bool" => Part::Bool(check(0, 1, "a probability")?.number_or(0, 0.5, 0.0..=1.0)?),
        "pick" => Part::Pick(
            check(
                1,
                usize::MAX,
                "at least one choice, such as `pick red green`",
            )?
            .texts(),
        ),
        "hex" => Part::Hex(check(0, 1, "a number of digits")?.number_or(0, 16, 1..=4_096)?),
        other => {
            let hint = did_you_mean(other, NAMES.iter().copied());
            let problem = format!(
                "there is no placeholder `{other}`{hint}; placeholders are {}",
                NAMES.join(", ")
            );
            return Err(Fault::new(name.at, problem));
        }
    })
}

/// The arguments of a placeholder, in a number that it takes.
struct Arguments<'a> {
    name: &'a Word,
    words: &'a [Word],
}

impl<'a> Arguments<'a> {
    fn new(
        name: &'a Word,
        words: &'a [Word],
        least: usize,
        most: usize,
        usage: &str,
    ) -> Result<Self, Fault> {
        if !(least..=most).contains(&words.len()) {
            return Err(Fault::new(
                name.at,
                format!("`{}` takes {usage}", name.text),
            ));
        }
        Ok(Self { name, words })
    }

    fn texts(&self) -> Vec<String> {
        self.words.iter().map(|word| word.text.clone()).collect()
    }

    /// Argument `index` as a number, or `usual` if it is not given.
    fn number_or<T>(
        &self,
        index: usize,
        usual: T,
        allowed: std::ops::RangeInclusive<T>,
    ) -> Result<T, Fault>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let Some(word) = self.words.get(index) else {
            return Ok(usual);
        };
        let number = word
            .text
            .parse::<T>()
            .ok()
            .filter(|number| allowed.contains(number));
        number.ok_or_else(|| {
            let (low, high) = (allowed.start(), allowed.end());
            let problem = format!(
                "`{}` takes a number from {low} to {high} here, not `{}`",
                self.name.text, word.text
            );
            Fault::new(word.at, problem)
        })
    }

    fn in_order<T: PartialOrd + Copy>(&self, low: T, high: T) -> Result<(T, T), Fault> {
        if low > high {
            let problem = format!("`{}` needs the smaller number first", self.name.text);
            return Err(Fault::new(self.words[0].at, problem));
        }
        Ok((low, high))
    }
}

fn time(arguments: &Arguments<'_>) -> Result<Part, Fault> {
    let Some(form) = arguments.words.first() else {
        return Ok(Part::Time(TimeForm::Rfc3339));
    };
    Ok(Part::Time(match form.text.as_str() {
        "rfc3339" => TimeForm::Rfc3339,
        "s" => TimeForm::Number(1_000_000_000),
        "ms" => TimeForm::Number(1_000_000),
        "us" => TimeForm::Number(1_000),
        "ns" => TimeForm::Number(1),
        other => {
            return Err(Fault::new(
                form.at,
                format!("`time` takes `rfc3339`, `s`, `ms`, `us` or `ns`, not `{other}`"),
            ));
        }
    }))
}

fn int(arguments: &Arguments<'_>) -> Result<Part, Fault> {
    let number = |index| arguments.number_or(index, 0, i64::MIN..=i64::MAX);
    let (low, high) = arguments.in_order(number(0)?, number(1)?)?;
    Ok(Part::Int { low, high })
}

/// Up to here, numbers with the most decimals allowed still fit 64 bits.
const LARGEST: f64 = 1e9;
const MOST_DECIMALS: u32 = 9;

fn float(arguments: &Arguments<'_>) -> Result<Part, Fault> {
    let number = |index| arguments.number_or(index, 0.0, -LARGEST..=LARGEST);
    let (low, high) = arguments.in_order(number(0)?, number(1)?)?;
    Ok(Part::Float {
        low,
        high,
        decimals: arguments.number_or(2, 3, 0..=MOST_DECIMALS)?,
    })
}

fn normal(arguments: &Arguments<'_>) -> Result<Part, Fault> {
    let mean = arguments.number_or(0, 0.0, -LARGEST..=LARGEST)?;
    let deviation = arguments.number_or(1, 0.0, 0.0..=LARGEST)?;
    Ok(Part::Normal {
        mean,
        deviation,
        decimals: arguments.number_or(2, 3, 0..=MOST_DECIMALS)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_texts_and_placeholders() {
        let found =
            parts("a {{seq}}{{ int -5 7 }}b{{pick x \"y z\" \"q\\\"\"}}{{\"{{\"}}}\n").unwrap();
        assert_eq!(
            found,
            [
                Part::Text("a ".into()),
                Part::Seq,
                Part::Int { low: -5, high: 7 },
                Part::Text("b".into()),
                Part::Pick(vec!["x".into(), "y z".into(), "q\"".into()]),
                Part::Text("{{".into()),
                Part::Text("}".into()),
            ]
        );
    }

    #[test]
    fn a_closing_brace_of_json_may_follow() {
        let found = parts(r#"{"n":{{int 1 2}}}"#).unwrap();
        assert_eq!(
            found,
            [
                Part::Text(r#"{"n":"#.into()),
                Part::Int { low: 1, high: 2 },
                Part::Text("}".into())
            ]
        );
    }

    #[test]
    fn defaults() {
        assert_eq!(
            parts("{{float 0 1}}").unwrap(),
            [Part::Float {
                low: 0.0,
                high: 1.0,
                decimals: 3
            }]
        );
        assert_eq!(parts("{{bool}}").unwrap(), [Part::Bool(0.5)]);
        assert_eq!(parts("{{hex}}").unwrap(), [Part::Hex(16)]);
        assert_eq!(parts("{{time}}").unwrap(), [Part::Time(TimeForm::Rfc3339)]);
    }

    #[test]
    fn faults_have_a_place_and_a_way_out() {
        for (template, problem) in [
            ("", "line 1, column 1: the text is empty"),
            (
                "é\nä {{wrod}}",
                "line 2, column 5: there is no placeholder `wrod`; did you mean `word`?; placeholders are seq,",
            ),
            (
                "ab{{seq",
                "line 1, column 3: this `{{` is never closed with `}}`",
            ),
            ("{{}}", "line 1, column 1: this placeholder is empty"),
            (
                "{{pick \"a}}",
                "line 1, column 8: this quote is never closed",
            ),
            (
                r#"{{pick "\n"}}"#,
                "line 1, column 9: after `\\` in quotes only",
            ),
            ("{{seq 1}}", "line 1, column 3: `seq` takes nothing more"),
            (
                "{{int 1}}",
                "line 1, column 3: `int` takes two whole numbers",
            ),
            (
                "{{int 9 1}}",
                "line 1, column 7: `int` needs the smaller number first",
            ),
            (
                "{{int 1 x}}",
                "line 1, column 9: `int` takes a number from -9223372036854775808 to",
            ),
            (
                "{{float 0 NaN}}",
                "line 1, column 11: `float` takes a number from -1000000000 to 1000000000 here, not `NaN`",
            ),
            (
                "{{float 0 1 10}}",
                "line 1, column 13: `float` takes a number from 0 to 9 here, not `10`",
            ),
            (
                "{{normal 0 -1}}",
                "line 1, column 12: `normal` takes a number from 0 to",
            ),
            (
                "{{bool 2}}",
                "line 1, column 8: `bool` takes a number from 0 to 1 here, not `2`",
            ),
            (
                "{{pick}}",
                "line 1, column 3: `pick` takes at least one choice",
            ),
            (
                "{{time minutes}}",
                "line 1, column 8: `time` takes `rfc3339`",
            ),
        ] {
            let error = parts(template).unwrap_err();
            assert!(error.problem().starts_with(problem), "{template}: {error}");
        }
    }
}
