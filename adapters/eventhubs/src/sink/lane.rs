//! The records of one partition, on their way.

use std::collections::VecDeque;

use azure_messaging_eventhubs::{
    EventDataBatch, EventDataBatchOptions, ProducerClient, SendMessageOptions,
};
use ssectl_adapter::{Error, ErrorKind, Record, Rejected, Result};

use crate::client::Service;
use crate::error::request;
use crate::message::{encode, has_partition_key};

/// What one partition is to get.
pub(super) struct Lane<'a> {
    pub(super) service: &'a Service,
    pub(super) producer: &'a ProducerClient,
    /// The largest message, in bytes.
    pub(super) largest: usize,
    pub(super) partition: &'a str,
    pub(super) records: &'a [Record],
    /// Which of the records, in order.
    pub(super) indexes: VecDeque<usize>,
}

/// How it went.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) rejected: Vec<Rejected>,
    /// What no second try can mend.
    pub(super) failed: Option<Error>,
    /// Whether the connection is not to be used again.
    pub(super) broken: bool,
}

/// What a batch was filled with.
enum Filled {
    /// These records.
    Batch(Vec<usize>),
    /// Nothing: this record is too large for a batch.
    Alone(usize),
    /// No record is left.
    Nothing,
}

impl Lane<'_> {
    /// Sends all of it, one batch after the other, up to the first that fails.
    pub(super) async fn send(mut self) -> Outcome {
        let mut outcome = Outcome::default();
        while !self.indexes.is_empty() {
            let (sent, done) = self.send_next(&mut outcome.rejected).await;
            let Err(error) = done else {
                continue;
            };
            outcome.broken = true;
            if error.is_temporary() {
                self.hold_back(sent, &error, &mut outcome.rejected);
            } else {
                outcome.failed = Some(error.with("partition", self.partition));
            }
            return outcome;
        }
        outcome
    }

    /// Sends one batch; answers what it held.
    async fn send_next(&mut self, rejected: &mut Vec<Rejected>) -> (Vec<usize>, Result<()>) {
        let options = EventDataBatchOptions {
            partition_id: Some(self.partition.to_owned()),
            ..EventDataBatchOptions::default()
        };
        let asked = self.producer.create_batch(Some(options));
        let batch = match self.service.within("opening a batch", asked).await {
            Ok(batch) => batch,
            Err(error) => return (Vec::new(), Err(error)),
        };
        match self.fill(&batch, rejected) {
            Ok(Filled::Nothing) => (Vec::new(), Ok(())),
            Ok(Filled::Batch(indexes)) => {
                let asked = self.producer.send_batch(batch, None);
                let done = self.service.within("sending events", asked).await;
                (indexes, done)
            }
            Ok(Filled::Alone(index)) => {
                let message = encode(&self.records[index]);
                let options = SendMessageOptions {
                    partition_id: Some(self.partition.to_owned()),
                };
                let asked = self.producer.send_message(message, Some(options));
                let done = self.service.within("sending an event", asked).await;
                (vec![index], done)
            }
            Err(error) => (Vec::new(), Err(error)),
        }
    }

    /// Fills a batch with as much as fits into it, and as may go together.
    ///
    /// The client marks a batch as a whole with the partition key of its first record, and those without one would take
    /// it over. So a batch that begins with a key ends before a record without; one that begins without takes all.
    fn fill(&mut self, batch: &EventDataBatch<'_>, rejected: &mut Vec<Rejected>) -> Result<Filled> {
        let mut indexes = Vec::new();
        let mut marked = false;
        while let Some(&index) = self.indexes.front() {
            let record = &self.records[index];
            let keyed = has_partition_key(record);
            if indexes.is_empty() {
                marked = keyed;
            } else if marked && !keyed {
                break;
            }
            if record.size() > self.largest {
                self.indexes.pop_front();
                rejected.push(self.too_large(index, record.size()));
                continue;
            }
            let added = batch.try_add_amqp_message(encode(record), None);
            if added.map_err(|error| request("writing an event", error))? {
                self.indexes.pop_front();
                indexes.push(index);
                continue;
            }
            if !indexes.is_empty() {
                break;
            }
            // The client counts the first message of a batch twice, so half the limit is its end.
            self.indexes.pop_front();
            let size = self.written_size(record)?;
            if size <= self.largest {
                return Ok(Filled::Alone(index));
            }
            rejected.push(self.too_large(index, size));
        }
        Ok(match indexes.is_empty() {
            true => Filled::Nothing,
            false => Filled::Batch(indexes),
        })
    }

    /// The bytes that a record takes as a message.
    fn written_size(&self, record: &Record) -> Result<usize> {
        let bytes = azure_core_amqp::AmqpMessage::serialize(&encode(record));
        let bytes = bytes.map_err(|error| request("writing an event", error.into()))?;
        Ok(bytes.len())
    }

    fn too_large(&self, index: usize, size: usize) -> Rejected {
        let error = Error::new(
            ErrorKind::TooLarge,
            format!(
                "an event of {size} bytes, where the hub takes {}",
                self.largest
            ),
        );
        Rejected { index, error }
    }

    /// What was sent without an answer, and all that was to follow it.
    fn hold_back(&self, sent: Vec<usize>, error: &Error, rejected: &mut Vec<Rejected>) {
        let unsure = sent.into_iter().chain(self.indexes.iter().copied());
        rejected.extend(unsure.map(|index| {
            Rejected {
                index,
                error: Error::new(error.kind(), error.to_string())
                    .temporary()
                    .with("partition", self.partition),
            }
        }));
    }
}
