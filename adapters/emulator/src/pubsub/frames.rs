//! What Pub/Sub keeps in the log: the one place that knows the bytes.
//!
//! A frame of a topic ([`MESSAGES`]) holds the messages of one request, one offset each, so that they are stored all or
//! none. Its payload is a version byte, then for each message a length of 4 bytes (big-endian) and a `PubsubMessage`
//! without the id and the time, which follow from the offset and from the frame's record time.
//!
//! A frame of a subscription tells which offsets of its topic are acknowledged: [`ACKED`] adds ranges, [`STATE`] replaces
//! all that was said before by a first offset below which all are acknowledged, and ranges. Offsets are 8 bytes, big-endian.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;
use prost_types::Timestamp;

use super::proto::pubsub::PubsubMessage;
use crate::interchange::offsets::Acked;
use crate::store::frame::Header;
use crate::store::{Frame, NewFrame, Partition, StoreError};

/// Messages of a topic.
pub(crate) const MESSAGES: u8 = 64;

/// Ranges of offsets that were acknowledged.
pub(super) const ACKED: u8 = 65;

/// Everything that is acknowledged.
pub(super) const STATE: u8 = 66;

/// The version of the layout of messages.
const VERSION: u8 = 1;

/// What readers of a message need to know before they deliver it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Head {
    /// Its attributes.
    #[prost(btree_map = "string, string", tag = "2")]
    pub(super) attributes: std::collections::BTreeMap<String, String>,
    /// Its ordering key.
    #[prost(string, tag = "5")]
    pub(super) ordering_key: String,
}

/// What the service adds to a message.
#[derive(Clone, PartialEq, Message)]
struct Stamp {
    #[prost(string, tag = "3")]
    message_id: String,
    #[prost(message, optional, tag = "4")]
    publish_time: Option<Timestamp>,
}

/// Appends messages, all or none, and returns the offset of the first.
///
/// # Errors
/// The store is full or the topic deleted; nothing was added then.
pub(super) fn append_messages(
    log: &Partition,
    messages: &[PubsubMessage],
    now_ms: i64,
) -> Result<i64, StoreError> {
    append(
        log,
        MESSAGES,
        messages.len() as u32,
        &encode(messages),
        now_ms,
        false,
    )
}

/// The payload of a frame with messages.
pub(super) fn encode(messages: &[PubsubMessage]) -> BytesMut {
    let size: usize = messages
        .iter()
        .map(|message| message.encoded_len() + 4)
        .sum();
    let mut payload = BytesMut::with_capacity(1 + size);
    payload.put_u8(VERSION);
    for message in messages {
        payload.put_u32(message.encoded_len() as u32);
        // Its capacity was counted above.
        message.encode_raw(&mut payload);
    }
    payload
}

/// A frame of one stored message as the log would have it.
pub(super) fn frame_of(place: i64, (stored, publish_ms): (Bytes, i64)) -> Frame {
    let mut payload = BytesMut::with_capacity(5 + stored.len());
    payload.put_u8(VERSION);
    payload.put_u32(stored.len() as u32);
    payload.put_slice(&stored);
    let header = Header {
        length: payload.len() as u32,
        format: MESSAGES,
        offsets: 1,
        base_offset: place,
        max_timestamp: publish_ms,
    };
    Frame {
        header,
        payload: payload.freeze(),
    }
}

/// The messages of a frame with their offsets, without what [`complete`] adds.
pub(super) fn messages(frame: Frame) -> impl Iterator<Item = (i64, Bytes)> {
    let is_known = frame.header.format == MESSAGES && frame.payload.first() == Some(&VERSION);
    let mut payload = if is_known {
        frame.payload.slice(1..)
    } else {
        Bytes::new()
    };
    let next = move || {
        let length = payload.try_get_u32().ok()? as usize;
        (length <= payload.len()).then(|| payload.split_to(length))
    };
    (frame.header.base_offset..).zip(std::iter::from_fn(next))
}

/// A stored message as subscribers see it.
pub(super) fn complete(stored: &Bytes, id: i64, publish_ms: i64) -> Bytes {
    let stamp = Stamp {
        message_id: id.to_string(),
        publish_time: Some(timestamp(publish_ms)),
    };
    let mut whole = BytesMut::with_capacity(stored.len() + stamp.encoded_len());
    whole.put_slice(stored);
    stamp.encode_raw(&mut whole);
    whole.freeze()
}

/// Unix milliseconds as protobuf has them.
pub(super) fn timestamp(ms: i64) -> Timestamp {
    Timestamp {
        seconds: ms.div_euclid(1000),
        nanos: (ms.rem_euclid(1000) * 1_000_000) as i32,
    }
}

/// Appends that these offsets are acknowledged. Always fits: it is what makes room.
///
/// # Errors
/// The file system refuses, or the subscription was deleted.
pub(super) fn append_acked(
    log: &Partition,
    offsets: &[i64],
    now_ms: i64,
) -> Result<(), StoreError> {
    let mut acked = Acked::starting(0);
    offsets
        .iter()
        .for_each(|offset| acked.insert(*offset, offset + 1));
    if offsets.is_empty() {
        return Ok(());
    }
    let mut payload = Vec::new();
    put_ranges(&mut payload, &acked);
    append(log, ACKED, 1, &payload, now_ms, true).map(drop)
}

/// Appends the whole state; returns its offset, before which nothing is needed any more.
///
/// # Errors
/// As [`append_acked`].
pub(super) fn append_state(log: &Partition, acked: &Acked, now_ms: i64) -> Result<i64, StoreError> {
    let mut payload = Vec::new();
    payload.put_i64(acked.floor());
    put_ranges(&mut payload, acked);
    append(log, STATE, 1, &payload, now_ms, true)
}

/// Applies a frame of a subscription.
pub(super) fn replay(frame: Frame, acked: &mut Acked) {
    let mut payload = frame.payload;
    match frame.header.format {
        STATE => *acked = Acked::starting(payload.try_get_i64().unwrap_or_default()),
        ACKED => {}
        _ => return,
    }
    while let (Ok(from), Ok(to)) = (payload.try_get_i64(), payload.try_get_i64()) {
        acked.insert(from, to);
    }
}

fn put_ranges(payload: &mut Vec<u8>, acked: &Acked) {
    // Those of an empty set that begins at 0 may begin there.
    let first = (acked.floor() > 0).then_some((0, acked.floor()));
    for (from, to) in first.into_iter().chain(acked.ranges()) {
        payload.put_i64(from);
        payload.put_i64(to);
    }
}

fn append(
    log: &Partition,
    format: u8,
    offsets: u32,
    payload: &[u8],
    now_ms: i64,
    forced: bool,
) -> Result<i64, StoreError> {
    let frame = NewFrame {
        format,
        offsets,
        max_timestamp: now_ms,
        payload,
        forced,
    };
    log.append(frame, now_ms, |_, _| {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_something_else_holds_no_messages() {
        let header = Header {
            length: 3,
            format: MESSAGES,
            offsets: 1,
            base_offset: 0,
            max_timestamp: 0,
        };
        for payload in [&[][..], &[9, 9, 9], &[1, 0, 0, 0, 9, 1]] {
            let frame = Frame {
                header,
                payload: Bytes::copy_from_slice(payload),
            };
            assert_eq!(messages(frame).count(), 0);
        }
    }

    #[test]
    fn a_message_gets_its_id_and_time_when_it_is_delivered() {
        let stored = PubsubMessage {
            data: Bytes::from_static(b"x"),
            ordering_key: "k".to_owned(),
            ..PubsubMessage::default()
        };
        let whole = complete(&stored.encode_to_vec().into(), 7, 1_500);
        let whole = PubsubMessage::decode(whole).unwrap();
        assert_eq!(whole.message_id, "7");
        assert_eq!(whole.publish_time, Some(timestamp(1_500)));
        assert_eq!(
            (whole.data, whole.ordering_key),
            (stored.data, stored.ordering_key)
        );
    }
}
