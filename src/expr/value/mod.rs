//! The values that programs work on.
//!
//! They are ours rather than the jq crate's for three reasons. Each knows its size and depth, so
//! that no program can build one that is too big to print, compare or drop ([`Extent`]). Numbers
//! stay as they were written. And they behave and complain as jq's do, where the crate's differ.

mod access;
mod list;
mod number;
mod object;
mod operators;
mod order;
mod text;

use std::fmt;

pub(crate) use access::{bounds, indices, position};
pub(crate) use list::List;
pub(crate) use number::Number;
pub(crate) use object::Object;
pub(crate) use order::total_cmp;
pub(crate) use text::Text;

use super::{json, meter};

/// The error of the jq engine: a message, or what a program gave to `error`.
pub(crate) type Error = jaq_core::Error<Value>;
/// A value or an error.
pub(crate) type ValR = jaq_core::ValR<Value>;

/// A JSON value.
#[derive(Clone)]
pub(crate) enum Value {
    /// `null`. The number counts how often a path expression went through `null`, see
    /// [`access`].
    Null(u32),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Num(Number),
    /// A string.
    Str(Text),
    /// An array.
    Arr(List),
    /// An object.
    Obj(Object),
}

/// What a value takes in an array.
const SLOT: usize = size_of::<Value>();

const _: () = assert!(SLOT == 24);

impl Value {
    pub(crate) const NULL: Self = Self::Null(0);

    /// A string.
    pub(crate) fn str(text: impl Into<Text>) -> Self {
        Self::Str(text.into())
    }

    /// An integer.
    pub(crate) fn int(int: i64) -> Self {
        Self::Num(Number::Int(int))
    }

    /// An array.
    pub(crate) fn array(items: Vec<Self>) -> Self {
        Self::Arr(List::new(items))
    }

    /// An object with these keys.
    pub(crate) fn object<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Obj(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }

    /// The name of the type, as jq's `type` gives it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null(_) => "null",
            Self::Bool(_) => "boolean",
            Self::Num(_) => "number",
            Self::Str(_) => "string",
            Self::Arr(_) => "array",
            Self::Obj(_) => "object",
        }
    }

    /// Everything but `null` and `false`.
    pub(crate) fn is_truthy(&self) -> bool {
        !matches!(self, Self::Null(_) | Self::Bool(false))
    }

    /// The string, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The value as compact JSON.
    pub(crate) fn to_json(&self) -> Text {
        meter::admit_bytes(self.extent().bytes);
        let mut out = Vec::new();
        json::write(self, &mut out);
        meter::work(out.len());
        Text::new(String::from_utf8(out).expect("values are written from strings"))
    }

    /// Size and depth.
    #[inline]
    pub(crate) fn extent(&self) -> Extent {
        match self {
            Self::Null(_) | Self::Bool(_) | Self::Num(Number::Int(_) | Number::Float(_)) => {
                Extent {
                    bytes: SLOT,
                    depth: 0,
                }
            }
            Self::Num(Number::Big(_)) => Extent {
                bytes: SLOT * 8,
                depth: 0,
            },
            Self::Num(Number::Literal(text)) | Self::Str(text) => Extent {
                bytes: SLOT + text.len(),
                depth: 0,
            },
            Self::Arr(list) => list.extent(),
            Self::Obj(object) => object.extent(),
        }
    }
}

/// How big a value is.
///
/// `bytes` counts what is shared as often as it is reached, for that is how often it is printed:
/// `[., .]` done 60 times takes little memory, but 2^60 items of output. A value may be that big as
/// long as nobody writes it out.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extent {
    pub(crate) bytes: usize,
    /// Levels of arrays and objects. Up to [`EXACT_DEPTH`] this may be too high after a deep part
    /// was removed, so that changing flat values in place takes no search.
    depth: u32,
}

const EXACT_DEPTH: u32 = 64;

impl Extent {
    /// Of an array or object with this inside.
    fn nested(self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(SLOT),
            depth: self.depth + 1,
        }
    }

    /// Stops the evaluation if such a value may not exist.
    #[inline]
    fn admit(self) {
        meter::admit_depth(self.depth);
    }

    #[inline]
    fn add(&mut self, part: &Value) {
        let part = part.extent();
        self.bytes = self.bytes.saturating_add(part.bytes);
        self.depth = self.depth.max(part.depth);
    }

    fn grow(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Accounts for `old` having become `new`; `parts` is what is there now.
    fn replace<'a>(
        &mut self,
        old: &Value,
        new: &Value,
        parts: impl IntoIterator<Item = &'a Value>,
    ) {
        self.remove(old, 0, parts);
        self.add(new);
    }

    /// Accounts for `old` and a key of `key` bytes being gone; `parts` is what is there now.
    fn remove<'a>(&mut self, old: &Value, key: usize, parts: impl IntoIterator<Item = &'a Value>) {
        let old = old.extent();
        self.bytes = self.bytes.saturating_sub(old.bytes + key);
        if self.depth > EXACT_DEPTH && old.depth == self.depth {
            self.depth = parts
                .into_iter()
                .map(|part| part.extent().depth)
                .max()
                .unwrap_or(0);
        }
    }
}

/// As jq shows a value in a message: JSON, with the end left out if it is longer than 29 bytes.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 29;
        let mut out = Vec::new();
        json::write_start(self, &mut out, SHOWN);
        let text = String::from_utf8_lossy(&out);
        if text.len() <= SHOWN {
            return f.write_str(&text);
        }
        let close = match self {
            Self::Str(_) => "\"",
            Self::Arr(_) => "]",
            Self::Obj(_) => "}",
            _ => "",
        };
        let end = text.floor_char_boundary(SHOWN - "...".len() - close.len());
        write!(f, "{}...{close}", &text[..end])
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<isize> for Value {
    fn from(int: isize) -> Self {
        Self::int(int as i64)
    }
}

impl From<usize> for Value {
    fn from(int: usize) -> Self {
        Self::Num(Number::big(int.into()))
    }
}

impl From<f64> for Value {
    fn from(float: f64) -> Self {
        Self::Num(Number::Float(float))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(Text::new(text))
    }
}

impl FromIterator<Self> for Value {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self::Arr(items.into_iter().collect())
    }
}
