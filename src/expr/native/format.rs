//! The formats `@csv`, `@html`, `@base64` and so on.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::{Native, refuse, unary, v};
use crate::expr::meter;
use crate::expr::value::{Error, Text, ValR, Value};

pub(super) fn natives() -> Vec<Native> {
    vec![("_format", v(1), |cv| {
        unary(cv, |value, name| format(&value, &name))
    })]
}

fn format(value: &Value, name: &Value) -> ValR {
    let formatted = match name.as_str().unwrap_or_default() {
        "csv" => row(value, "csv", ",", quote_csv)?,
        "tsv" => row(value, "tsv", "\t", escape_tsv)?,
        "sh" => shell(value)?,
        "text" => text(value),
        "json" => value.to_json(),
        "html" => mapped(&text(value), escape_html),
        "uri" => mapped(&text(value), encode_uri),
        "urid" => decode_uri(&text(value))?,
        "base64" => Text::new(STANDARD.encode(text(value).as_str())),
        "base64d" => decode_base64(&text(value))?,
        "base32" => encode_base32(&text(value)),
        "base32d" => decode_base32(&text(value))?,
        _ => return Err(Error::str(format_args!("{name} is not a valid format"))),
    };
    Ok(Value::Str(formatted))
}

/// A string as it is, anything else as JSON.
fn text(value: &Value) -> Text {
    match value {
        Value::Str(text) => text.clone(),
        other => other.to_json(),
    }
}

/// Appends what `f` makes of every character.
fn mapped(text: &Text, f: fn(char, &mut Text)) -> Text {
    let mut out = Text::from("");
    text.as_str().chars().for_each(|char| f(char, &mut out));
    out
}

fn push(out: &mut Text, char: char) {
    out.push(char.encode_utf8(&mut [0; 4]));
}

fn row(
    value: &Value,
    name: &str,
    separator: &str,
    quote: fn(char, &mut Text),
) -> Result<Text, Error> {
    let Value::Arr(list) = value else {
        return Err(refuse(
            value,
            &format!("cannot be {name}-formatted, only an array can be"),
        ));
    };
    let mut out = Text::from("");
    for (at, item) in list.iter().enumerate() {
        if at > 0 {
            out.push(separator);
        }
        match item {
            Value::Null(_) => {}
            Value::Bool(_) | Value::Num(_) => out.push(item.to_json().as_str()),
            Value::Str(text) if name == "csv" => {
                out.push("\"");
                out.push(mapped(text, quote).as_str());
                out.push("\"");
            }
            Value::Str(text) => out.push(mapped(text, quote).as_str()),
            other => return Err(refuse(other, &format!("is not valid in a {name} row"))),
        }
    }
    Ok(out)
}

fn quote_csv(char: char, out: &mut Text) {
    match char {
        '"' => out.push("\"\""),
        _ => push(out, char),
    }
}

fn escape_tsv(char: char, out: &mut Text) {
    match char {
        '\t' => out.push("\\t"),
        '\n' => out.push("\\n"),
        '\r' => out.push("\\r"),
        '\\' => out.push("\\\\"),
        _ => push(out, char),
    }
}

fn escape_html(char: char, out: &mut Text) {
    match char {
        '<' => out.push("&lt;"),
        '>' => out.push("&gt;"),
        '&' => out.push("&amp;"),
        '\'' => out.push("&apos;"),
        '"' => out.push("&quot;"),
        _ => push(out, char),
    }
}

fn shell(value: &Value) -> Result<Text, Error> {
    let items = match value {
        Value::Arr(list) => &list[..],
        other => std::slice::from_ref(other),
    };
    let mut out = Text::from("");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(" ");
        }
        match item {
            Value::Str(text) => {
                out.push("'");
                out.push(&text.as_str().replace('\'', "'\\''"));
                out.push("'");
            }
            Value::Arr(_) | Value::Obj(_) => {
                return Err(refuse(item, "can not be escaped for shell"));
            }
            other => out.push(other.to_json().as_str()),
        }
    }
    Ok(out)
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
fn encode_uri(char: char, out: &mut Text) {
    if char.is_ascii_alphanumeric() || "-_.~".contains(char) {
        return push(out, char);
    }
    for byte in char.encode_utf8(&mut [0; 4]).bytes() {
        out.push(&format!("%{byte:02X}"));
    }
}

fn decode_uri(text: &Text) -> Result<Text, Error> {
    meter::work(text.len());
    let invalid = || refuse(&Value::Str(text.clone()), "is not a valid uri encoding");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_str().as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or_else(invalid)?;
        let hex = |digit: u8| char::from(digit).to_digit(16).ok_or_else(invalid);
        bytes.push((hex(digits[0])? << 4 | hex(digits[1])?) as u8);
        rest = after;
    }
    Ok(lossy(bytes))
}

/// Bytes that are no UTF-8 become U+FFFD, as in jq.
fn lossy(bytes: Vec<u8>) -> Text {
    Text::new(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// With or without padding.
fn decode_base64(text: &Text) -> Result<Text, Error> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    meter::work(text.len());
    let decoded = LENIENT.decode(text.as_str());
    decoded
        .map(lossy)
        .map_err(|_| refuse(&Value::Str(text.clone()), "is not valid base64 data"))
}

/// The alphabet of RFC 4648, section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode_base32(text: &Text) -> Text {
    let mut out = Text::from("");
    for chunk in text.as_str().as_bytes().chunks(5) {
        let bits = (0..5).fold(0u64, |bits, at| {
            bits << 8 | u64::from(chunk.get(at).copied().unwrap_or(0))
        });
        let used = (chunk.len() * 8).div_ceil(5);
        for at in 0..8 {
            let digit = BASE32[(bits >> (35 - 5 * at) & 31) as usize];
            push(&mut out, if at < used { char::from(digit) } else { '=' });
        }
    }
    out
}

fn decode_base32(text: &Text) -> Result<Text, Error> {
    meter::work(text.len());
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for digit in text.as_str().trim_end_matches('=').bytes() {
        let Some(value) = BASE32.iter().position(|known| *known == digit) else {
            return Err(refuse(
                &Value::Str(text.clone()),
                "is not valid base32 data",
            ));
        };
        bits = bits << 5 | value as u32;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Ok(lossy(bytes))
}
