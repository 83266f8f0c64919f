//! Aggregates as people write them: `n: count`, `total: sum(.amount)`, `p99: percentile(.ms; 0.99)`.

use super::kind::{FORMS, Form, Kind, SYNONYMS};
use super::quantiles::Quantile;

/// One aggregate: what its results are called, what it does, and the programs in jq that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregate {
    /// The name of its member in a result.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// What it does it with: a program that gets the record. `count` may do without.
    pub argument: Option<Source>,
    /// The programs of `reduce`, whose argument is the record.
    pub reduce: Option<Reduce>,
}

/// The programs of a `reduce`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduce {
    /// Gives the state before the first event.
    pub init: Source,
    /// Gives the next state, from the last one as `.` and the record as `$value`.
    pub update: Source,
    /// Gives the state of the events of two states, `.` and `$value`. Only sessions need it.
    pub merge: Option<Source>,
}

/// A program in jq, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The program.
    pub text: String,
    /// The column in which it begins, in characters from 1.
    pub column: usize,
}

/// Why a text is no aggregate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (column {column})")]
pub struct ParseError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Names that results use themselves.
const TAKEN: [&str; 6] = ["key", "start", "end", "pane", "revision", "retract"];

/// The most values of a `top`.
const MOST_TOP: usize = 1_000_000;

impl Aggregate {
    /// Reads `text`, such as `sum(.amount)`, for the member `name` of results.
    ///
    /// # Errors
    /// The name is taken, or the text is no aggregate.
    pub fn parse(name: &str, text: &str) -> Result<Self, ParseError> {
        check_name(name)?;
        Parser { text }.aggregate(name)
    }

    /// Reads a name and an aggregate, such as `total: sum(.amount)`.
    ///
    /// # Errors
    /// As [`Aggregate::parse`], or there is no name.
    pub fn parse_named(text: &str) -> Result<Self, ParseError> {
        let Some((name, _)) = text.split_once(':').filter(|(name, _)| !name.contains('(')) else {
            let message = format!("say what it is to be called, such as `n: {}`", text.trim());
            return Err(error(1, message));
        };
        check_name(name.trim())?;
        let mut parser = Parser { text };
        parser.aggregate_from(name.trim(), name.len() + 1)
    }
}

fn check_name(name: &str) -> Result<(), ParseError> {
    let message = if name.is_empty() {
        "the name is empty; say what the aggregate is to be called".to_owned()
    } else if TAKEN.contains(&name) {
        format!("results have a `{name}` of their own; use another name")
    } else {
        return Ok(());
    };
    Err(error(1, message))
}

fn error(column: usize, message: impl Into<String>) -> ParseError {
    ParseError {
        column,
        message: message.into(),
    }
}

struct Parser<'a> {
    text: &'a str,
}

/// An argument, from one byte to another.
type Span = std::ops::Range<usize>;

impl Parser<'_> {
    fn aggregate(&mut self, name: &str) -> Result<Aggregate, ParseError> {
        self.aggregate_from(name, 0)
    }

    /// Reads the aggregate that begins after byte `start`.
    fn aggregate_from(&mut self, name: &str, start: usize) -> Result<Aggregate, ParseError> {
        let written = &self.text[start..];
        let start = start + (written.len() - written.trim_start().len());
        let written = written.trim();
        let end = written.find('(').unwrap_or(written.len());
        let function = written[..end].trim_end();
        let form = self.form(function, start)?;
        let arguments = if end < written.len() {
            self.arguments(start + end, start + written.len())?
        } else {
            Vec::new()
        };
        self.check_count(form, &arguments, start)?;
        self.build(name, form, &arguments)
    }

    fn form(&self, function: &str, start: usize) -> Result<&'static Form, ParseError> {
        if let Some(form) = FORMS.iter().find(|form| form.name == function) {
            return Ok(form);
        }
        let all: Vec<_> = FORMS.iter().map(|form| form.name).collect();
        let said = if function.is_empty() {
            "an aggregate is missing".to_owned()
        } else {
            format!("there is no aggregate `{function}`")
        };
        let hint = match near(function) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("there are {}", all.join(", ")),
        };
        Err(self.fault(start, format!("{said}; {hint}")))
    }

    /// The arguments between the parenthesis at `open` and the one at the end of the text at `end`, which may hold
    /// strings, comments, and brackets of all kinds.
    fn arguments(&self, open: usize, end: usize) -> Result<Vec<Span>, ParseError> {
        let mut found = Vec::new();
        let mut scan = Scan::new(&self.text.as_bytes()[..end], open);
        let mut from = open + 1;
        loop {
            match scan.next() {
                Some((at, b';')) if scan.depth() == 1 => {
                    found.push(from..at);
                    from = at + 1;
                }
                Some((at, _)) if scan.depth() == 0 => {
                    found.push(from..at);
                    return if at + 1 == end {
                        Ok(found)
                    } else {
                        Err(self.fault(at + 1, "nothing may come after the `)` of an aggregate"))
                    };
                }
                Some(_) => {}
                None => return Err(self.fault(open, "this `(` is not closed")),
            }
        }
    }

    fn check_count(&self, form: &Form, arguments: &[Span], start: usize) -> Result<(), ParseError> {
        for argument in arguments {
            if self.text[argument.clone()].trim().is_empty() {
                let message = format!("an argument is missing; write `{}`", form.example);
                return Err(self.fault(argument.start, message));
            }
        }
        let (least, most) = form.arguments;
        if (least..=most).contains(&arguments.len()) {
            return Ok(());
        }
        let message = format!(
            "`{}` {}; write `{}`",
            form.name,
            match arguments.len() {
                0 => "needs an argument".to_owned(),
                1 => "does not take one argument".to_owned(),
                more => format!("does not take {more} arguments (`;` stands between them)"),
            },
            form.example
        );
        Err(self.fault(start, message))
    }

    fn build(&self, name: &str, form: &Form, arguments: &[Span]) -> Result<Aggregate, ParseError> {
        let source = |at: usize| arguments.get(at).map(|span| self.source(span.clone()));
        let mut reduce = None;
        let kind = match form.name {
            "count" => Kind::Count,
            "sum" => Kind::Sum,
            "min" => Kind::Min,
            "max" => Kind::Max,
            "avg" => Kind::Average,
            "first" => Kind::First,
            "last" => Kind::Last,
            "collect" => Kind::Collect,
            "distinct" => Kind::Distinct,
            "approx_distinct" => Kind::ApproxDistinct,
            "median" => Kind::Percentile(Quantile::MEDIAN),
            "percentile" => Kind::Percentile(self.quantile(arguments[1].clone())?),
            "top" => Kind::Top(self.top(arguments[1].clone())?),
            _ => {
                reduce = source(0).zip(source(1)).map(|(init, update)| Reduce {
                    init,
                    update,
                    merge: source(2),
                });
                Kind::Reduce
            }
        };
        let record = || Source {
            text: ".".to_owned(),
            column: self.column(arguments[0].start),
        };
        Ok(Aggregate {
            name: name.to_owned(),
            kind,
            argument: if reduce.is_some() {
                Some(record())
            } else {
                source(0)
            },
            reduce,
        })
    }

    /// A part of all, from 0 to 1.
    fn quantile(&self, span: Span) -> Result<Quantile, ParseError> {
        let written = self.text[span.clone()].trim();
        quantile(written).ok_or_else(|| {
            let message = format!(
                "`{written}` is no part of all; write a number from 0 to 1, such as `0.99`"
            );
            self.fault(self.source_start(&span), message)
        })
    }

    fn top(&self, span: Span) -> Result<usize, ParseError> {
        let written = self.text[span.clone()].trim();
        let number = written.parse().ok();
        number
            .filter(|number| (1..=MOST_TOP).contains(number))
            .ok_or_else(|| {
                let message =
                    format!("`{written}` is no number of values; write one from 1 to {MOST_TOP}");
                self.fault(self.source_start(&span), message)
            })
    }

    fn source(&self, span: Span) -> Source {
        Source {
            text: self.text[span.clone()].trim().to_owned(),
            column: self.column(self.source_start(&span)),
        }
    }

    fn source_start(&self, span: &Span) -> usize {
        let written = &self.text[span.clone()];
        span.start + written.len() - written.trim_start().len()
    }

    fn column(&self, byte: usize) -> usize {
        self.text[..byte].chars().count() + 1
    }

    fn fault(&self, byte: usize, message: impl Into<String>) -> ParseError {
        error(self.column(byte), message)
    }
}

/// The name that somebody may have meant.
fn near(function: &str) -> Option<&'static str> {
    let word = function.to_ascii_lowercase();
    if let Some((_, name)) = SYNONYMS.iter().find(|(other, _)| *other == word) {
        return Some(name);
    }
    let similar = |form: &&Form| strsim::damerau_levenshtein(form.name, &word);
    let nearest = FORMS.iter().min_by_key(similar)?;
    (similar(&nearest) <= 2 && similar(&nearest) < word.len()).then_some(nearest.name)
}

/// A decimal from 0 to 1.
fn quantile(written: &str) -> Option<Quantile> {
    const MOST_DECIMALS: usize = 18;
    let (whole, decimals) = written.split_once('.').unwrap_or((written, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() > 1 || written.len() <= 1 && whole.is_empty() || decimals.len() > MOST_DECIMALS {
        return None;
    }
    if !digits(whole) || !digits(decimals) {
        return None;
    }
    let part = format!("0{whole}{decimals}").parse().ok()?;
    let whole = 10_u64.pow(decimals.len() as u32);
    (part <= whole).then_some(Quantile { part, whole })
}

/// Finds the brackets and semicolons of a program in jq that are not in strings or comments.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// What is open, by the byte that closes it; `"` for a string.
    open: Vec<u8>,
}

impl<'a> Scan<'a> {
    /// Scans from the bracket at `open`, which counts as open.
    fn new(bytes: &'a [u8], open: usize) -> Self {
        Self {
            bytes,
            at: open + 1,
            open: vec![b')'],
        }
    }

    /// How many brackets are open after what was found last.
    fn depth(&self) -> usize {
        self.open.len()
    }

    /// The next closing bracket or semicolon, or nothing if the text ends.
    fn next(&mut self) -> Option<(usize, u8)> {
        loop {
            let at = self.at;
            let byte = *self.bytes.get(at)?;
            self.at += 1;
            if self.open.last() == Some(&b'"') {
                self.in_string(byte);
                continue;
            }
            match byte {
                b'(' => self.open.push(b')'),
                b'[' => self.open.push(b']'),
                b'{' => self.open.push(b'}'),
                b'"' => self.open.push(b'"'),
                b'#' => self.comment(),
                b';' => return Some((at, byte)),
                b')' | b']' | b'}' if self.open.last() == Some(&byte) => {
                    self.open.pop();
                    return Some((at, byte));
                }
                _ => {}
            }
        }
    }

    /// A string ends at its quote, and is left for a while at `\(`.
    fn in_string(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.open.pop();
            }
            b'\\' => {
                if self.bytes.get(self.at) == Some(&b'(') {
                    self.open.push(b')');
                }
                self.at += 1;
            }
            _ => {}
        }
    }

    fn comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        self.at += end.unwrap_or(rest.len());
    }
}

#[cfg(test)]
mod tests;
