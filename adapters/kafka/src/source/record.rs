//! From librdkafka's messages to records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rdkafka::message::{BorrowedMessage, Headers as _, Message, Timestamp as KafkaTime};
use ssectl_adapter::{
    Error, ErrorKind, Fault, Headers, Origin, Partition, Position, Record, Timestamp,
};

/// Payloads are copied into blocks of this size, so that a small record costs no allocation.
const BLOCK: usize = 256 << 10;

/// Copies messages out of librdkafka's memory.
pub(super) struct Copier {
    stream: Arc<str>,
    block: BytesMut,
}

impl Copier {
    pub(super) fn new(stream: Arc<str>) -> Self {
        Self {
            stream,
            block: BytesMut::new(),
        }
    }

    /// A record of the same content. A header whose name is not UTF-8 has no place in one.
    pub(super) fn copy(
        &mut self,
        message: &BorrowedMessage<'_>,
        partition: &Partition,
    ) -> Result<Record, Fault> {
        let origin = Origin {
            stream: self.stream.clone(),
            partition: partition.clone(),
            position: Position::Offset(message.offset()),
        };
        let value = message.payload().map(|value| self.bytes(value));
        let Some(headers) = self.headers(message) else {
            return Err(Fault {
                origin,
                index: 0,
                raw: value,
                cut_from: None,
                error: Error::new(ErrorKind::Data, "a header has a name that is not UTF-8"),
            });
        };
        Ok(Record {
            key: message.key().map(|key| self.bytes(key)),
            value,
            headers,
            timestamp: match message.timestamp() {
                KafkaTime::NotAvailable => None,
                KafkaTime::CreateTime(millis) | KafkaTime::LogAppendTime(millis) => {
                    Some(Timestamp::from_millis(millis))
                }
            },
            origin,
        })
    }

    fn headers(&mut self, message: &BorrowedMessage<'_>) -> Option<Headers> {
        let Some(headers) = message.headers() else {
            return Some(Headers::new());
        };
        // rdkafka panics on a name that is not UTF-8 and offers no other way to the header.
        let copy = || {
            let pairs = headers.iter().map(|header| {
                let value = header.value.map(|value| self.bytes(value));
                (header.key.to_owned(), value)
            });
            pairs.collect()
        };
        catch_unwind(AssertUnwindSafe(copy)).ok()
    }

    fn bytes(&mut self, bytes: &[u8]) -> Bytes {
        if bytes.is_empty() {
            return Bytes::new();
        }
        if bytes.len() > BLOCK / 4 {
            return Bytes::copy_from_slice(bytes);
        }
        if self.block.capacity() < bytes.len() {
            self.block = BytesMut::with_capacity(BLOCK);
        }
        self.block.extend_from_slice(bytes);
        self.block.split().freeze()
    }
}
