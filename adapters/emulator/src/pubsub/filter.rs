//! The filters of subscriptions, by <https://cloud.google.com/pubsub/docs/subscription-message-filter>.
//!
//! ```text
//! filter  = and {"AND" and} | and {"OR" and}        both need parentheses to be mixed
//! and     = ["NOT" | "-"] term
//! term    = "(" filter ")" | "hasPrefix" "(" name "," string ")" | "attributes" ":" key | name ("=" | "!=") string
//! name    = "attributes" "." key
//! key     = identifier | string
//! ```

use std::collections::BTreeMap;

/// Parentheses within each other, at most; a filter has 256 bytes.
const DEPTH: usize = 64;

/// A condition on a message's attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// The attribute is there.
    Has(String),
    /// The attribute is there and has this value.
    Is(String, String),
    /// The attribute is not there, or has another value.
    IsNot(String, String),
    /// The attribute is there and begins so.
    HasPrefix(String, String),
    /// The condition does not hold.
    Not(Box<Self>),
    /// All hold.
    All(Vec<Self>),
    /// One holds.
    Any(Vec<Self>),
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FilterError {
    /// Something else stands there.
    #[error("expected {expected} at character {at}")]
    Expected { expected: &'static str, at: usize },
    /// `AND` and `OR` side by side.
    #[error("AND and OR need parentheses to be mixed, at character {at}")]
    Mixed { at: usize },
    /// Too many parentheses.
    #[error("too many nested parentheses at character {at}")]
    TooDeep { at: usize },
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
        };
        let filter = parser.filter()?;
        parser.skip_spaces();
        match parser.rest().is_empty() {
            true => Ok(filter),
            false => Err(parser.expected("AND, OR or the end")),
        }
    }

    /// Whether a message with these attributes is delivered.
    pub(super) fn matches(&self, attributes: &BTreeMap<String, String>) -> bool {
        let get = |key: &String| attributes.get(key).map(String::as_str);
        match self {
            Self::Has(key) => attributes.contains_key(key),
            Self::Is(key, value) => get(key) == Some(value),
            Self::IsNot(key, value) => get(key) != Some(value),
            Self::HasPrefix(key, prefix) => get(key).is_some_and(|value| value.starts_with(prefix)),
            Self::Not(filter) => !filter.matches(attributes),
            Self::All(filters) => filters.iter().all(|filter| filter.matches(attributes)),
            Self::Any(filters) => filters.iter().any(|filter| filter.matches(attributes)),
        }
    }
}

/// A text and how far it was read.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn filter(&mut self) -> Result<Filter, FilterError> {
        let first = self.negatable()?;
        let Some(word) = ["AND", "OR"].into_iter().find(|word| self.word(word)) else {
            return Ok(first);
        };
        let mut filters = vec![first, self.negatable()?];
        while self.word(word) {
            filters.push(self.negatable()?);
        }
        let at = self.at;
        if self.word("AND") || self.word("OR") {
            return Err(FilterError::Mixed { at });
        }
        Ok(match word {
            "AND" => Filter::All(filters),
            _ => Filter::Any(filters),
        })
    }

    fn negatable(&mut self) -> Result<Filter, FilterError> {
        match self.word("NOT") || self.sign("-") {
            true => Ok(Filter::Not(Box::new(self.term()?))),
            false => self.term(),
        }
    }

    fn term(&mut self) -> Result<Filter, FilterError> {
        if self.sign("(") {
            return self.nested();
        }
        if self.word("hasPrefix") {
            self.expect("(", "`(`")?;
            self.expect_attributes()?;
            self.expect(".", "`.`")?;
            let key = self.key()?;
            self.expect(",", "`,`")?;
            let prefix = self.string()?;
            self.expect(")", "`)`")?;
            return Ok(Filter::HasPrefix(key, prefix));
        }
        self.expect_attributes()?;
        if self.sign(":") {
            return Ok(Filter::Has(self.key()?));
        }
        self.expect(".", "`.` or `:`")?;
        let key = self.key()?;
        match (self.sign("!="), self.sign("=")) {
            (true, _) => Ok(Filter::IsNot(key, self.string()?)),
            (_, true) => Ok(Filter::Is(key, self.string()?)),
            _ => Err(self.expected("`=` or `!=`")),
        }
    }

    fn nested(&mut self) -> Result<Filter, FilterError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(FilterError::TooDeep { at: self.at + 1 });
        }
        let inner = self.filter()?;
        self.depth -= 1;
        self.expect(")", "`)`")?;
        Ok(inner)
    }

    fn expect_attributes(&mut self) -> Result<(), FilterError> {
        match self.word("attributes") {
            true => Ok(()),
            false => Err(self.expected("`attributes`, `hasPrefix`, `NOT` or `(`")),
        }
    }

    fn key(&mut self) -> Result<String, FilterError> {
        self.skip_spaces();
        if self.rest().starts_with('"') {
            return self.string();
        }
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let length = self
            .rest()
            .find(|c| !is_part(c))
            .unwrap_or(self.rest().len());
        if length == 0 || self.rest().starts_with('-') {
            return Err(self.expected("the key of an attribute"));
        }
        let key = self.rest()[..length].to_owned();
        self.at += length;
        Ok(key)
    }

    /// A string in double quotes, with `\\` and `\"` in it.
    fn string(&mut self) -> Result<String, FilterError> {
        self.expect("\"", "a string in double quotes")?;
        let mut string = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += at + 1;
                    return Ok(string);
                }
                '\\' => match characters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => string.push(escaped),
                    _ => break,
                },
                other => string.push(other),
            }
        }
        Err(self.expected("a string that ends in a double quote"))
    }

    /// Takes a word if it comes next.
    fn word(&mut self, word: &str) -> bool {
        self.skip_spaces();
        let Some(rest) = self.rest().strip_prefix(word) else {
            return false;
        };
        let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if !goes_on {
            self.at += word.len();
        }
        !goes_on
    }

    /// Takes a sign if it comes next.
    fn sign(&mut self, sign: &str) -> bool {
        self.skip_spaces();
        let comes = self.rest().starts_with(sign);
        if comes {
            self.at += sign.len();
        }
        comes
    }

    fn expect(&mut self, sign: &str, expected: &'static str) -> Result<(), FilterError> {
        match self.sign(sign) {
            true => Ok(()),
            false => Err(self.expected(expected)),
        }
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        FilterError::Expected {
            expected,
            at: self.at + 1,
        }
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(filter: &str, attributes: &[(&str, &str)]) -> bool {
        let attributes = attributes.iter();
        let attributes = attributes.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Filter::parse(filter)
            .unwrap()
            .matches(&attributes.collect())
    }

    #[test]
    fn every_operator_does_what_its_page_says() {
        let com = &[("domain", "com"), ("iana.org/language_tag", "en")][..];
        for filter in [
            "attributes:domain",
            "attributes.domain = \"com\"",
            "attributes.domain=\"com\"",
            "attributes.\"iana.org/language_tag\" = \"en\"",
            "attributes.domain != \"net\"",
            "attributes.other != \"net\"",
            "hasPrefix(attributes.domain, \"co\")",
            "NOT attributes:other",
            "-attributes:other",
            "attributes:domain AND NOT attributes:other AND attributes.domain = \"com\"",
            "attributes:other OR attributes:domain",
            "(attributes:domain OR attributes:x) AND (attributes:domain)",
            "NOT (attributes:x OR attributes:y)",
            "attributes.domain = \"com\" AND -attributes:\"a\\\"b\\\\\"",
        ] {
            assert!(passes(filter, com), "{filter}");
        }
        for filter in [
            "attributes.domain = \"co\"",
            "attributes.other = \"\"",
            "hasPrefix(attributes.domain, \"x\")",
            "hasPrefix(attributes.other, \"\")",
            "attributes.domain != \"com\"",
            "NOT attributes:domain",
        ] {
            assert!(!passes(filter, com), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for bad in [
            "x",
            "attributes",
            "attributes:",
            "attributes.a",
            "attributes.a = b",
            "attributes.a = \"b",
            "attributes.a > \"b\"",
            "data = \"x\"",
            "attributes:a AND",
            "attributes:a and attributes:b",
            "attributes:a AND attributes:b OR attributes:c",
            "(attributes:a",
            "attributes:a)",
            "hasPrefix(attributes.a)",
            "NOT NOT attributes:a",
            "attributes:a\\",
            "\u{0}",
        ] {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
        assert!(Filter::parse(&"(".repeat(10_000)).is_err());
    }
}
