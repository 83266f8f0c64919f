//! Shard iterators: where the next read begins, sealed, good for five minutes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BufMut};

/// How long an iterator is good for, in milliseconds.
pub(super) const LIFETIME_MS: i64 = 300_000;

/// The layout's version.
const VERSION: u8 = 1;

/// Bytes of everything but the name.
const FIXED: usize = 1 + 4 + 16 + 4 + 8 + 8;

/// A place in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShardIterator {
    /// The stream's name.
    pub(super) stream: String,
    /// The stream's id: another stream of that name is another one.
    pub(super) stream_id: u128,
    pub(super) shard: u32,
    /// The offset of the next record to read.
    pub(super) offset: i64,
    /// Unix milliseconds.
    pub(super) issued_ms: i64,
}

impl ShardIterator {
    /// The text that clients get.
    pub(super) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(FIXED + self.stream.len());
        bytes.put_u8(VERSION);
        bytes.put_u32(0);
        bytes.put_u128(self.stream_id);
        bytes.put_u32(self.shard);
        bytes.put_i64(self.offset);
        bytes.put_i64(self.issued_ms);
        bytes.put_slice(self.stream.as_bytes());
        let checksum = crc32c::crc32c(&bytes[5..]);
        bytes[1..5].copy_from_slice(&checksum.to_be_bytes());
        STANDARD.encode(bytes)
    }

    /// Reads what [`Self::encode`] wrote; `None` if it is something else.
    pub(super) fn decode(text: &str) -> Option<Self> {
        // AWS takes it with quotes around it, as it stands in what the CLI prints.
        let bare = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let bytes = STANDARD.decode(bare.unwrap_or(text)).ok()?;
        let mut rest = bytes.as_slice();
        if rest.len() < FIXED || rest.get_u8() != VERSION {
            return None;
        }
        if rest.get_u32() != crc32c::crc32c(rest) {
            return None;
        }
        Some(Self {
            stream_id: rest.get_u128(),
            shard: rest.get_u32(),
            offset: rest.get_i64(),
            issued_ms: rest.get_i64(),
            stream: std::str::from_utf8(rest).ok()?.to_owned(),
        })
    }

    /// Whether it is too old.
    pub(super) fn is_expired(&self, now_ms: i64) -> bool {
        now_ms - self.issued_ms > LIFETIME_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iterator_is_sealed() {
        let iterator = ShardIterator {
            stream: "orders".to_owned(),
            stream_id: 7,
            shard: 3,
            offset: 99,
            issued_ms: 1000,
        };
        let text = iterator.encode();
        assert_eq!(ShardIterator::decode(&text), Some(iterator.clone()));
        assert!(!iterator.is_expired(301_000) && iterator.is_expired(301_001));
        let mut bytes = STANDARD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert_eq!(
                ShardIterator::decode(&STANDARD.encode(&bytes)),
                None,
                "{at}"
            );
            bytes[at] ^= 1;
        }
        assert_eq!(ShardIterator::decode("AAAA"), None);
    }
}
