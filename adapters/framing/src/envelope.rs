//! The envelope: one JSON object per line that carries a whole record, bit for bit.
//!
//! ```json
//! {"stream":"t","partition":"0","offset":12,"timestamp":"2026-01-01T00:00:00Z","key":"k","value":"v","headers":[["h","x"]]}
//! ```
//!
//! Bytes that are UTF-8 stand as a string, others as `{"base64":"..."}`; `null` is null, which
//! is not the empty string. A timestamp no calendar can show stands as integer milliseconds.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use ssectl_adapter::{Origin, Partition, Position, Record, Timestamp};

/// Writes a record as one envelope, without the newline.
pub(crate) fn write(record: &Record, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let headers = record
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), Field(value.as_ref())));
    let envelope = Written {
        stream: &record.origin.stream,
        partition: record.origin.partition.as_str(),
        offset: OffsetField(&record.origin.position),
        timestamp: record.timestamp.map(TimeField),
        key: Field(record.key.as_ref()),
        value: Field(record.value.as_ref()),
        headers: headers.collect(),
    };
    serde_json::to_writer(out, &envelope)
}

/// Reads one envelope.
pub(crate) fn read(line: &[u8]) -> Result<Record, serde_json::Error> {
    let envelope: Read<'_> = serde_json::from_slice(line)?;
    Ok(Record {
        key: envelope.key.0,
        value: envelope.value.0,
        headers: envelope
            .headers
            .into_iter()
            .map(|(name, value)| (name, value.0))
            .collect(),
        timestamp: envelope.timestamp.map(|field| field.0),
        origin: Origin {
            stream: envelope.stream.as_ref().into(),
            partition: Partition::from(envelope.partition.as_ref()),
            position: envelope.offset.0,
        },
    })
}

#[derive(serde::Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    stream: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    partition: &'a str,
    #[serde(skip_serializing_if = "OffsetField::is_none")]
    offset: OffsetField<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<TimeField>,
    key: Field<'a>,
    value: Field<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(&'a str, Field<'a>)>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Read<'a> {
    #[serde(borrow, default)]
    stream: Cow<'a, str>,
    #[serde(borrow, default)]
    partition: Cow<'a, str>,
    #[serde(default)]
    offset: ReadOffset,
    #[serde(default)]
    timestamp: Option<TimeField>,
    #[serde(default)]
    key: ReadField,
    #[serde(default)]
    value: ReadField,
    #[serde(default)]
    headers: Vec<(String, ReadField)>,
}

struct Field<'a>(Option<&'a Bytes>);

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(bytes) = self.0 else {
            return serializer.serialize_none();
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("base64", &STANDARD.encode(bytes))?;
                map.end()
            }
        }
    }
}

#[derive(Default)]
struct ReadField(Option<Bytes>);

impl<'de> Deserialize<'de> for ReadField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = ReadField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, null or {\"base64\":\"...\"}")
    }

    fn visit_unit<E: de::Error>(self) -> Result<ReadField, E> {
        Ok(ReadField(None))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ReadField, E> {
        Ok(ReadField(Some(Bytes::copy_from_slice(text.as_bytes()))))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<ReadField, E> {
        Ok(ReadField(Some(Bytes::from(text))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReadField, A::Error> {
        let Some((name, text)) = map.next_entry::<Cow<'de, str>, Cow<'de, str>>()? else {
            return Err(de::Error::custom(
                "empty object where {\"base64\":\"...\"} should be",
            ));
        };
        if name != "base64" || map.next_key::<Cow<'de, str>>()?.is_some() {
            return Err(de::Error::custom(
                "bytes are a string, null or {\"base64\":\"...\"}",
            ));
        }
        let bytes = STANDARD.decode(text.as_ref()).map_err(de::Error::custom)?;
        Ok(ReadField(Some(bytes.into())))
    }
}

struct OffsetField<'a>(&'a Position);

impl OffsetField<'_> {
    fn is_none(&self) -> bool {
        *self.0 == Position::None
    }
}

impl Serialize for OffsetField<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Position::None => serializer.serialize_none(),
            Position::Offset(offset) => serializer.serialize_i64(*offset),
            Position::Token(token) => serializer.serialize_str(token),
        }
    }
}

#[derive(Default)]
struct ReadOffset(Position);

impl<'de> Deserialize<'de> for ReadOffset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OffsetVisitor)
    }
}

struct OffsetVisitor;

impl Visitor<'_> for OffsetVisitor {
    type Value = ReadOffset;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, a string or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<ReadOffset, E> {
        Ok(ReadOffset(Position::None))
    }

    fn visit_i64<E: de::Error>(self, offset: i64) -> Result<ReadOffset, E> {
        Ok(ReadOffset(Position::Offset(offset)))
    }

    fn visit_u64<E: de::Error>(self, offset: u64) -> Result<ReadOffset, E> {
        let offset = i64::try_from(offset).map_err(de::Error::custom)?;
        Ok(ReadOffset(Position::Offset(offset)))
    }

    fn visit_str<E: de::Error>(self, token: &str) -> Result<ReadOffset, E> {
        Ok(ReadOffset(Position::Token(token.into())))
    }
}

struct TimeField(Timestamp);

impl Serialize for TimeField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match jiff::Timestamp::from_nanosecond(self.0.as_nanos()) {
            Ok(_) => serializer.collect_str(&self.0),
            Err(_) => serializer.serialize_i64(self.0.as_millis()),
        }
    }
}

impl<'de> Deserialize<'de> for TimeField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = TimeField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time or integer milliseconds")
    }

    fn visit_i64<E: de::Error>(self, millis: i64) -> Result<TimeField, E> {
        Ok(TimeField(Timestamp::from_millis(millis)))
    }

    fn visit_u64<E: de::Error>(self, millis: u64) -> Result<TimeField, E> {
        self.visit_i64(i64::try_from(millis).map_err(de::Error::custom)?)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TimeField, E> {
        let time: jiff::Timestamp = text.parse().map_err(de::Error::custom)?;
        Ok(TimeField(Timestamp::from_nanos(time.as_nanosecond())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(record: &Record) -> Record {
        let mut line = Vec::new();
        write(record, &mut line).expect("an envelope");
        read(&line).expect("what was written")
    }

    fn bytes() -> impl Strategy<Value = Option<Bytes>> {
        proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from))
    }

    fn position() -> impl Strategy<Value = Position> {
        prop_oneof![
            Just(Position::None),
            any::<i64>().prop_map(Position::Offset),
            "[0-9]{1,60}".prop_map(|text| Position::Token(text.into())),
        ]
    }

    proptest! {
        #[test]
        fn every_record_comes_back_bit_for_bit(
            key in bytes(), value in bytes(), position in position(), partition in "[a-z0-9-]{0,9}",
            headers in proptest::collection::vec((".{0,5}", bytes()), 0..3),
            nanos in proptest::option::of(prop_oneof![-1_000_000_i128..3_000_000_000_000_000_000, Just(i128::from(i64::MAX) * 1_000_000)]),
        ) {
            let record = Record {
                key, value,
                headers,
                timestamp: nanos.map(Timestamp::from_nanos),
                origin: Origin { stream: "s".into(), partition: Partition::from(partition), position },
            };
            prop_assert_eq!(back(&record), record);
        }
    }

    #[test]
    fn null_empty_and_binary_look_different() {
        let mut line = Vec::new();
        let record = Record {
            key: Some(Bytes::new()),
            headers: vec![("h".into(), Some(Bytes::from_static(&[0xff])))],
            ..Record::default()
        };
        write(&record, &mut line).expect("an envelope");
        assert_eq!(
            String::from_utf8_lossy(&line),
            r#"{"key":"","value":null,"headers":[["h",{"base64":"/w=="}]]}"#
        );
    }

    #[test]
    fn an_unknown_field_is_not_dropped_in_silence() {
        assert!(read(br#"{"value":"x","colour":1}"#).is_err());
        assert!(read(br#"{"value":{"hex":"00"}}"#).is_err());
    }
}
