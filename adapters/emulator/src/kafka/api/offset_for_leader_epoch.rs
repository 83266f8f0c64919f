//! OffsetForLeaderEpoch: where an epoch ended. There is only one epoch, which has not ended.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

use crate::kafka::call::Call;
use crate::kafka::partition::LEADER_EPOCH;

pub(crate) fn handle(
    call: &mut Call<'_>,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topic = |asked: OffsetForLeaderTopic| {
        let partitions = asked
            .partitions
            .iter()
            .map(|one| locate(call, &asked.topic, one))
            .collect();
        OffsetForLeaderTopicResult::default()
            .with_topic(asked.topic.clone())
            .with_partitions(partitions)
    };
    OffsetForLeaderEpochResponse::default()
        .with_topics(request.topics.into_iter().map(topic).collect())
}

fn locate(call: &Call<'_>, topic: &str, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    let answer = EpochEndOffset::default()
        .with_partition(asked.partition)
        .with_leader_epoch(-1)
        .with_end_offset(-1);
    let Some(partition) = call.broker.topics.partition(topic, asked.partition) else {
        return answer.with_error_code(ResponseError::UnknownTopicOrPartition.code());
    };
    if asked.current_leader_epoch > LEADER_EPOCH {
        return answer.with_error_code(ResponseError::UnknownLeaderEpoch.code());
    }
    match asked.leader_epoch {
        LEADER_EPOCH => answer
            .with_leader_epoch(LEADER_EPOCH)
            .with_end_offset(partition.bounds().end),
        _ => answer,
    }
}
