//! Batches as records of no dialect, and back.

use std::io;

use bytes::Bytes;

use super::batch::{self, BatchHeader, Records};
use crate::interchange::{self, Record};
use crate::store::Frame;

use super::partition::{LEADER_EPOCH, RECORD_BATCH};

/// The records of a frame with a batch; none of one that marks the end of a transaction or cannot be read.
pub(crate) fn records_of(frame: &Frame) -> Vec<Record> {
    match BatchHeader::read(&frame.payload) {
        Some(header) if !header.is_control() => read(frame).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Whether a frame with a batch has records: one that marks the end of a transaction has none.
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) fn has_records(frame: &Frame) -> bool {
    BatchHeader::read(&frame.payload).is_some_and(|header| !header.is_control())
}

fn read(frame: &Frame) -> io::Result<Vec<Record>> {
    let mut found = Vec::new();
    let mut records = Records::of(&frame.payload)?;
    while let Some(record) = records.next()? {
        let header = |(name, value): (&[u8], Option<&[u8]>)| {
            let name = String::from_utf8_lossy(name).into_owned();
            (name, value.map(Bytes::copy_from_slice))
        };
        found.push(Record {
            offset: frame.header.base_offset + i64::from(record.offset_delta),
            timestamp_ms: record.timestamp,
            key: record.key.map(Bytes::copy_from_slice),
            value: record.value.map(Bytes::copy_from_slice),
            headers: record.headers()?.into_iter().map(header).collect(),
        });
    }
    Ok(found)
}

/// A frame as a batch, whatever dialect wrote it; empty if it has no records.
pub(crate) fn batch_of(frame: &Frame) -> Bytes {
    if frame.header.format == RECORD_BATCH {
        return frame.payload.clone();
    }
    let records = interchange::records_of(frame);
    if records.is_empty() {
        return Bytes::new();
    }
    let base_offset = frame.header.base_offset;
    let mut batch = batch::of_records(base_offset, frame.header.offsets, &records);
    batch::place(&mut batch, base_offset, LEADER_EPOCH);
    batch.into()
}
