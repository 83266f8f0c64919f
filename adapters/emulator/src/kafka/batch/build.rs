//! Writing batches: those that compaction leaves over, and those of control records.

use std::io;

use super::records::write_varint;
use super::{BatchHeader, HEADER_LEN, LOG_OVERHEAD, Record, Records, bits, seal};

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
