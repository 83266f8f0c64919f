//! Message attributes: rules, the form that they are kept in, and their MD5.
//!
//! They are kept in the very form that the digest is taken of (developer guide, "Calculating the MD5 message digest for
//! message attributes"): sorted by name, and of each the name, the data type, 1 for a text or 2 for bytes, and the
//! value; all but the number with their length before them in 4 bytes.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BufMut};
use serde::{Deserialize, Serialize};

use super::error::{invalid, sqs};
use super::text;
use crate::aws::{AwsError, or_default};

/// Attributes of one message.
pub(super) const LIMIT: usize = 10;

/// Bytes of a name or a data type.
pub(super) const NAME_BYTES: usize = 256;

/// A text in the kept form.
const TEXT: u8 = 1;

/// Bytes in the kept form.
const BINARY: u8 = 2;

/// An attribute as it is sent and received.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AttributeValue {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
    #[serde(skip_serializing, deserialize_with = "or_default")]
    string_list_values: Vec<String>,
    #[serde(skip_serializing, deserialize_with = "or_default")]
    binary_list_values: Vec<String>,
    pub(super) data_type: Option<String>,
}

/// Attributes by name.
pub(super) type Attributes = BTreeMap<String, AttributeValue>;

/// Attributes that were checked, in the kept form, and how many bytes of the message's size they are.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) size: usize,
}

/// Checks the attributes of a message and brings them into the kept form.
///
/// # Errors
/// `InvalidParameterValue`, or `UnsupportedOperation` for lists.
pub(super) fn encode(attributes: &Attributes) -> Result<Encoded, AwsError> {
    if attributes.len() > LIMIT {
        let given = attributes.len();
        return Err(invalid(format!(
            "Number of message attributes [{given}] exceeds the allowed maximum [{LIMIT}]."
        )));
    }
    let mut encoded = Encoded::default();
    for (name, value) in attributes {
        check_name(name)?;
        encode_one(&mut encoded, name, value)?;
    }
    Ok(encoded)
}

fn encode_one(into: &mut Encoded, name: &str, value: &AttributeValue) -> Result<(), AwsError> {
    if !value.string_list_values.is_empty() || !value.binary_list_values.is_empty() {
        return Err(sqs(
            "UnsupportedOperation",
            "Message attribute list values in SendMessage operation are not supported.",
        ));
    }
    let data_type = check_type(name, value.data_type.as_deref().unwrap_or_default())?;
    let empty = || {
        invalid(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{data_type}'."
        ))
    };
    let is_binary = data_type.split('.').next() == Some("Binary");
    let (kind, content) = if is_binary {
        let text = value.binary_value.as_deref().unwrap_or_default();
        let bytes = STANDARD.decode(text).map_err(|_| {
            invalid(format!(
                "The value of message (user) attribute '{name}' is not base64."
            ))
        })?;
        (BINARY, bytes)
    } else {
        let text = value.string_value.as_deref().unwrap_or_default();
        if let Some(letter) = text::find_forbidden(text) {
            return Err(invalid(text::forbidden(letter, "message attribute value")));
        }
        if data_type.split('.').next() == Some("Number") && !text.is_empty() && !is_number(text) {
            return Err(invalid(format!(
                "Can't cast the value of message (user) attribute '{name}' to a number."
            )));
        }
        (TEXT, text.as_bytes().to_vec())
    };
    if content.is_empty() {
        return Err(empty());
    }
    into.size += name.len() + data_type.len() + content.len();
    put_kept(&mut into.bytes, (name, data_type), kind, &content);
    Ok(())
}

/// Adds an attribute that was not sent, but made of a record of another dialect; they have to come by name.
pub(super) fn put_text_or_bytes(into: &mut Vec<u8>, name: &str, data_type: &str, content: &[u8]) {
    let kind = if data_type == "Binary" { BINARY } else { TEXT };
    put_kept(into, (name, data_type), kind, content);
}

fn put_kept(into: &mut Vec<u8>, (name, data_type): (&str, &str), kind: u8, content: &[u8]) {
    put(into, name.as_bytes());
    put(into, data_type.as_bytes());
    into.put_u8(kind);
    put(into, content);
}

fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    into.put_u32(bytes.len() as u32);
    into.put_slice(bytes);
}

fn check_name(name: &str) -> Result<(), AwsError> {
    // AWS documents A-Z and a-z alone, but takes letters of other alphabets as well.
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
    let lower = name.to_ascii_lowercase();
    let reason = if name.is_empty() {
        "must not be empty"
    } else if name.len() > NAME_BYTES {
        "must be shorter than 256 bytes"
    } else if !name.chars().all(is_plain) {
        "can only include alphanumeric characters, hyphens, underscores and periods"
    } else if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        "must not begin with a prefix that is reserved for AWS"
    } else if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        "must not begin or end with a period or have two in a row"
    } else {
        return Ok(());
    };
    Err(invalid(format!(
        "Message (user) attribute name '{name}' {reason}."
    )))
}

fn check_type<'a>(name: &str, data_type: &'a str) -> Result<&'a str, AwsError> {
    let prefix = data_type.split('.').next().unwrap_or_default();
    if data_type.is_empty() {
        Err(invalid(format!(
            "The message attribute '{name}' must contain non-empty message attribute type."
        )))
    } else if !["Binary", "Number", "String"].contains(&prefix) {
        Err(invalid(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes \
             is Binary, Number, and String."
        )))
    } else if data_type.len() > NAME_BYTES {
        Err(invalid(format!(
            "The type of the message attribute '{name}' must be shorter than 256 bytes."
        )))
    } else {
        Ok(data_type)
    }
}

/// Whether a text is a decimal number, as a `BigDecimal` is written.
fn is_number(text: &str) -> bool {
    let is_digit = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    text.chars().all(is_digit) && text.parse::<f64>().is_ok()
}

/// An attribute in the kept form.
pub(super) struct Kept<'a> {
    pub(super) name: &'a str,
    pub(super) data_type: &'a str,
    kind: u8,
    pub(super) content: &'a [u8],
    /// All of it.
    whole: &'a [u8],
}

/// The attributes in the kept form, one after the other.
pub(super) fn kept(mut bytes: &[u8]) -> impl Iterator<Item = Kept<'_>> {
    fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let length = bytes.try_get_u32().ok()? as usize;
        bytes.split_off(..length)
    }
    std::iter::from_fn(move || {
        let start = bytes;
        let name = std::str::from_utf8(take(&mut bytes)?).ok()?;
        let data_type = std::str::from_utf8(take(&mut bytes)?).ok()?;
        let kind = bytes.try_get_u8().ok()?;
        let content = take(&mut bytes)?;
        let whole = &start[..start.len() - bytes.len()];
        Some(Kept {
            name,
            data_type,
            kind,
            content,
            whole,
        })
    })
}

/// The attributes among the kept ones that `wanted` asks for, and the MD5 of those, if there are any.
pub(super) fn select(bytes: &[u8], wanted: &[String]) -> Option<(Attributes, String)> {
    let is_wanted = |name: &str| {
        wanted
            .iter()
            .any(|pattern| match pattern.strip_suffix(".*") {
                Some(prefix) => name.starts_with(prefix),
                None => pattern == "All" || pattern == "*" || pattern == name,
            })
    };
    let mut attributes = Attributes::new();
    let mut digested = Vec::new();
    for kept in kept(bytes).filter(|kept| is_wanted(kept.name)) {
        digested.extend_from_slice(kept.whole);
        let mut value = AttributeValue {
            data_type: Some(kept.data_type.to_owned()),
            ..AttributeValue::default()
        };
        match kept.kind {
            BINARY => value.binary_value = Some(STANDARD.encode(kept.content)),
            _ => value.string_value = Some(String::from_utf8_lossy(kept.content).into_owned()),
        }
        attributes.insert(kept.name.to_owned(), value);
    }
    (!attributes.is_empty()).then(|| (attributes, text::md5(&digested)))
}

/// The MD5 of attributes in the kept form, if there are any.
pub(super) fn md5(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| text::md5(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(value: serde_json::Value) -> Attributes {
        serde_json::from_value(value).unwrap()
    }

    fn error(value: serde_json::Value) -> String {
        encode(&parse(value)).unwrap_err().message.into_owned()
    }

    /// The digests are those that the reference implementation in an SDK of AWS gives.
    #[test]
    fn the_digest_is_that_of_the_guide() {
        let one =
            parse(json!({"timestamp": {"StringValue": "1493147359900", "DataType": "Number"}}));
        let kept = encode(&one).unwrap().bytes;
        assert_eq!(md5(&kept).unwrap(), "235c5c510d26fb653d073faed50ae77c");
        assert_eq!(md5(b""), None);
    }

    #[test]
    fn what_is_kept_comes_back() {
        let sent = parse(json!({
            "a.b": {"StringValue": "x", "DataType": "String.custom"},
            "a.c": {"BinaryValue": "AAE=", "DataType": "Binary"},
            "z": {"StringValue": "-1.5e3", "DataType": "Number"},
        }));
        let kept = encode(&sent).unwrap();
        assert_eq!(
            kept.size,
            "a.bString.customx".len() + "a.cBinary".len() + 2 + "zNumber-1.5e3".len()
        );
        let names = |wanted: &[&str]| {
            let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
            select(&kept.bytes, &wanted).map(|(found, _)| found.into_keys().collect::<Vec<_>>())
        };
        assert_eq!(names(&["All"]).unwrap(), ["a.b", "a.c", "z"]);
        assert_eq!(names(&[".*"]).unwrap(), ["a.b", "a.c", "z"]);
        assert_eq!(names(&["a.*"]).unwrap(), ["a.b", "a.c"]);
        assert_eq!(names(&["z", "none"]).unwrap(), ["z"]);
        assert_eq!(names(&["none"]), None);
        let (all, digest) = select(&kept.bytes, &["All".to_owned()]).unwrap();
        assert_eq!(all["a.c"].binary_value.as_deref(), Some("AAE="));
        assert_eq!(Some(digest), md5(&kept.bytes));
    }

    #[test]
    fn rules_are_kept() {
        let text = |name: &str| json!({name: {"StringValue": "x", "DataType": "String"}});
        for name in [
            "",
            "AWS.x",
            "amazon.x",
            ".x",
            "x.",
            "x..y",
            "a b",
            &"x".repeat(257),
        ] {
            assert!(error(text(name)).contains("name"), "{name}");
        }
        assert!(
            error(json!({"a": {"StringValue": "", "DataType": "String"}}))
                .contains("non-empty value")
        );
        assert!(error(json!({"a": {"StringValue": "x"}})).contains("attribute type"));
        assert!(
            error(json!({"a": {"StringValue": "x", "DataType": "Text"}}))
                .contains("supported type")
        );
        assert!(error(json!({"a": {"StringValue": "x", "DataType": "Number"}})).contains("cast"));
        assert!(error(json!({"a": {"StringValue": "inf", "DataType": "Number"}})).contains("cast"));
        assert!(error(json!({"a": {"BinaryValue": "?", "DataType": "Binary"}})).contains("base64"));
        assert!(
            error(json!({"a": {"StringListValues": ["x"], "DataType": "String"}})).contains("list")
        );
        let many: serde_json::Map<_, _> = (0..11)
            .map(|n| (n.to_string(), text("a")["a"].clone()))
            .collect();
        assert!(error(many.into()).contains("[11]"));
    }
}
