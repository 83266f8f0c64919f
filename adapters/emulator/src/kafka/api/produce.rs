//! Produce: checks batches and appends them.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::batch::{self, BatchHeader};
use crate::kafka::call::Call;
use crate::kafka::topics::RECORD_BATCH;
use crate::store::{NewFrame, StoreError};

/// An error code and a reason for people.
type Refusal = (ResponseError, String);

pub(crate) fn handle(call: &mut Call<'_>, request: ProduceRequest) -> Option<ProduceResponse> {
    let valid_acks = (-1..=1).contains(&request.acks);
    let answer_partition = |topic: &str, data: PartitionProduceData| {
        let index = data.index;
        let appended = match valid_acks {
            true => append(call, topic, data),
            false => Err((
                ResponseError::InvalidRequiredAcks,
                "acks must be -1, 0 or 1".to_owned(),
            )),
        };
        respond(index, appended, call.version)
    };
    let answer_topic = |topic: kafka_protocol::messages::produce_request::TopicProduceData| {
        let name = topic.name;
        let partitions = topic
            .partition_data
            .into_iter()
            .map(|data| answer_partition(&name, data))
            .collect();
        TopicProduceResponse::default()
            .with_name(name)
            .with_partition_responses(partitions)
    };
    let responses = request.topic_data.into_iter().map(answer_topic).collect();
    (request.acks != 0).then(|| ProduceResponse::default().with_responses(responses))
}

/// What a successful append tells: base offset and log start offset.
fn append(call: &Call<'_>, topic: &str, data: PartitionProduceData) -> Result<(i64, i64), Refusal> {
    let unknown = || {
        (
            ResponseError::UnknownTopicOrPartition,
            format!("`{topic}` has no partition {}", data.index),
        )
    };
    let partition = call
        .broker
        .topics
        .get(topic)
        .and_then(|topic| topic.partition(data.index))
        .ok_or_else(unknown)?;
    let records = data.records.unwrap_or_default();
    let header =
        BatchHeader::check(&records).map_err(|(error, reason)| (error, reason.to_owned()))?;
    let frame = NewFrame {
        format: RECORD_BATCH,
        offsets: header.offsets(),
        max_timestamp: header.max_timestamp,
        payload: &records,
    };
    let place = |batch: &mut [u8], base_offset| batch::place(batch, base_offset, 0);
    let base_offset = partition
        .append(frame, call.broker.clock.now_ms(), place)
        .map_err(|error| store_refusal(&error))?;
    partition.wake();
    Ok((base_offset, partition.bounds().0))
}

fn store_refusal(error: &StoreError) -> Refusal {
    let code = match error {
        StoreError::OutOfMemory { .. } => ResponseError::PolicyViolation,
        StoreError::Deleted => ResponseError::UnknownTopicOrPartition,
        _ => ResponseError::KafkaStorageError,
    };
    (code, error.to_string())
}

fn respond(
    index: i32,
    appended: Result<(i64, i64), Refusal>,
    version: i16,
) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default()
        .with_index(index)
        .with_log_append_time_ms(-1);
    match appended {
        Ok((base_offset, log_start)) => response
            .with_base_offset(base_offset)
            .with_log_start_offset(log_start),
        Err((error, reason)) => {
            let message = (version >= 8).then(|| StrBytes::from_string(reason));
            let response = response
                .with_error_code(error.code())
                .with_error_message(message);
            response.with_base_offset(-1).with_log_start_offset(-1)
        }
    }
}
