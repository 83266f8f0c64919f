//! Walks over a JSON text without building anything, and checks all of it by RFC 8259.

/// How deep arrays and objects may nest here; what is deeper is left to the engine of jq.
pub(crate) const DEEPEST: u32 = 512;

/// A place in a JSON text. Everything answers `None` where the text is not JSON, or nests deeper than [`DEEPEST`].
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    /// Bytes from the start.
    pub(crate) at: usize,
}

/// A string as it is written, without its quotes.
#[derive(Clone, Copy)]
pub(crate) struct RawString<'a> {
    /// What is between the quotes.
    pub(crate) bytes: &'a [u8],
    /// Whether there are escapes.
    pub(crate) escaped: bool,
    /// Whether jq would write it otherwise: it has escapes, or a DEL.
    pub(crate) odd: bool,
}

/// A byte in each place of a word.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Marks, by its highest bit, at least the first byte of a word that is zero.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(each(1)) & !word & each(0x80)
}

/// Marks, by its highest bit, at least the first byte of a word that is no digit.
#[inline]
const fn not_digits(word: u64) -> u64 {
    let value = word ^ each(b'0');
    (value.wrapping_add(each(0x7f - 9)) | value) & each(0x80)
}

/// How many bytes from the start of a string mean nothing but themselves: no quote, escape, control character or DEL.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk() {
        let word = u64::from_le_bytes(*chunk);
        let controls = word.wrapping_sub(each(b' ')) & !word & each(0x80);
        let special = controls
            | zeros(word ^ each(b'"'))
            | zeros(word ^ each(b'\\'))
            | zeros(word ^ each(0x7f));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += chunk.len();
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f);
    let rest = &bytes[at..];
    at + rest.iter().position(special).unwrap_or(rest.len())
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// What was not gone past yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    #[inline]
    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes past `byte` and the white space after it, if it is there.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.space();
        }
        found
    }

    /// Goes past a key, its colon and the white space after it.
    #[inline]
    pub(crate) fn key(&mut self) -> Option<RawString<'a>> {
        let key = self.string()?;
        self.space();
        self.take(b':').then_some(key)
    }

    /// Goes past one value of any kind; whether jq would write it otherwise than it is written.
    pub(crate) fn skip(&mut self, depth: u32) -> Option<bool> {
        match self.peek()? {
            b'"' => self.string().map(|string| string.odd),
            b'-' | b'0'..=b'9' => self.number().map(|()| false),
            b'{' => self.skip_object(depth),
            b'[' => self.skip_array(depth),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => None,
        }
    }

    /// An object is always taken for odd: its keys would have to be compared to know.
    fn skip_object(&mut self, depth: u32) -> Option<bool> {
        self.enter(depth)?;
        if self.close(b'}') {
            return Some(true);
        }
        loop {
            self.key()?;
            self.skip(depth + 1)?;
            if self.next(b'}')? {
                return Some(true);
            }
        }
    }

    /// An array is taken for odd, as there may be white space in it.
    fn skip_array(&mut self, depth: u32) -> Option<bool> {
        self.enter(depth)?;
        if self.close(b']') {
            return Some(true);
        }
        loop {
            self.skip(depth + 1)?;
            if self.next(b']')? {
                return Some(true);
            }
        }
    }

    /// Goes past the `{` or `[`.
    #[inline]
    pub(crate) fn enter(&mut self, depth: u32) -> Option<()> {
        self.at += 1;
        self.space();
        (depth < DEEPEST).then_some(())
    }

    /// Goes past the end of an array or object, if it is there.
    #[inline]
    pub(crate) fn close(&mut self, end: u8) -> bool {
        let found = self.peek() == Some(end);
        self.at += usize::from(found);
        found
    }

    /// After an item: whether this was the last one.
    #[inline]
    pub(crate) fn next(&mut self, end: u8) -> Option<bool> {
        self.space();
        if self.close(end) {
            return Some(true);
        }
        self.take(b',').then_some(false)
    }

    fn word(&mut self, word: &[u8]) -> Option<bool> {
        let found = self.bytes[self.at..].starts_with(word);
        self.at += word.len();
        found.then_some(false)
    }

    /// Goes past a string; `None` also if there is none.
    #[inline]
    pub(crate) fn string(&mut self) -> Option<RawString<'a>> {
        if self.peek() != Some(b'"') {
            return None;
        }
        self.at += 1;
        let start = self.at;
        let (mut escaped, mut del) = (false, false);
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                0x7f => {
                    del = true;
                    self.at += 1;
                }
                _ => return None,
            }
        }
        self.at += 1;
        Some(RawString {
            bytes: &self.bytes[start..self.at - 1],
            escaped,
            odd: escaped || del,
        })
    }

    fn escape(&mut self) -> Option<()> {
        let length = match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = self.bytes.get(self.at + 2..self.at + 6)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        self.at += length;
        Some(())
    }

    #[inline]
    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    #[inline]
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(chunk) = self.bytes[self.at..].first_chunk() {
            let others = not_digits(u64::from_le_bytes(*chunk));
            if others != 0 {
                self.at += others.trailing_zeros() as usize / 8;
                return (self.at > start).then_some(());
            }
            self.at += chunk.len();
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}
