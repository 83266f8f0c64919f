//! Values to compact JSON, byte for byte as `jq -c` prints them.

use ssectl_json::write_string;

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
        Value::Str(text) => write_string(text.as_str(), out),
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
                write_string(key.as_str(), out);
                out.push(b':');
                write_start(value, out, enough);
            }
            out.push(b'}');
        }
    }
}
