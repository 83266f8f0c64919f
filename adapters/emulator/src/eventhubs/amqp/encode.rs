//! From values to bytes.

use bytes::{BufMut, BytesMut};

use super::Value;

/// Appends a value.
pub(crate) fn encode(value: &Value, out: &mut BytesMut) {
    match value {
        Value::Null => out.put_u8(0x40),
        Value::Bool(true) => out.put_u8(0x41),
        Value::Bool(false) => out.put_u8(0x42),
        Value::Uint { value, width } => unsigned(*value, *width, out),
        Value::Int { value, width } => signed(*value, *width, out),
        Value::Float(number) => {
            out.put_u8(0x72);
            out.put_f32(*number);
        }
        Value::Double(number) => {
            out.put_u8(0x82);
            out.put_f64(*number);
        }
        Value::Bits { code, bytes } => {
            out.put_u8(*code);
            out.put_slice(bytes);
        }
        Value::Timestamp(ms) => {
            out.put_u8(0x83);
            out.put_i64(*ms);
        }
        Value::Binary(bytes) => variable(0xA0, bytes, out),
        Value::String(text) => variable(0xA1, text.as_bytes(), out),
        Value::Symbol(text) => variable(0xA3, text.as_bytes(), out),
        Value::List(elements) => put_list(elements, out),
        Value::Map(pairs) => compound(0xD1, pairs.len() * 2, out, |out| {
            for (key, value) in pairs {
                encode(key, out);
                encode(value, out);
            }
        }),
        Value::Array(elements) => array(elements, out),
        Value::Described(described) => {
            out.put_u8(0);
            encode(&described.0, out);
            encode(&described.1, out);
        }
    }
}

/// Appends a list with all its elements, nulls at the end too.
pub(crate) fn put_list(elements: &[Value], out: &mut BytesMut) {
    compound(0xD0, elements.len(), out, |out| {
        elements.iter().for_each(|element| encode(element, out));
    });
}

/// The descriptor of something in the specification; its value follows.
pub(crate) fn described(code: u64, out: &mut BytesMut) {
    out.put_u8(0);
    encode(&Value::ulong(code), out);
}

/// Size, count and whatever `fill` appends.
fn compound(code: u8, count: usize, out: &mut BytesMut, fill: impl FnOnce(&mut BytesMut)) {
    out.put_u8(code);
    let start = out.len();
    out.put_u32(0);
    out.put_u32(count as u32);
    fill(out);
    let size = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

/// Bytes with their length; the constructor is that of the short form.
fn variable(short: u8, bytes: &[u8], out: &mut BytesMut) {
    match u8::try_from(bytes.len()) {
        Ok(length) => {
            out.put_u8(short);
            out.put_u8(length);
        }
        Err(_) => {
            out.put_u8(short + 0x10);
            out.put_u32(bytes.len() as u32);
        }
    }
    out.put_slice(bytes);
}

fn unsigned(value: u64, width: u8, out: &mut BytesMut) {
    match (width, value) {
        (1, _) => {
            out.put_u8(0x50);
            out.put_u8(value as u8);
        }
        (2, _) => {
            out.put_u8(0x60);
            out.put_u16(value as u16);
        }
        (4, 0) => out.put_u8(0x43),
        (_, 0) => out.put_u8(0x44),
        (4, 1..=255) => {
            out.put_u8(0x52);
            out.put_u8(value as u8);
        }
        (_, 1..=255) => {
            out.put_u8(0x53);
            out.put_u8(value as u8);
        }
        (4, _) => {
            out.put_u8(0x70);
            out.put_u32(value as u32);
        }
        _ => {
            out.put_u8(0x80);
            out.put_u64(value);
        }
    }
}

fn signed(value: i64, width: u8, out: &mut BytesMut) {
    match width {
        1 => {
            out.put_u8(0x51);
            out.put_i8(value as i8);
        }
        2 => {
            out.put_u8(0x61);
            out.put_i16(value as i16);
        }
        4 => {
            out.put_u8(0x71);
            out.put_i32(value as i32);
        }
        _ => {
            out.put_u8(0x81);
            out.put_i64(value);
        }
    }
}

/// An array of strings or symbols, the only ones that are sent; of anything else it would be a list.
fn array(elements: &[Value], out: &mut BytesMut) {
    let code = match elements.first() {
        Some(Value::Symbol(_)) => 0xB3,
        Some(Value::String(_)) | None => 0xB1,
        Some(_) => return put_list(elements, out),
    };
    compound(0xF0, elements.len(), out, |out| {
        out.put_u8(code);
        for text in elements.iter().map(|element| element.as_text()) {
            let text = text.unwrap_or_default();
            out.put_u32(text.len() as u32);
            out.put_slice(text.as_bytes());
        }
    });
}
