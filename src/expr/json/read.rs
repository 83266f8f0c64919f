//! JSON text to values: strict, with the place of what is wrong.

use super::super::meter;
use super::super::value::{List, Number, Object, Text, Value};

/// Why a text is not one JSON value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Bytes from the start of the text.
    pub(crate) offset: usize,
    /// What was expected and what there is.
    pub(crate) what: String,
}

/// Reads the one JSON value in `text`. A byte-order mark before it is skipped. Of keys that come
/// twice, the last value stays, in the place of the first. The halves of a surrogate pair that
/// stand alone become U+FFFD.
///
/// # Errors
/// Anything that is not JSON (RFC 8259), nothing at all, and more than one value.
pub(crate) fn read(text: &Text) -> Result<Value, Invalid> {
    meter::work(text.len());
    let mut reader = Reader {
        text,
        bytes: text.as_str().as_bytes(),
        at: 0,
        depth: 0,
    };
    if text.as_str().starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
    }
    reader.space();
    let value = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("the end: a record is one JSON value")),
    }
}

struct Reader<'a> {
    text: &'a Text,
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn unexpected(&self, expected: &str) -> Invalid {
        let found = match self
            .text
            .as_str()
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            Some(char) => format!("`{}`", char.escape_debug()),
            None => "the end of the text".to_owned(),
        };
        Invalid {
            offset: self.at,
            what: format!("expected {expected}, found {found}"),
        }
    }

    fn value(&mut self) -> Result<Value, Invalid> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Str),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::NULL),
            _ => Err(self.unexpected("a JSON value")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Invalid> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.unexpected("a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Invalid>) -> Result<Value, Invalid> {
        self.depth += 1;
        meter::admit_depth(self.depth);
        self.at += 1;
        self.space();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Value, Invalid> {
        let mut items = Vec::new();
        if self.end_of_nested(b']') {
            return Ok(Value::Arr(List::default()));
        }
        loop {
            if items.len() == items.capacity() {
                meter::admit_bytes(items.len() * size_of::<Value>() * 2);
            }
            items.push(self.value()?);
            self.space();
            if self.end_of_nested(b']') {
                return Ok(Value::array(items));
            }
            self.comma("`,` or `]`")?;
        }
    }

    fn object(&mut self) -> Result<Value, Invalid> {
        let mut object = Object::builder();
        if self.end_of_nested(b'}') {
            return Ok(Value::Obj(object.finish()));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            self.space();
            object.insert(key, self.value()?);
            self.space();
            if self.end_of_nested(b'}') {
                return Ok(Value::Obj(object.finish()));
            }
            self.comma("`,` or `}`")?;
        }
    }

    fn end_of_nested(&mut self, end: u8) -> bool {
        let found = self.peek() == Some(end);
        self.at += usize::from(found);
        found
    }

    fn comma(&mut self, expected: &str) -> Result<(), Invalid> {
        if self.peek() != Some(b',') {
            return Err(self.unexpected(expected));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// A number, by the grammar of RFC 8259, section 6.
    fn number(&mut self) -> Result<Value, Invalid> {
        let start = self.at;
        self.skip(b"-");
        if !self.skip(b"0") {
            self.digits()?;
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        Ok(Value::Num(Number::written(self.text.slice(start, self.at))))
    }

    fn skip(&mut self, any: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn digits(&mut self) -> Result<(), Invalid> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            Err(self.unexpected("a digit"))
        } else {
            Ok(())
        }
    }

    /// A string without escapes is a slice of the text.
    fn string(&mut self) -> Result<Text, Invalid> {
        self.at += 1;
        let start = self.at;
        self.plain()?;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(self.text.slice(start, self.at - 1));
        }
        let mut string = self.text.as_str()[start..self.at].to_owned();
        while self.peek() == Some(b'\\') {
            string.push(self.escape()?);
            let start = self.at;
            self.plain()?;
            string.push_str(&self.text.as_str()[start..self.at]);
        }
        self.at += 1;
        Ok(Text::new(string))
    }

    /// Skips to the next `"` or `\`.
    fn plain(&mut self) -> Result<(), Invalid> {
        let rest = &self.bytes[self.at..];
        let special = rest
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ');
        self.at += special.unwrap_or(rest.len());
        match self.peek() {
            Some(b'"' | b'\\') => Ok(()),
            None => Err(self.unexpected("`\"`")),
            Some(_) => Err(self.unexpected("a character of a string, or its escape")),
        }
    }

    fn escape(&mut self) -> Result<char, Invalid> {
        self.at += 1;
        let char = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.unexpected("one of `\"\\/bfnrtu` after `\\`")),
        };
        self.at += 1;
        Ok(char)
    }

    fn unicode(&mut self) -> Result<char, Invalid> {
        let unit = self.hex()?;
        let before = self.at;
        if (0xd800..0xdc00).contains(&unit) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 1;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                let char = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(char).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The four digits after the `u` of an escape.
    fn hex(&mut self) -> Result<u32, Invalid> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            match self.peek().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => unit = unit << 4 | digit,
                None => return Err(self.unexpected("a hexadecimal digit")),
            }
            self.at += 1;
        }
        Ok(unit)
    }
}
