//! Values of the AMQP type system.

/// One value, decoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// An unsigned number of any width.
    Uint {
        /// The number.
        value: u64,
        /// Its width in bytes: 1, 2, 4 or 8.
        width: u8,
    },
    /// A signed number of any width.
    Int {
        /// The number.
        value: i64,
        /// Its width in bytes: 1, 2, 4 or 8.
        width: u8,
    },
    /// A single-precision number.
    Float(f32),
    /// A double-precision number.
    Double(f64),
    /// A decimal number of 4, 8 or 16 bytes, or a character or UUID: bits that nobody here looks into.
    Bits {
        /// The constructor.
        code: u8,
        /// The bytes behind it.
        bytes: Vec<u8>,
    },
    /// Milliseconds since the Unix epoch.
    Timestamp(i64),
    /// Bytes.
    Binary(Vec<u8>),
    /// Text.
    String(String),
    /// A symbolic name.
    Symbol(String),
    /// Values of any types.
    List(Vec<Value>),
    /// Pairs in the order they came.
    Map(Vec<(Value, Value)>),
    /// Values of one type.
    Array(Vec<Value>),
    /// A value with what it means.
    Described(Box<(Value, Value)>),
}

impl Value {
    /// A `ubyte`.
    pub(crate) fn ubyte(value: u8) -> Self {
        Self::Uint {
            value: value.into(),
            width: 1,
        }
    }

    /// A `ushort`.
    pub(crate) fn ushort(value: u16) -> Self {
        Self::Uint {
            value: value.into(),
            width: 2,
        }
    }

    /// A `uint`.
    pub(crate) fn uint(value: u32) -> Self {
        Self::Uint {
            value: value.into(),
            width: 4,
        }
    }

    /// A `ulong`.
    pub(crate) fn ulong(value: u64) -> Self {
        Self::Uint { value, width: 8 }
    }

    /// An `int`.
    pub(crate) fn int(value: i32) -> Self {
        Self::Int {
            value: value.into(),
            width: 4,
        }
    }

    /// A `long`.
    pub(crate) fn long(value: i64) -> Self {
        Self::Int { value, width: 8 }
    }

    /// A `string`.
    pub(crate) fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// A `symbol`.
    pub(crate) fn symbol(text: impl Into<String>) -> Self {
        Self::Symbol(text.into())
    }

    /// The text of a string or symbol.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Symbol(text) => Some(text),
            _ => None,
        }
    }

    /// A number, whatever its type.
    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int { value, .. } | Self::Timestamp(value) => Some(*value),
            Self::Uint { value, .. } => i64::try_from(*value).ok(),
            _ => None,
        }
    }

    /// An unsigned number that fits.
    pub(crate) fn as_u32(&self) -> Option<u32> {
        self.as_i64().and_then(|value| u32::try_from(value).ok())
    }

    /// True or false.
    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The pairs of a map.
    pub(crate) fn as_map(&self) -> Option<&[(Value, Value)]> {
        match self {
            Self::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The value of a map under a string or symbol.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let mut pairs = self.as_map()?.iter();
        pairs.find_map(|(name, value)| (name.as_text() == Some(key)).then_some(value))
    }

    /// The value behind a descriptor, or the value itself.
    pub(crate) fn undescribed(&self) -> &Value {
        match self {
            Self::Described(described) => &described.1,
            plain => plain,
        }
    }
}
