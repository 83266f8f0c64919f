//! The kinds of frames that a queue writes to its partition.

use bytes::{Buf, BufMut, Bytes};

use crate::store::{NewFrame, Partition, StoreError};

/// A frame with one message.
pub(crate) const MESSAGE: u8 = 16;

/// A frame with the offsets of messages that were settled, 8 bytes each.
pub(super) const SETTLED: u8 = 17;

/// Appends a message and returns its offset.
pub(super) fn append_message(
    log: &Partition,
    payload: &[u8],
    now_ms: i64,
) -> Result<i64, StoreError> {
    append(log, MESSAGE, payload, now_ms, false)
}

/// Appends that messages were settled. Always fits: it is what makes room.
pub(super) fn append_settled(
    log: &Partition,
    offsets: &[i64],
    now_ms: i64,
) -> Result<(), StoreError> {
    if offsets.is_empty() {
        return Ok(());
    }
    let mut payload = Vec::with_capacity(offsets.len() * 8);
    offsets.iter().for_each(|offset| payload.put_i64(*offset));
    append(log, SETTLED, &payload, now_ms, true).map(drop)
}

/// The offsets of a frame of settled ones.
pub(super) fn settled_offsets(mut payload: Bytes) -> impl Iterator<Item = i64> {
    std::iter::from_fn(move || payload.try_get_i64().ok())
}

fn append(
    log: &Partition,
    format: u8,
    payload: &[u8],
    now_ms: i64,
    forced: bool,
) -> Result<i64, StoreError> {
    let frame = NewFrame {
        format,
        offsets: 1,
        max_timestamp: now_ms,
        payload,
        forced,
    };
    log.append(frame, now_ms, |_, _| {})
}
