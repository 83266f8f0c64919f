//! A transactional producer, step by step.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest, ProducerId, TransactionalId,
};

use ssectl_emulator::kafka::Emulator;

use super::client::*;

/// A producer with a transactional id. The methods that try return `None` when the connection is gone.
pub(crate) struct Producer {
    pub(crate) client: Client,
    pub(crate) id: String,
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    sequences: BTreeMap<(String, i32), i32>,
}

impl Producer {
    pub(crate) fn try_init(mut client: Client, id: &str, timeout_ms: i32) -> Option<Self> {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(id))))
            .with_transaction_timeout_ms(timeout_ms)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
        let response = client.try_call(4, &request)?;
        assert_eq!(response.error_code, 0);
        let (producer_id, epoch) = (response.producer_id.0, response.producer_epoch);
        Some(Self {
            client,
            id: id.to_owned(),
            producer_id,
            epoch,
            sequences: BTreeMap::new(),
        })
    }

    pub(crate) fn init(emulator: &Emulator, id: &str, timeout_ms: i32) -> Self {
        Self::try_init(Client::of(emulator), id, timeout_ms).expect("the emulator is up")
    }

    pub(crate) fn add(&mut self, topic: &str, partitions: &[i32]) -> Vec<i16> {
        self.try_add(topic, partitions).expect("the emulator is up")
    }

    pub(crate) fn write(
        &mut self,
        topic: &str,
        partition: i32,
        value: &str,
    ) -> Option<ResponseError> {
        self.try_write(topic, partition, value)
            .expect("the emulator is up")
            .err()
    }

    pub(crate) fn end(&mut self, commit: bool) -> Option<ResponseError> {
        self.try_end(commit).expect("the emulator is up").err()
    }

    pub(crate) fn wire_id(&self) -> TransactionalId {
        TransactionalId(text(&self.id))
    }

    /// Adds partitions; one error code for each.
    pub(crate) fn try_add(&mut self, topic: &str, partitions: &[i32]) -> Option<Vec<i16>> {
        let topic = AddPartitionsToTxnTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(partitions.to_vec());
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(self.wire_id())
            .with_v3_and_below_producer_id(ProducerId(self.producer_id))
            .with_v3_and_below_producer_epoch(self.epoch)
            .with_v3_and_below_topics(vec![topic]);
        let response = self.client.try_call(3, &request)?;
        let results = &response.results_by_topic_v3_and_below[0].results_by_partition;
        Some(
            results
                .iter()
                .map(|result| result.partition_error_code)
                .collect(),
        )
    }

    /// Writes one value.
    pub(crate) fn try_write(
        &mut self,
        topic: &str,
        partition: i32,
        value: &str,
    ) -> Option<Result<(), ResponseError>> {
        let sequence = self
            .sequences
            .entry((topic.to_owned(), partition))
            .or_default();
        let writer = Writer {
            producer_id: self.producer_id,
            epoch: self.epoch,
            sequence: *sequence,
            transactional: true,
        };
        let sent =
            self.client
                .try_produce(Some(&self.id), topic, partition, batch(writer, &[value]))?;
        let written = result(sent.error_code);
        *sequence += i32::from(written.is_ok());
        Some(written)
    }

    /// Commits or aborts.
    pub(crate) fn try_end(&mut self, commit: bool) -> Option<Result<(), ResponseError>> {
        let request = EndTxnRequest::default()
            .with_transactional_id(self.wire_id())
            .with_producer_id(ProducerId(self.producer_id))
            .with_producer_epoch(self.epoch)
            .with_committed(commit);
        Some(result(self.client.try_call(3, &request)?.error_code))
    }
}
