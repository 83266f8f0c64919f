//! Records as they are in the log: one frame for those of one request that went to one shard.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | version of this layout |
//! | 1 | 1 if the records count as encrypted, else 0 |
//! | 8 | when they came, Unix milliseconds |
//!
//! and for each record
//!
//! | bytes | field |
//! |---|---|
//! | 2 + n | partition key, UTF-8 |
//! | 4 + n | data |
//!
//! Integers are big-endian. A frame has one offset for each record.

use bytes::{Buf, BufMut, Bytes};

use crate::store::{NewFrame, Partition, StoreError};

/// The number of this format in [`crate::store::frame`].
pub(crate) const FORMAT: u8 = 32;

/// The layout's version.
const VERSION: u8 = 1;

/// Bytes before the first record.
const FIXED: usize = 10;

/// Bytes beyond which a frame takes no more records, so that reading one of them stays cheap.
const FULL: usize = 256 * 1024;

/// Records that are to be appended together.
#[derive(Debug)]
pub(crate) struct NewRecords {
    payload: Vec<u8>,
    count: u32,
    now_ms: i64,
}

impl NewRecords {
    /// None yet, at this time.
    pub(crate) fn new(now_ms: i64, is_encrypted: bool) -> Self {
        let mut payload = Vec::with_capacity(1024);
        payload.extend_from_slice(&[VERSION, u8::from(is_encrypted)]);
        payload.extend_from_slice(&now_ms.to_be_bytes());
        Self {
            payload,
            count: 0,
            now_ms,
        }
    }

    /// Whether the next record should go to another frame.
    pub(crate) fn is_full(&self) -> bool {
        self.payload.len() >= FULL
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, partition_key: &str, data: &[u8]) {
        self.payload.put_u16(partition_key.len() as u16);
        self.payload.put_slice(partition_key.as_bytes());
        self.payload.put_u32(data.len() as u32);
        self.payload.put_slice(data);
        self.count += 1;
    }

    /// Appends them and returns the offset of the first.
    ///
    /// # Errors
    /// The store is full or deleted, or the file system refused; nothing was added then.
    pub(crate) fn append(&self, log: &Partition) -> Result<i64, StoreError> {
        let frame = NewFrame {
            format: FORMAT,
            offsets: self.count,
            max_timestamp: self.now_ms,
            payload: &self.payload,
            forced: false,
        };
        log.append(frame, self.now_ms, |_, _| {})
    }
}

/// The records of a frame.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    /// When they came, Unix milliseconds.
    pub(crate) arrival_ms: i64,
    pub(crate) is_encrypted: bool,
    rest: Bytes,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition_key: Bytes,
    pub(crate) data: Bytes,
}

impl Records {
    /// Reads what [`NewRecords`] wrote; `None` if it is something else.
    pub(crate) fn decode(mut payload: Bytes) -> Option<Self> {
        if payload.len() < FIXED || payload.get_u8() != VERSION {
            return None;
        }
        Some(Self {
            is_encrypted: payload.get_u8() == 1,
            arrival_ms: payload.get_i64(),
            rest: payload,
        })
    }
}

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let key_len = usize::from(self.rest.try_get_u16().ok()?);
        let partition_key = take(&mut self.rest, key_len)?;
        let data_len = self.rest.try_get_u32().ok()? as usize;
        let data = take(&mut self.rest, data_len)?;
        Some(Record {
            partition_key,
            data,
        })
    }
}

fn take(bytes: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let mut new = NewRecords::new(1234, true);
        new.add("ä", b"\0\xff");
        new.add("k", b"");
        let records = Records::decode(Bytes::from(new.payload)).unwrap();
        assert_eq!((records.arrival_ms, records.is_encrypted), (1234, true));
        let read: Vec<_> = records.collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].partition_key, "ä".as_bytes());
        assert_eq!(read[0].data, &b"\0\xff"[..]);
        assert!(read[1].data.is_empty());
    }

    #[test]
    fn torn_bytes_end_the_list() {
        let mut new = NewRecords::new(1, false);
        new.add("key", b"data");
        for length in 0..new.payload.len() {
            let torn = Bytes::copy_from_slice(&new.payload[..length]);
            assert_eq!(Records::decode(torn).into_iter().flatten().count(), 0);
        }
    }
}
