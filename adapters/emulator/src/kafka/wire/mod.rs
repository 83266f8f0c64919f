//! Looking over a request before it is decoded.
//!
//! The decoders of `kafka-protocol` set memory aside for as many elements as an array announces, so a few bytes could
//! ask for gigabytes and end the process. Here a request is walked over first, along the [shape](shapes) of its type:
//! every length is held against the bytes that are left, and the elements are counted.

pub(super) mod shapes;

/// The most elements of all arrays of a request together.
const MAX_ELEMENTS: usize = 100_000;

/// What one field of a request is on the wire.
#[derive(Debug)]
pub(crate) enum Field {
    /// So many bytes.
    Fixed(usize),
    /// A string or null.
    Text,
    /// Bytes or null.
    Bytes,
    /// An array of simple values, or null.
    Each(&'static Field),
    /// An array of structures, or null.
    Structs(Shape),
}

/// The fields of a structure with the versions that have them, in order. Tagged fields do not count.
pub(crate) type Shape = &'static [(Versions, Field)];

/// From one version to another, both included.
pub(crate) type Versions = (i16, i16);

/// Why a request cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misshapen {
    #[error("it ends too early")]
    Short,
    #[error("a length is negative")]
    Negative,
    #[error("it has more than {MAX_ELEMENTS} elements")]
    Elements,
}

/// Walks over a request; `flexible` ones have compact lengths and tagged fields. Returns how many bytes it has.
pub(crate) fn walk(
    shape: Shape,
    version: i16,
    flexible: bool,
    bytes: &[u8],
) -> Result<usize, Misshapen> {
    let mut walk = Walk {
        rest: bytes,
        version,
        flexible,
        elements_left: MAX_ELEMENTS,
    };
    walk.structure(shape)?;
    Ok(bytes.len() - walk.rest.len())
}

/// Walks over a request's header, whose text is never compact.
pub(crate) fn walk_header(flexible: bool, bytes: &[u8]) -> Result<usize, Misshapen> {
    let mut walk = Walk {
        rest: bytes,
        version: 0,
        flexible: false,
        elements_left: MAX_ELEMENTS,
    };
    walk.structure(shapes::HEADER)?;
    if flexible {
        walk.tagged_fields()?;
    }
    Ok(bytes.len() - walk.rest.len())
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    flexible: bool,
    elements_left: usize,
}

impl Walk<'_> {
    fn structure(&mut self, shape: Shape) -> Result<(), Misshapen> {
        for ((since, until), field) in shape {
            if (*since..=*until).contains(&self.version) {
                self.field(field)?;
            }
        }
        if self.flexible {
            self.tagged_fields()
        } else {
            Ok(())
        }
    }

    fn field(&mut self, field: &Field) -> Result<(), Misshapen> {
        match field {
            Field::Fixed(length) => self.skip(*length),
            Field::Text => {
                let length = if self.flexible {
                    self.compact_length()?
                } else {
                    self.length(2)?
                };
                self.skip(length.unwrap_or_default())
            }
            Field::Bytes => {
                let length = if self.flexible {
                    self.compact_length()?
                } else {
                    self.length(4)?
                };
                self.skip(length.unwrap_or_default())
            }
            Field::Each(element) => self.array(|walk| walk.field(element)),
            Field::Structs(shape) => self.array(|walk| walk.structure(shape)),
        }
    }

    fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Misshapen>,
    ) -> Result<(), Misshapen> {
        let count = if self.flexible {
            self.compact_length()?
        } else {
            self.length(4)?
        };
        let count = count.unwrap_or_default();
        self.count(count)?;
        (0..count).try_for_each(|_| element(self))
    }

    /// Tagged fields have a tag, a length, and so many bytes.
    fn tagged_fields(&mut self) -> Result<(), Misshapen> {
        let count = self.varint()? as usize;
        self.count(count)?;
        for _ in 0..count {
            self.varint()?;
            let length = self.varint()? as usize;
            self.skip(length)?;
        }
        Ok(())
    }

    /// Counts elements in, each of which has a byte at least.
    fn count(&mut self, elements: usize) -> Result<(), Misshapen> {
        if elements > self.rest.len() {
            return Err(Misshapen::Short);
        }
        self.elements_left = self
            .elements_left
            .checked_sub(elements)
            .ok_or(Misshapen::Elements)?;
        Ok(())
    }

    fn skip(&mut self, length: usize) -> Result<(), Misshapen> {
        self.rest = self.rest.get(length..).ok_or(Misshapen::Short)?;
        Ok(())
    }

    /// A signed length of two or four bytes, -1 for null.
    fn length(&mut self, size: usize) -> Result<Option<usize>, Misshapen> {
        let (bytes, rest) = self.rest.split_at_checked(size).ok_or(Misshapen::Short)?;
        self.rest = rest;
        let negative = bytes[0] & 0x80 != 0;
        let value = bytes
            .iter()
            .fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
        match negative {
            false => Ok(Some(value)),
            true if bytes.iter().all(|byte| *byte == 0xFF) => Ok(None),
            true => Err(Misshapen::Negative),
        }
    }

    /// A length plus one, 0 for null.
    fn compact_length(&mut self) -> Result<Option<usize>, Misshapen> {
        Ok((self.varint()? as usize).checked_sub(1))
    }

    /// An unsigned variable-length integer, read as the decoders do: five bytes at most, surplus bits are dropped.
    fn varint(&mut self) -> Result<u32, Misshapen> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Misshapen::Short)?;
            self.rest = rest;
            value |= u32::from(byte & 0x7F) << shift;
            if *byte < 0x80 {
                break;
            }
        }
        Ok(value)
    }
}
