//! From librdkafka's messages to records.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rdkafka::message::{BorrowedMessage, Headers as _, Message, Timestamp as KafkaTime};
use ssectl_adapter::{
    Error, ErrorKind, Headers, Origin, Partition, Position, Record, Result, Timestamp,
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

    /// A record of the same content. Fails on a header whose name is not UTF-8.
    pub(super) fn copy(
        &mut self,
        message: &BorrowedMessage<'_>,
        partition: &Partition,
    ) -> Result<Record> {
        Ok(Record {
            key: message.key().map(|key| self.bytes(key)),
            value: message.payload().map(|value| self.bytes(value)),
            headers: self.headers(message)?,
            timestamp: match message.timestamp() {
                KafkaTime::NotAvailable => None,
                KafkaTime::CreateTime(millis) | KafkaTime::LogAppendTime(millis) => {
                    Some(Timestamp::from_millis(millis))
                }
            },
            origin: Origin {
                stream: self.stream.clone(),
                partition: partition.clone(),
                position: Position::Offset(message.offset()),
            },
        })
    }

    fn headers(&mut self, message: &BorrowedMessage<'_>) -> Result<Headers> {
        let Some(headers) = message.headers() else {
            return Ok(Headers::new());
        };
        // rdkafka panics on a name that is not UTF-8 and offers no other way to the header.
        let copy = || {
            let pairs = headers.iter().map(|header| {
                let value = header.value.map(|value| self.bytes(value));
                (header.key.to_owned(), value)
            });
            pairs.collect()
        };
        catch_unwind(AssertUnwindSafe(copy)).map_err(|_| {
            let offset = message.offset();
            Error::new(ErrorKind::Data, "a header has a name that is not UTF-8")
                .with("topic", &self.stream)
                .with("partition", message.partition())
                .with("offset", offset)
                .hint(format!("read on behind it, from offset {}", offset + 1))
        })
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
