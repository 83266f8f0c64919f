//! Record batches of version 2: header, records, compression, control records.
//!
//! Layout and rules: <https://kafka.apache.org/documentation/#recordbatch>. The broker keeps batches as they were sent;
//! it looks at the header only, and at the records where a feature asks for it (lookup by time, compaction).

mod build;
mod compression;
mod control;
mod records;

use kafka_protocol::ResponseError;

pub(crate) use build::{Rebuild, of_records, rebuild, without_records};
pub(crate) use control::{Marker, marker_of};
use records::Record;
pub(crate) use records::Records;

/// Bytes before the records.
pub(crate) const HEADER_LEN: usize = 61;

/// Bytes of base offset and length, which the length does not count.
const LOG_OVERHEAD: usize = 12;

/// Where the checksummed part begins.
const CHECKED_FROM: usize = 21;

/// The bits of the attributes.
mod bits {
    pub(super) const COMPRESSION: i16 = 0x07;
    pub(super) const LOG_APPEND_TIME: i16 = 0x08;
    pub(super) const TRANSACTIONAL: i16 = 0x10;
    pub(super) const CONTROL: i16 = 0x20;
}

/// The header's fields that the broker looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchHeader {
    pub(crate) base_offset: i64,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) records: i32,
}

/// Why a batch is refused: the error code and a reason for people.
pub(crate) type Refusal = (ResponseError, &'static str);

impl BatchHeader {
    /// Reads the header of a batch that is stored already; `None` if it is none.
    pub(crate) fn read(batch: &[u8]) -> Option<Self> {
        let header = batch.first_chunk::<HEADER_LEN>()?;
        Some(Self {
            base_offset: i64::from_be_bytes(field(header, 0)),
            attributes: i16::from_be_bytes(field(header, 21)),
            last_offset_delta: i32::from_be_bytes(field(header, 23)),
            base_timestamp: i64::from_be_bytes(field(header, 27)),
            max_timestamp: i64::from_be_bytes(field(header, 35)),
            producer_id: i64::from_be_bytes(field(header, 43)),
            producer_epoch: i16::from_be_bytes(field(header, 51)),
            base_sequence: i32::from_be_bytes(field(header, 53)),
            records: i32::from_be_bytes(field(header, 57)),
        })
    }

    /// Reads and checks what a producer sent: exactly one whole batch that is sound.
    pub(crate) fn check(sent: &[u8]) -> Result<Self, Refusal> {
        if sent.is_empty() {
            return Err((
                ResponseError::InvalidRecord,
                "a request must hold exactly one record batch per partition",
            ));
        }
        let short = (
            ResponseError::CorruptMessage,
            "the records are shorter than the header of a batch",
        );
        let bytes = sent.first_chunk::<HEADER_LEN>().ok_or(short)?;
        let header = Self::read(sent).ok_or(short)?;
        if bytes[16] != 2 {
            return Err((
                ResponseError::InvalidRecord,
                "record batches must have magic 2",
            ));
        }
        let length = i32::from_be_bytes(field(bytes, 8));
        if usize::try_from(length).is_ok_and(|length| length < HEADER_LEN - LOG_OVERHEAD) {
            return Err((
                ResponseError::CorruptMessage,
                "the batch says that it is shorter than its header",
            ));
        }
        if usize::try_from(length).ok() != sent.len().checked_sub(LOG_OVERHEAD) {
            return Err((
                ResponseError::InvalidRecord,
                "a request must hold exactly one record batch per partition",
            ));
        }
        if u32::from_be_bytes(field(bytes, 17)) != crc32c::crc32c(&sent[CHECKED_FROM..]) {
            return Err((
                ResponseError::CorruptMessage,
                "the batch's checksum does not match",
            ));
        }
        if header.records < 1 || header.last_offset_delta != header.records - 1 {
            return Err((
                ResponseError::InvalidRecord,
                "the batch's record count and offsets disagree",
            ));
        }
        if header.is_control() {
            return Err((
                ResponseError::InvalidRecord,
                "clients may not write control records",
            ));
        }
        let sequenced = header.producer_id >= 0;
        if sequenced && (header.producer_epoch < 0 || header.base_sequence < 0) {
            return Err((
                ResponseError::InvalidRecord,
                "a producer id comes without an epoch or a sequence number",
            ));
        }
        if header.is_transactional() && !sequenced {
            return Err((
                ResponseError::InvalidRecord,
                "a transactional batch comes without a producer id",
            ));
        }
        Ok(header)
    }

    /// How many offsets the batch covers.
    pub(crate) fn offsets(&self) -> u32 {
        u32::try_from(self.last_offset_delta).unwrap_or_default() + 1
    }

    /// The offset of the last record.
    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    /// The sequence number of the last record; it starts over after the largest number.
    pub(crate) fn last_sequence(&self) -> i32 {
        let last = i64::from(self.base_sequence) + i64::from(self.last_offset_delta);
        (last % (i64::from(i32::MAX) + 1)) as i32
    }

    pub(crate) fn is_control(&self) -> bool {
        self.attributes & bits::CONTROL != 0
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.attributes & bits::TRANSACTIONAL != 0
    }

    /// Whether all records have the batch's latest time, that of the broker.
    pub(crate) fn has_log_append_time(&self) -> bool {
        self.attributes & bits::LOG_APPEND_TIME != 0
    }

    /// The number of the compression codec, 0 for none.
    pub(crate) fn compression(&self) -> i16 {
        self.attributes & bits::COMPRESSION
    }
}

/// Instead of the number of a codec: records as they are.
const UNCOMPRESSED: i16 = 0;

/// The number of the zstd codec, which clients that speak an old protocol do not know.
pub(crate) const ZSTD: i16 = 4;

/// Sets base offset and leader epoch of a batch; both lie outside its checksum.
pub(crate) fn place(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// Gives all records of a batch the broker's time.
pub(crate) fn stamp(batch: &mut [u8], now_ms: i64) {
    batch[22] |= bits::LOG_APPEND_TIME as u8;
    batch[35..43].copy_from_slice(&now_ms.to_be_bytes());
    seal(batch);
}

/// Writes the checksum.
fn seal(batch: &mut [u8]) {
    let checksum = crc32c::crc32c(&batch[CHECKED_FROM..]);
    batch[17..21].copy_from_slice(&checksum.to_be_bytes());
}

/// `N` bytes at `at`, which the callers keep inside the header.
fn field<const N: usize>(header: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&header[at..at + N]);
    value
}
