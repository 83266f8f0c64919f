//! From a key as JSON to the text of a value of the column's type.
//!
//! Keys are equal to what a column holds when they are written alike: a number to a number, a string to text. So
//! `"1"` is no key of a column of integers, and what cannot be a value of the type has no row.

use serde_json::Value;

/// What a column takes, by the categories of `pg_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Integers from the least to the greatest.
    Integer(i64, i64),
    /// Other numbers.
    Number,
    /// `true` and `false`.
    Bool,
    /// UUIDs.
    Uuid,
    /// Text, and all types whose values are written as text, such as dates.
    Text,
}

impl Kind {
    /// `name` and `category` are `typname` and `typcategory` of the type.
    pub(crate) fn of(name: &str, category: &str) -> Self {
        match (name, category) {
            ("int2", _) => Self::Integer(i16::MIN.into(), i16::MAX.into()),
            ("int4", _) => Self::Integer(i32::MIN.into(), i32::MAX.into()),
            ("int8", _) => Self::Integer(i64::MIN, i64::MAX),
            ("uuid", _) => Self::Uuid,
            (_, "N") => Self::Number,
            (_, "B") => Self::Bool,
            _ => Self::Text,
        }
    }

    /// The text of a key; `None` if no value of the column is equal to it.
    pub(crate) fn text(self, key: &[u8]) -> Option<String> {
        let raw = std::str::from_utf8(key).ok()?;
        let is_number = raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        match self {
            Self::Integer(least, greatest) => {
                let number = raw.parse::<i64>().ok()?;
                (least..=greatest)
                    .contains(&number)
                    .then(|| number.to_string())
            }
            Self::Number => is_number.then(|| raw.to_owned()),
            Self::Bool => matches!(raw, "true" | "false").then(|| raw.to_owned()),
            Self::Uuid => string(key).filter(|text| is_uuid(text)),
            // The server has no text with a zero byte in it.
            Self::Text => string(key).filter(|text| !text.contains('\0')),
        }
    }
}

fn string(key: &[u8]) -> Option<String> {
    match serde_json::from_slice(key) {
        Ok(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// As the server writes one.
fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    let lengths = [8, 4, 4, 4, 12];
    let is_hex = |group: &str| {
        group
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    lengths.iter().all(|length| {
        groups
            .next()
            .is_some_and(|group| group.len() == *length && is_hex(group))
    }) && groups.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, key: &str) -> Option<String> {
        kind.text(key.as_bytes())
    }

    #[test]
    fn keys_are_those_that_are_written_alike() {
        let int = Kind::of("int4", "N");
        assert_eq!(text(int, "-7").as_deref(), Some("-7"));
        for none in ["\"7\"", "7.0", "1e3", "2147483648", "null", "[7]", "true"] {
            assert_eq!(text(int, none), None, "{none}");
        }
        assert_eq!(
            text(Kind::of("numeric", "N"), "1.50").as_deref(),
            Some("1.50")
        );
        assert_eq!(text(Kind::of("numeric", "N"), "\"NaN\""), None);
        let words = Kind::of("text", "S");
        assert_eq!(
            text(words, r#""a\"b\u00fc""#).as_deref(),
            Some("a\"b\u{fc}")
        );
        assert_eq!((text(words, "7"), text(words, r#""\u0000""#)), (None, None));
        assert_eq!(text(Kind::of("bool", "B"), "true").as_deref(), Some("true"));
        assert_eq!(text(Kind::of("bool", "B"), "1"), None);
    }

    #[test]
    fn a_uuid_is_one_as_the_server_writes_it() {
        let uuid = Kind::of("uuid", "U");
        let good = r#""3f2b8c1e-0000-4a5b-8c9d-0123456789ab""#;
        assert!(text(uuid, good).is_some());
        assert_eq!(text(uuid, r#""3f2b8c1e""#), None);
        assert_eq!(text(uuid, &good.to_uppercase()), None);
    }
}
