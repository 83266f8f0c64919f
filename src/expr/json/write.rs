//! Values to compact JSON, byte for byte as `jq -c` prints them.

use super::super::value::Value;

/// Appends `value` to `out`.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    write_start(value, out, usize::MAX);
}

/// Appends `value` to `out`, giving up some time after `out` has got longer than `enough`.
pub(crate) fn write_start(value: &Value, out: &mut Vec<u8>, enough: usize) {
    match value {
        Value::Null(_) => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Num(number) => number.write(out),
        Value::Str(text) => write_str(text.as_str(), out),
        Value::Arr(list) => {
            out.push(b'[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                if out.len() > enough {
                    break;
                }
                write_start(item, out, enough);
            }
            out.push(b']');
        }
        Value::Obj(object) => {
            out.push(b'{');
            for (at, (key, value)) in object.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                if out.len() > enough {
                    break;
                }
                write_str(key.as_str(), out);
                out.push(b':');
                write_start(value, out, enough);
            }
            out.push(b'}');
        }
    }
}

/// Appends `text` in quotes. Escapes what JSON demands and, as jq does, DEL.
fn write_str(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\t' => b't',
            b'\r' => b'r',
            8 => b'b',
            12 => b'f',
            0..=31 | 127 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain..at]);
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            out.extend_from_slice(&[
                b'0',
                b'0',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        }
        plain = at + 1;
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}
