//! Messages of `application/vnd.amazon.eventstream`: two lengths, headers, a payload, and checksums.

use bytes::{BufMut, Bytes};

use super::call::encode;
use crate::aws::{AwsError, Protocol};
use serde::Serialize;

/// Bytes of the lengths and their checksum.
const PRELUDE: usize = 12;

/// The type of a header that is a text.
const TEXT: u8 = 7;

/// The message that comes first, which stands for the result of the operation.
pub(super) fn initial_response(protocol: Protocol) -> Result<Bytes, AwsError> {
    #[derive(Serialize)]
    struct Nothing {}
    event("initial-response", protocol, &Nothing {})
}

/// A message with an event.
///
/// # Errors
/// The payload cannot be written, which none of ours is.
pub(super) fn event<T: Serialize>(
    name: &str,
    protocol: Protocol,
    payload: &T,
) -> Result<Bytes, AwsError> {
    let headers = [
        (":event-type", name),
        (":content-type", protocol.content_type()),
        (":message-type", "event"),
    ];
    Ok(message(&headers, &encode(protocol, payload)?))
}

/// A message that ends the stream with an error.
pub(super) fn exception(protocol: Protocol, error: &AwsError) -> Bytes {
    #[derive(Serialize)]
    struct Payload<'a> {
        message: &'a str,
    }
    let payload = Payload {
        message: &error.message,
    };
    let headers = [
        (":exception-type", error.kind.as_str()),
        (":content-type", protocol.content_type()),
        (":message-type", "exception"),
    ];
    // A text can be written.
    message(&headers, &encode(protocol, &payload).unwrap_or_default())
}

fn message(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let of_header = |(name, value): &(&str, &str)| name.len() + value.len() + 4;
    let headers_len: usize = headers.iter().map(of_header).sum();
    let total = PRELUDE + headers_len + payload.len() + 4;
    let mut bytes = Vec::with_capacity(total);
    bytes.put_u32(total as u32);
    bytes.put_u32(headers_len as u32);
    bytes.put_u32(crc32fast::hash(&bytes));
    for (name, value) in headers {
        bytes.put_u8(name.len() as u8);
        bytes.put_slice(name.as_bytes());
        bytes.put_u8(TEXT);
        bytes.put_u16(value.len() as u16);
        bytes.put_slice(value.as_bytes());
    }
    bytes.put_slice(payload);
    bytes.put_u32(crc32fast::hash(&bytes));
    Bytes::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_lengths_and_checksums() {
        let message = message(&[(":a", "bc")], b"{}");
        assert_eq!(message.len(), 12 + 8 + 2 + 4);
        assert_eq!(message[..8], [0, 0, 0, 26, 0, 0, 0, 8]);
        assert_eq!(message[8..12], crc32fast::hash(&message[..8]).to_be_bytes());
        assert_eq!(message[12..20], *b"\x02:a\x07\x00\x02bc");
        assert_eq!(message[22..], crc32fast::hash(&message[..22]).to_be_bytes());
    }
}
