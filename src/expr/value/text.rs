//! Strings: slices of shared buffers, so that a string of a record is not copied to be moved.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use super::super::meter;

/// A string. Cloning and slicing share the buffer; appending reuses it if nobody else does.
#[derive(Clone)]
pub(crate) struct Text {
    buffer: Rc<Buffer>,
    start: u32,
    end: u32,
}

struct Buffer {
    text: String,
    charged: usize,
    /// How often this was sliced inside a path expression.
    level: u32,
}

impl Buffer {
    fn new(text: String) -> Self {
        let charged = OVERHEAD + text.capacity();
        meter::charge(charged);
        Self {
            text,
            charged,
            level: 0,
        }
    }

    fn push(&mut self, more: &str) {
        self.text.push_str(more);
        let size = OVERHEAD + self.text.capacity();
        if size > self.charged {
            meter::charge(size - self.charged);
            self.charged = size;
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        meter::release(self.charged);
    }
}

/// What a buffer takes besides its characters.
const OVERHEAD: usize = 48;

impl Text {
    /// Takes over `text`.
    pub(crate) fn new(text: String) -> Self {
        let end = length(text.len());
        let buffer = Rc::new(Buffer::new(text));
        Self {
            buffer,
            start: 0,
            end,
        }
    }

    /// The characters.
    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        &self.buffer.text[self.start as usize..self.end as usize]
    }

    /// Length in bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// The part from byte `start` to byte `end`, both at character boundaries.
    #[inline]
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        debug_assert!(self.as_str().get(start..end).is_some());
        Self {
            buffer: Rc::clone(&self.buffer),
            start: self.start + start as u32,
            end: self.start + end as u32,
        }
    }

    /// A copy of the part from byte `start` to byte `end` that counts as one level deeper.
    pub(crate) fn copy(&self, start: usize, end: usize) -> Self {
        let level = self.buffer.level + 1;
        meter::admit_depth(level);
        let mut buffer = Buffer::new(self.as_str()[start..end].to_owned());
        buffer.level = level;
        Self {
            buffer: Rc::new(buffer),
            start: 0,
            end: length(end - start),
        }
    }

    /// The same characters as `part`, which is a part of this string's [`as_str`](Self::as_str).
    pub(crate) fn slice_of(&self, part: &str) -> Self {
        let start = part.as_ptr().addr() - self.as_str().as_ptr().addr();
        self.slice(start, start + part.len())
    }

    /// Appends `more`.
    pub(crate) fn push(&mut self, more: &str) {
        meter::work(more.len());
        let end = self.end as usize;
        match Rc::get_mut(&mut self.buffer) {
            Some(buffer) if buffer.text.len() == end => buffer.push(more),
            _ => {
                let mut text = String::with_capacity(self.len() + more.len());
                text.push_str(self.as_str());
                text.push_str(more);
                *self = Self::new(text);
                return;
            }
        }
        self.end = length(end + more.len());
    }
}

/// Lengths fit in 32 bits: a longer string is over any sensible limit of bytes.
fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or_else(|_| meter::too_big())
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_to_a_shared_string_leaves_the_other() {
        let mut text = Text::from("ab");
        let other = text.clone();
        text.push("c");
        assert_eq!((text.as_str(), other.as_str()), ("abc", "ab"));
    }

    #[test]
    fn appending_to_a_slice_does_not_show_what_followed_it() {
        let mut slice = Text::from("abc").slice(0, 1);
        slice.push("x");
        assert_eq!(slice.as_str(), "ax");
    }

    #[test]
    fn every_charged_byte_is_released() {
        let before = meter::live();
        let mut text = Text::from("a");
        for _ in 0..100 {
            text.push("bcd");
        }
        assert!(meter::live() > before + 300);
        drop(text);
        assert_eq!(meter::live(), before);
    }
}
