//! AddPartitionsToTxn, AddOffsetsToTxn, EndTxn: the steps of a transaction.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse, EndTxnRequest, EndTxnResponse,
};

use super::code_of;
use crate::kafka::batch::Marker;
use crate::kafka::call::Call;

/// The version from which AddPartitionsToTxn, AddOffsetsToTxn and EndTxn know that a producer can be fenced (KIP-588).
const KNOWS_FENCED: i16 = 2;

/// A fenced producer, as clients of older versions are told.
pub(super) fn fenced_for(error: ResponseError, version: i16, since: i16) -> ResponseError {
    match error {
        ResponseError::ProducerFenced if version < since => ResponseError::InvalidProducerEpoch,
        other => other,
    }
}

pub(crate) fn add_partitions(
    call: &mut Call<'_>,
    request: AddPartitionsToTxnRequest,
) -> AddPartitionsToTxnResponse {
    let topics = request.v3_and_below_topics;
    let asked = topics.iter().flat_map(|topic| {
        topic
            .partitions
            .iter()
            .map(|number| (topic.name.to_string(), *number))
    });
    let asked: Vec<_> = asked.collect();
    let exists =
        |(topic, number): &(String, i32)| call.broker.topics.partition(topic, *number).is_some();
    let all_exist = asked.iter().all(exists);
    let result = match all_exist {
        true => {
            let identity = (
                request.v3_and_below_producer_id.0,
                request.v3_and_below_producer_epoch,
            );
            let id = &request.v3_and_below_transactional_id;
            call.broker.transactions.add_partitions(id, identity, asked)
        }
        false => Err(ResponseError::OperationNotAttempted),
    };
    let overall = result.map_err(|error| fenced_for(error, call.version, KNOWS_FENCED));
    let topic = |asked: AddPartitionsToTxnTopic| {
        let partition = |number: &i32| {
            let known = call.broker.topics.partition(&asked.name, *number).is_some();
            let code = if known {
                code_of(&overall)
            } else {
                ResponseError::UnknownTopicOrPartition.code()
            };
            let answer = AddPartitionsToTxnPartitionResult::default().with_partition_index(*number);
            answer.with_partition_error_code(code)
        };
        let results = asked.partitions.iter().map(partition).collect();
        AddPartitionsToTxnTopicResult::default()
            .with_name(asked.name.clone())
            .with_results_by_partition(results)
    };
    AddPartitionsToTxnResponse::default()
        .with_results_by_topic_v3_and_below(topics.into_iter().map(topic).collect())
}

pub(crate) fn add_offsets(
    call: &mut Call<'_>,
    request: AddOffsetsToTxnRequest,
) -> AddOffsetsToTxnResponse {
    let identity = (request.producer_id.0, request.producer_epoch);
    let result = match request.group_id.is_empty() {
        true => Err(ResponseError::InvalidGroupId),
        false => call.broker.transactions.add_group(
            &request.transactional_id,
            identity,
            &request.group_id,
        ),
    };
    let result = result.map_err(|error| fenced_for(error, call.version, KNOWS_FENCED));
    AddOffsetsToTxnResponse::default().with_error_code(code_of(&result))
}

pub(crate) fn end(call: &mut Call<'_>, request: EndTxnRequest) -> EndTxnResponse {
    let identity = (request.producer_id.0, request.producer_epoch);
    let marker = if request.committed {
        Marker::Commit
    } else {
        Marker::Abort
    };
    let result = call
        .broker
        .transactions
        .end(&request.transactional_id, identity, marker);
    let result = result.map_err(|error| fenced_for(error, call.version, KNOWS_FENCED));
    EndTxnResponse::default().with_error_code(code_of(&result))
}
