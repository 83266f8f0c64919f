//! Byte strings and times in both protocols: JSON has no bytes and counts seconds, CBOR has bytes and counts
//! milliseconds.

use std::fmt;

use base64::Engine;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use ciborium::value::Value;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The data of a record in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.is_human_readable() {
            true => deserializer.deserialize_str(BlobVisitor),
            false => deserializer.deserialize_byte_buf(BlobVisitor),
        }
    }
}

struct BlobVisitor;

impl Visitor<'_> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, in base64 where there are none")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Blob, E> {
        STANDARD.decode(text).map(Blob).map_err(E::custom)
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Blob, E> {
        Ok(Blob(bytes))
    }
}

/// The data of a record in an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Data<'a>(pub(super) &'a [u8]);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(&Base64Display::new(self.0, &STANDARD)),
            false => serializer.serialize_bytes(self.0),
        }
    }
}

/// A time in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp(pub(super) i64);

/// Numbers of CBOR from here on are milliseconds (the year 1973), as SDKs of AWS send them, smaller ones seconds.
const LEAST_MS: f64 = 1e11;

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.serialize_f64(self.0 as f64 / 1000.0),
            false => ciborium::tag::Required::<i64, 1>(self.0).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return f64::deserialize(deserializer)
                .map(|seconds| Self((seconds * 1000.0).round() as i64));
        }
        let mut value = Value::deserialize(deserializer)?;
        while let Value::Tag(_, inner) = value {
            value = *inner;
        }
        let number = match value {
            Value::Float(number) => number,
            Value::Integer(number) => i128::from(number) as f64,
            _ => return Err(D::Error::custom("expected a time")),
        };
        let scale = if number.abs() < LEAST_MS { 1000.0 } else { 1.0 };
        Ok(Self((number * scale).round() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cbor(value: &impl Serialize) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn times_are_seconds_in_json_and_tagged_milliseconds_in_cbor() {
        let time = Timestamp(1_459_799_926_480);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1459799926.48");
        assert_eq!(
            serde_json::from_str::<Timestamp>("1459799926.480").unwrap(),
            time
        );
        let bytes = cbor(&time);
        assert_eq!(bytes, b"\xc1\x1b\x00\x00\x01\x53\xe2\xdb\x26\xd0");
        assert_eq!(
            ciborium::from_reader::<Timestamp, _>(&bytes[..]).unwrap(),
            time
        );
        assert_eq!(
            ciborium::from_reader::<Timestamp, _>(&cbor(&1_459_799_926.48)[..]).unwrap(),
            time
        );
    }

    #[test]
    fn data_is_base64_in_json_and_bytes_in_cbor() {
        assert_eq!(serde_json::to_string(&Data(b"\0\xff")).unwrap(), "\"AP8=\"");
        assert_eq!(cbor(&Data(b"\0\xff")), b"\x42\x00\xff");
        // In pieces, as some SDKs send it.
        let blob: Blob = ciborium::from_reader(&b"\x5f\x41\x00\x41\xff\xff"[..]).unwrap();
        assert_eq!(blob.0, [0, 0xff]);
        let blob: Blob = serde_json::from_str(r#""AP8\u003d""#).unwrap();
        assert_eq!(blob.0, [0, 0xff]);
        assert!(serde_json::from_str::<Blob>(r#""A""#).is_err());
    }
}
