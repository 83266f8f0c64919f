//! Strings: their escapes undone, and written as jq writes them.

use std::borrow::Cow;

/// Appends `text` in quotes. Escapes what JSON demands and, as jq does, DEL.
pub fn write(text: &str, out: &mut Vec<u8>) {
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

/// The characters of a string from what is between its quotes, which must be valid. Halves of a surrogate pair that
/// stand alone become U+FFFD.
pub fn unescape(raw: &str) -> Cow<'_, str> {
    let Some(first) = raw.find('\\') else {
        return Cow::Borrowed(raw);
    };
    let mut text = String::with_capacity(raw.len());
    text.push_str(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some(escape) = rest.strip_prefix('\\') {
        let (char, after) = escaped(escape);
        text.push(char);
        let end = after.find('\\').unwrap_or(after.len());
        text.push_str(&after[..end]);
        rest = &after[end..];
    }
    Cow::Owned(text)
}

/// The character that an escape stands for, and what comes after it. `escape` begins after the backslash.
fn escaped(escape: &str) -> (char, &str) {
    let after = escape.get(1..).unwrap_or("");
    match escape.as_bytes().first() {
        Some(b'b') => ('\u{8}', after),
        Some(b'f') => ('\u{c}', after),
        Some(b'n') => ('\n', after),
        Some(b'r') => ('\r', after),
        Some(b't') => ('\t', after),
        Some(b'u') => unicode(after),
        Some(&byte) => (char::from(byte), after),
        None => (char::REPLACEMENT_CHARACTER, ""),
    }
}

fn unicode(digits: &str) -> (char, &str) {
    let (unit, after) = hex(digits);
    if (0xd800..0xdc00).contains(&unit)
        && let Some(low) = after.strip_prefix("\\u")
        && let (low, after) = hex(low)
        && (0xdc00..0xe000).contains(&low)
    {
        let char = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        return (lenient(char), after);
    }
    (lenient(unit), after)
}

fn lenient(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn hex(digits: &str) -> (u32, &str) {
    let unit = digits
        .get(..4)
        .and_then(|unit| u32::from_str_radix(unit, 16).ok());
    (unit.unwrap_or(0xfffd), digits.get(4..).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        for (raw, text) in [
            ("plain", "plain"),
            (r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
            (r"a\u00e9b", "aéb"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83dx", "\u{fffd}x"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ude00", "\u{fffd}"),
        ] {
            assert_eq!(unescape(raw), text, "{raw}");
        }
    }

    #[test]
    fn strings_are_written_as_jq_writes_them() {
        let mut out = Vec::new();
        write("a/é\"\\\u{1}\u{7f}\n", &mut out);
        assert_eq!(out, r#""a/é\"\\\u0001\u007f\n""#.as_bytes());
    }
}
