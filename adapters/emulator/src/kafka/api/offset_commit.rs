//! OffsetCommit: how far a group has read.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestPartition;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};

use crate::kafka::call::Call;
use crate::kafka::groups::{Committed, Committer};

/// The longest metadata that a commit may carry, as Kafka's `offset.metadata.max.bytes`.
const MAX_METADATA: usize = 4096;

pub(crate) fn handle(call: &mut Call<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let committer = Committer {
        member_id: request.member_id,
        instance_id: request.group_instance_id,
        generation: request.generation_id_or_member_epoch,
    };
    let mut accepted = Vec::new();
    let mut verdicts = Vec::new();
    for topic in &request.topics {
        for one in &topic.partitions {
            let verdict = check(call, &topic.name, one);
            if verdict.is_ok() {
                let key = (topic.name.to_string(), one.partition_index);
                accepted.push((key, committed(call, one)));
            }
            verdicts.push(verdict);
        }
    }
    let overall = call
        .broker
        .groups
        .commit(&request.group_id, &committer, accepted);
    let mut codes = verdicts
        .into_iter()
        .map(|verdict| verdict.and(overall).err().map_or(0, |error| error.code()));
    let topic =
        |topic: kafka_protocol::messages::offset_commit_request::OffsetCommitRequestTopic| {
            let partition = |one: &OffsetCommitRequestPartition| {
                let answer = OffsetCommitResponsePartition::default()
                    .with_partition_index(one.partition_index);
                answer.with_error_code(codes.next().unwrap_or_default())
            };
            let partitions = topic.partitions.iter().map(partition).collect();
            OffsetCommitResponseTopic::default()
                .with_name(topic.name)
                .with_partitions(partitions)
        };
    OffsetCommitResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

fn check(
    call: &Call<'_>,
    topic: &str,
    one: &OffsetCommitRequestPartition,
) -> Result<(), ResponseError> {
    let exists = call
        .broker
        .topics
        .get(topic)
        .and_then(|topic| topic.partition(one.partition_index))
        .is_some();
    let metadata_len = one
        .committed_metadata
        .as_ref()
        .map_or(0, |metadata| metadata.len());
    match () {
        () if !exists => Err(ResponseError::UnknownTopicOrPartition),
        () if metadata_len > MAX_METADATA => Err(ResponseError::OffsetMetadataTooLarge),
        () => Ok(()),
    }
}

fn committed(call: &Call<'_>, one: &OffsetCommitRequestPartition) -> Committed {
    Committed {
        offset: one.committed_offset,
        leader_epoch: one.committed_leader_epoch,
        metadata: one.committed_metadata.clone().unwrap_or_default(),
        time_ms: call.broker.clock.now_ms(),
    }
}
