//! ListOffsets: the offset at a place or a time.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use crate::kafka::call::Call;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

pub(crate) fn handle(call: &mut Call<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let topic = |asked: ListOffsetsTopic| {
        let partitions = asked
            .partitions
            .iter()
            .map(|one| locate(call, &asked.name, one))
            .collect();
        ListOffsetsTopicResponse::default()
            .with_name(asked.name.clone())
            .with_partitions(partitions)
    };
    ListOffsetsResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

fn locate(
    call: &Call<'_>,
    topic: &str,
    asked: &ListOffsetsPartition,
) -> ListOffsetsPartitionResponse {
    let answer =
        ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
    let answer = answer.with_timestamp(-1).with_offset(-1);
    let found = call
        .broker
        .topics
        .get(topic)
        .and_then(|topic| topic.partition(asked.partition_index));
    let Some(partition) = found else {
        return answer.with_error_code(ResponseError::UnknownTopicOrPartition.code());
    };
    let (start, end) = partition.bounds();
    let offset = match asked.timestamp {
        LATEST => end,
        EARLIEST => start,
        time => partition
            .find_time(time)
            .map_or(-1, |frame| frame.header.base_offset),
    };
    let answer = answer.with_offset(offset);
    if call.version >= 4 {
        answer.with_leader_epoch(0)
    } else {
        answer
    }
}
