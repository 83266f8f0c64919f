//! The header of a record batch of version 2.
//!
//! Layout and rules: <https://kafka.apache.org/documentation/#recordbatch>.

use kafka_protocol::ResponseError;

/// Bytes before the records.
pub(crate) const HEADER_LEN: usize = 61;

/// Bytes of base offset and length, which the length does not count.
const LOG_OVERHEAD: usize = 12;

/// Where the checksummed part begins.
const CHECKED_FROM: usize = 21;

const CONTROL: i16 = 0x20;

/// The header's fields that the broker looks at.
#[derive(Clone, Copy, Debug)]
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
        let header = Self::read(sent)
            .ok_or((ResponseError::CorruptMessage, "shorter than a batch header"))?;
        let bytes: &[u8; HEADER_LEN] = sent
            .first_chunk()
            .ok_or((ResponseError::CorruptMessage, "too short"))?;
        let magic = bytes[16];
        if magic != 2 {
            return Err((
                ResponseError::InvalidRecord,
                "record batches must have magic 2",
            ));
        }
        let length = i32::from_be_bytes(field(bytes, 8));
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
        if header.attributes & CONTROL != 0 {
            return Err((
                ResponseError::InvalidRecord,
                "clients may not write control records",
            ));
        }
        Ok(header)
    }

    /// How many offsets the batch covers.
    pub(crate) fn offsets(&self) -> u32 {
        u32::try_from(self.last_offset_delta).unwrap_or_default() + 1
    }
}

/// Sets base offset and leader epoch of a batch; both lie outside its checksum.
pub(crate) fn place(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    batch[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
}

/// `N` bytes at `at`, which the callers keep inside the header.
fn field<const N: usize>(header: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&header[at..at + N]);
    value
}
