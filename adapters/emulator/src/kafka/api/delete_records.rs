//! DeleteRecords: moves the start of partitions.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};

use crate::kafka::call::Call;

/// Stands for the end of the partition.
const HIGH_WATERMARK: i64 = -1;

pub(crate) fn handle(call: &mut Call<'_>, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topic = |asked: DeleteRecordsTopic| {
        let partitions = asked
            .partitions
            .iter()
            .map(|one| respond(one, delete(call, &asked.name, one)))
            .collect();
        DeleteRecordsTopicResult::default()
            .with_name(asked.name.clone())
            .with_partitions(partitions)
    };
    DeleteRecordsResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

/// Returns the new start.
fn delete(
    call: &Call<'_>,
    topic: &str,
    asked: &DeleteRecordsPartition,
) -> Result<i64, ResponseError> {
    let topics = &call.broker.topics;
    let topic = topics
        .get(topic)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    let partition = topic
        .partition(asked.partition_index)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    if !topic.config().deletes {
        return Err(ResponseError::PolicyViolation);
    }
    let offset = match asked.offset {
        HIGH_WATERMARK => partition.bounds().end,
        ..HIGH_WATERMARK => return Err(ResponseError::OffsetOutOfRange),
        offset => offset,
    };
    topics
        .delete_records(&topic, asked.partition_index, offset)
        .map_err(|(error, _)| error)
}

fn respond(
    asked: &DeleteRecordsPartition,
    deleted: Result<i64, ResponseError>,
) -> DeleteRecordsPartitionResult {
    let answer =
        DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
    match deleted {
        Ok(start) => answer.with_low_watermark(start),
        Err(error) => answer.with_low_watermark(-1).with_error_code(error.code()),
    }
}
