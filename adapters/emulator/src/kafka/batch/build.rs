//! Writing batches: those that compaction leaves over, those of control records, and those of other dialects' records.

use std::io;

use super::records::write_varint;
use super::{BatchHeader, HEADER_LEN, LOG_OVERHEAD, Record, Records, bits, seal};
use crate::interchange;

/// What is left of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rebuild {
    /// All of it.
    Same,
    /// Some of its records, uncompressed, in a batch that covers the same offsets.
    Fewer(Vec<u8>),
    /// No record.
    None,
}

/// Keeps the records of `batch` that `keep` wants.
pub(crate) fn rebuild(
    batch: &[u8],
    mut keep: impl FnMut(&Record<'_>) -> bool,
) -> io::Result<Rebuild> {
    let header = BatchHeader::read(batch).ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut body = Vec::new();
    let mut kept = 0;
    let mut records = Records::of(batch)?;
    while let Some(record) = records.next()? {
        if keep(&record) {
            kept += 1;
            write_varint(&mut body, record.body.len() as i64);
            body.extend_from_slice(record.body);
        }
    }
    Ok(match kept {
        0 => Rebuild::None,
        all if all == header.records => Rebuild::Same,
        some => Rebuild::Fewer(with_records(batch, some, &body)),
    })
}

/// A batch of records that came another way, at offsets from `base_offset` on, of which it covers `offsets`.
pub(crate) fn of_records(
    base_offset: i64,
    offsets: u32,
    records: &[interchange::Record],
) -> Vec<u8> {
    let times = || records.iter().map(|record| record.timestamp_ms);
    let first = times().next().unwrap_or(-1);
    let latest = times().max().unwrap_or(-1);
    let mut batch = vec![0; HEADER_LEN];
    batch[16] = 2;
    batch[23..27].copy_from_slice(&(offsets.saturating_sub(1)).to_be_bytes());
    batch[27..35].copy_from_slice(&first.to_be_bytes());
    batch[35..43].copy_from_slice(&latest.to_be_bytes());
    // No producer: its id, epoch and sequence are -1.
    batch[43..57].fill(0xFF);
    batch[57..61].copy_from_slice(&(records.len() as u32).to_be_bytes());
    let mut body = Vec::new();
    for record in records {
        body.clear();
        body.push(0);
        write_varint(&mut body, record.timestamp_ms - first);
        write_varint(&mut body, record.offset - base_offset);
        write_field(&mut body, record.key.as_deref());
        write_field(&mut body, record.value.as_deref());
        write_varint(&mut body, record.headers.len() as i64);
        for (name, value) in &record.headers {
            write_field(&mut body, Some(name.as_bytes()));
            write_field(&mut body, value.as_deref());
        }
        write_varint(&mut batch, body.len() as i64);
        batch.extend_from_slice(&body);
    }
    finish(batch)
}

/// Bytes with their length in front, -1 for none.
fn write_field(output: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        Some(bytes) => {
            write_varint(output, bytes.len() as i64);
            output.extend_from_slice(bytes);
        }
        None => write_varint(output, -1),
    }
}

/// The header of `batch` without any records, to remember its producer by.
pub(crate) fn without_records(batch: &[u8]) -> Vec<u8> {
    with_records(batch, 0, &[])
}

/// The header of `batch` over other records.
fn with_records(batch: &[u8], records: i32, body: &[u8]) -> Vec<u8> {
    let mut new = batch[..HEADER_LEN].to_vec();
    new.extend_from_slice(body);
    new[22] &= !(bits::COMPRESSION as u8);
    new[57..61].copy_from_slice(&records.to_be_bytes());
    finish(new)
}

/// Sets length and checksum.
pub(super) fn finish(mut batch: Vec<u8>) -> Vec<u8> {
    let length = (batch.len() - LOG_OVERHEAD) as i32;
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    seal(&mut batch);
    batch
}
