//! From bytes to values, believing nothing.

use super::Value;

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// The bytes end too early.
    #[error("a value ends in the middle")]
    Truncated,
    /// There is no such constructor.
    #[error("there is no type with the constructor {0:#04x}")]
    UnknownType(u8),
    /// Values are nested too deep.
    #[error("values are nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// A size or count disagrees with what follows.
    #[error("a size or count does not agree with what follows")]
    WrongSize,
    /// A string is not UTF-8, or a symbol is not ASCII.
    #[error("a string is not UTF-8")]
    NotText,
    /// The value is not of the type that belongs here.
    #[error("a field has the wrong type: {0}")]
    WrongType(&'static str),
}

/// How deep values may be nested; real ones are at 5.
const MAX_DEPTH: u8 = 32;

/// How many elements without any bytes of their own an array may have.
const MAX_EMPTY: usize = 4096;

/// The value at the start of `bytes`, which move behind it.
///
/// # Errors
/// There is no whole, sound value.
pub(crate) fn decode(bytes: &mut &[u8]) -> Result<Value, DecodeError> {
    value(bytes, MAX_DEPTH)
}

/// The only value in `bytes`.
///
/// # Errors
/// There is no sound value, or something behind it.
pub(crate) fn decode_all(mut bytes: &[u8]) -> Result<Value, DecodeError> {
    let value = decode(&mut bytes)?;
    match bytes {
        [] => Ok(value),
        _ => Err(DecodeError::WrongSize),
    }
}

/// Moves behind the value at the start of `bytes` without looking into it.
///
/// # Errors
/// It ends too early or is of no known type.
pub(crate) fn skip(bytes: &mut &[u8]) -> Result<(), DecodeError> {
    for _ in 0..MAX_DEPTH {
        let constructor = take::<1>(bytes)?[0];
        if constructor == 0 {
            // A descriptor, then what it describes: the descriptor is skipped here, the rest in the next turn.
            let code = *bytes.first().ok_or(DecodeError::Truncated)?;
            if code == 0 {
                return Err(DecodeError::TooDeep);
            }
            *bytes = &bytes[1..];
            slice(bytes, code)?;
            continue;
        }
        return slice(bytes, constructor).map(drop);
    }
    Err(DecodeError::TooDeep)
}

fn value(bytes: &mut &[u8], depth: u8) -> Result<Value, DecodeError> {
    let depth = depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
    let constructor = take::<1>(bytes)?[0];
    if constructor == 0 {
        let descriptor = value(bytes, depth)?;
        let described = value(bytes, depth)?;
        return Ok(Value::Described(Box::new((descriptor, described))));
    }
    let content = slice(bytes, constructor)?;
    content_of(constructor, content, depth)
}

/// The bytes that belong to a value of this constructor, without its size.
fn slice<'a>(bytes: &mut &'a [u8], constructor: u8) -> Result<&'a [u8], DecodeError> {
    let length = match constructor >> 4 {
        0x4 => 0,
        0x5 => 1,
        0x6 => 2,
        0x7 => 4,
        0x8 => 8,
        0x9 => 16,
        0xA | 0xC | 0xE => usize::from(take::<1>(bytes)?[0]),
        0xB | 0xD | 0xF => u32::from_be_bytes(take(bytes)?) as usize,
        _ => return Err(DecodeError::UnknownType(constructor)),
    };
    let (content, rest) = bytes
        .split_at_checked(length)
        .ok_or(DecodeError::Truncated)?;
    *bytes = rest;
    Ok(content)
}

fn content_of(constructor: u8, content: &[u8], depth: u8) -> Result<Value, DecodeError> {
    let text = || String::from_utf8(content.to_vec()).map_err(|_| DecodeError::NotText);
    let unsigned = |width| Value::Uint {
        value: number(content),
        width,
    };
    let signed = |width| Value::Int {
        value: signed_number(content),
        width,
    };
    Ok(match constructor {
        0x40 => Value::Null,
        0x41 => Value::Bool(true),
        0x42 => Value::Bool(false),
        0x56 => Value::Bool(content != [0]),
        0x50 => unsigned(1),
        0x60 => unsigned(2),
        0x43 | 0x52 | 0x70 => unsigned(4),
        0x44 | 0x53 | 0x80 => unsigned(8),
        0x51 => signed(1),
        0x61 => signed(2),
        0x54 | 0x71 => signed(4),
        0x55 | 0x81 => signed(8),
        0x72 => Value::Float(f32::from_bits(number(content) as u32)),
        0x82 => Value::Double(f64::from_bits(number(content))),
        0x83 => Value::Timestamp(signed_number(content)),
        0x73 | 0x74 | 0x84 | 0x94 | 0x98 => Value::Bits {
            code: constructor,
            bytes: content.to_vec(),
        },
        0xA0 | 0xB0 => Value::Binary(content.to_vec()),
        0xA1 | 0xB1 => Value::String(text()?),
        0xA3 | 0xB3 => Value::Symbol(text()?),
        0x45 => Value::List(Vec::new()),
        0xC0 | 0xD0 => Value::List(compound(content, constructor == 0xD0, depth)?),
        0xC1 | 0xD1 => Value::Map(pairs(compound(content, constructor == 0xD1, depth)?)?),
        0xE0 | 0xF0 => Value::Array(array(content, constructor == 0xF0, depth)?),
        other => return Err(DecodeError::UnknownType(other)),
    })
}

/// The elements of a list or map.
fn compound(mut content: &[u8], wide: bool, depth: u8) -> Result<Vec<Value>, DecodeError> {
    let count = count(&mut content, wide)?;
    // Every element has at least a constructor, so a count beyond the bytes is a lie, and costs nothing.
    if count > content.len() {
        return Err(DecodeError::WrongSize);
    }
    let mut elements = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        elements.push(value(&mut content, depth)?);
    }
    match content {
        [] => Ok(elements),
        _ => Err(DecodeError::WrongSize),
    }
}

fn pairs(elements: Vec<Value>) -> Result<Vec<(Value, Value)>, DecodeError> {
    if !elements.len().is_multiple_of(2) {
        return Err(DecodeError::WrongSize);
    }
    let mut pairs = Vec::with_capacity(elements.len() / 2);
    let mut elements = elements.into_iter();
    while let (Some(key), Some(value)) = (elements.next(), elements.next()) {
        pairs.push((key, value));
    }
    Ok(pairs)
}

fn array(mut content: &[u8], wide: bool, depth: u8) -> Result<Vec<Value>, DecodeError> {
    let count = count(&mut content, wide)?;
    let depth = depth.checked_sub(1).ok_or(DecodeError::TooDeep)?;
    let mut constructor = take::<1>(&mut content)?[0];
    let mut descriptor = None;
    if constructor == 0 {
        descriptor = Some(value(&mut content, depth)?);
        constructor = take::<1>(&mut content)?[0];
    }
    if count > content.len().max(MAX_EMPTY) {
        return Err(DecodeError::WrongSize);
    }
    let mut elements = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        let one = slice(&mut content, constructor)?;
        let element = content_of(constructor, one, depth)?;
        elements.push(match &descriptor {
            Some(descriptor) => Value::Described(Box::new((descriptor.clone(), element))),
            None => element,
        });
    }
    match content {
        [] => Ok(elements),
        _ => Err(DecodeError::WrongSize),
    }
}

fn count(content: &mut &[u8], wide: bool) -> Result<usize, DecodeError> {
    Ok(match wide {
        true => u32::from_be_bytes(take(content)?) as usize,
        false => usize::from(take::<1>(content)?[0]),
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (first, rest) = bytes.split_first_chunk().ok_or(DecodeError::Truncated)?;
    *bytes = rest;
    Ok(*first)
}

/// A big-endian number of up to 8 bytes; none are 0.
fn number(content: &[u8]) -> u64 {
    let shift = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    content.iter().fold(0, shift)
}

/// The same in two's complement.
fn signed_number(content: &[u8]) -> i64 {
    let unused = 64 - 8 * content.len().clamp(1, 8) as u32;
    (number(content) << unused) as i64 >> unused
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::*;
    use crate::eventhubs::amqp::encode;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<u8>().prop_map(Value::ubyte),
            any::<u16>().prop_map(Value::ushort),
            any::<u32>().prop_map(Value::uint),
            any::<u64>().prop_map(Value::ulong),
            any::<i32>().prop_map(Value::int),
            any::<i64>().prop_map(Value::long),
            any::<i64>().prop_map(Value::Timestamp),
            ".{0,300}".prop_map(Value::String),
            "[a-z:.]{0,20}".prop_map(Value::Symbol),
            prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::Binary),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                prop::collection::vec((inner.clone(), inner.clone()), 0..4).prop_map(Value::Map),
                (inner.clone(), inner)
                    .prop_map(|(name, value)| Value::Described(Box::new((name, value)))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(value in values()) {
            let mut bytes = BytesMut::new();
            encode(&value, &mut bytes);
            prop_assert_eq!(decode_all(&bytes), Ok(value));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _refused = decode_all(&bytes).is_err();
            let mut rest = &bytes[..];
            prop_assert!(skip(&mut rest).is_err() || rest.len() < bytes.len());
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let bytes = [0; 100_000];
        assert_eq!(decode_all(&bytes), Err(DecodeError::TooDeep));
        let mut lists = Vec::new();
        (0..50).for_each(|_| lists.extend([0xC0, 200, 1]));
        lists.resize(1000, 0x40);
        assert!(decode(&mut &lists[..]).is_err());
    }

    #[test]
    fn a_count_that_lies_costs_nothing() {
        let list = [0xD0, 0, 0, 0, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x40];
        assert_eq!(decode_all(&list), Err(DecodeError::WrongSize));
        let array = [0xF0, 0, 0, 0, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x40];
        assert_eq!(decode_all(&array), Err(DecodeError::WrongSize));
    }

    #[test]
    fn small_numbers_are_signed() {
        assert_eq!(decode_all(&[0x55, 0xFF]), Ok(Value::long(-1)));
        assert_eq!(decode_all(&[0x54, 0x80]), Ok(Value::int(-128)));
    }
}
