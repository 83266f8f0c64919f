//! The unit of storage: a header of 32 bytes and an opaque payload.
//!
//! | bytes | field | |
//! |---|---|---|
//! | 0..4 | checksum | CRC-32C of everything after it |
//! | 4..8 | length | of the payload, in bytes |
//! | 8 | version | of this layout, [`VERSION`] |
//! | 9 | format | what the payload is, a number that the dialects agree on |
//! | 10..12 | reserved | 0 |
//! | 12..16 | offsets | how many offsets the frame covers, at least 1 |
//! | 16..24 | base offset | the first of them |
//! | 24..32 | max timestamp | the latest record time in the payload, Unix milliseconds |
//!
//! Integers are big-endian.
//!
//! | format | payload | written by |
//! |---|---|---|
//! | 1 | a record batch of version 2 | Kafka |
//! | 16 | a message | [`crate::queue`] |
//! | 17 | offsets of settled messages | [`crate::queue`] |
//! | 32 | records of one request | Kinesis |
//! | 48 | events, as AMQP messages | Event Hubs |
//! | 64 | messages of one request | Pub/Sub |
//! | 65 | offsets that a subscription has acknowledged | Pub/Sub |
//! | 66 | all that a subscription has acknowledged | Pub/Sub |

use bytes::Bytes;

/// The layout's version.
pub const VERSION: u8 = 1;

/// Bytes before the payload.
pub const HEADER_LEN: usize = 32;

/// What a header says about its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of payload.
    pub length: u32,
    /// What the payload is; the store does not look at it.
    pub format: u8,
    /// How many offsets the frame covers.
    pub offsets: u32,
    /// The first of them.
    pub base_offset: i64,
    /// The latest record time in the payload, Unix milliseconds, or -1.
    pub max_timestamp: i64,
}

/// The format of a frame whose content is not to be seen.
pub const HIDDEN: u8 = 0;

/// A frame as read back.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What the header says.
    pub header: Header,
    /// The payload as it was appended.
    pub payload: Bytes,
}

impl Frame {
    /// Leaves nothing of it but its offsets.
    pub(crate) fn hide(&mut self) {
        self.header.format = HIDDEN;
        self.payload = Bytes::new();
    }
}

impl Header {
    /// Bytes of the whole frame.
    pub fn frame_len(&self) -> u64 {
        HEADER_LEN as u64 + u64::from(self.length)
    }

    /// One past the last offset that the frame covers.
    pub fn next_offset(&self) -> i64 {
        self.base_offset + i64::from(self.offsets)
    }

    /// Reads a header; `None` if `bytes` is too short or cannot be one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_LEN] = bytes.first_chunk()?;
        let header = Self {
            length: u32::from_be_bytes(field(bytes, 4)),
            format: bytes[9],
            offsets: u32::from_be_bytes(field(bytes, 12)),
            base_offset: i64::from_be_bytes(field(bytes, 16)),
            max_timestamp: i64::from_be_bytes(field(bytes, 24)),
        };
        let sound = bytes[8] == VERSION && header.offsets > 0 && header.base_offset >= 0;
        sound.then_some(header)
    }

    /// Writes the header over the first bytes of `frame` and seals the whole with its checksum.
    pub(crate) fn seal(&self, frame: &mut [u8]) {
        frame[4..8].copy_from_slice(&self.length.to_be_bytes());
        frame[8] = VERSION;
        frame[9] = self.format;
        frame[10..12].fill(0);
        frame[12..16].copy_from_slice(&self.offsets.to_be_bytes());
        frame[16..24].copy_from_slice(&self.base_offset.to_be_bytes());
        frame[24..32].copy_from_slice(&self.max_timestamp.to_be_bytes());
        let checksum = crc32c::crc32c(&frame[4..]);
        frame[..4].copy_from_slice(&checksum.to_be_bytes());
    }
}

/// Whether the checksum of a whole frame matches its content.
pub fn is_intact(frame: &[u8]) -> bool {
    match frame.split_first_chunk::<4>() {
        Some((checksum, content)) => u32::from_be_bytes(*checksum) == crc32c::crc32c(content),
        None => false,
    }
}

/// `N` bytes at `at`, which the callers keep inside the header.
fn field<const N: usize>(bytes: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&bytes[at..at + N]);
    value
}
