//! OffsetCommit: how far a group has read.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};

use super::code_of;
use crate::kafka::call::Call;
use crate::kafka::groups::{Committed, Committer, TopicPartition};

/// The longest metadata that a commit may carry, as Kafka's `offset.metadata.max.bytes`.
const MAX_METADATA: usize = 4096;

/// An offset that a client wants to commit.
pub(super) struct Offer<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) metadata: &'a str,
}

/// The offsets to store, and a verdict on every offer.
type Sifted = (
    Vec<(TopicPartition, Committed)>,
    Vec<Result<(), ResponseError>>,
);

/// Tells the offers that can be stored from those that cannot.
pub(super) fn sift<'a>(call: &Call<'_>, offers: impl Iterator<Item = Offer<'a>>) -> Sifted {
    let mut accepted = Vec::new();
    let mut verdicts = Vec::new();
    for offer in offers {
        let verdict = check(call, &offer);
        if verdict.is_ok() {
            let committed = Committed {
                offset: offer.offset,
                leader_epoch: offer.leader_epoch,
                metadata: offer.metadata.to_owned(),
                time_ms: call.broker.now_ms(),
            };
            accepted.push(((offer.topic.to_owned(), offer.partition), committed));
        }
        verdicts.push(verdict);
    }
    (accepted, verdicts)
}

fn check(call: &Call<'_>, offer: &Offer<'_>) -> Result<(), ResponseError> {
    if call
        .broker
        .topics
        .partition(offer.topic, offer.partition)
        .is_none()
    {
        return Err(ResponseError::UnknownTopicOrPartition);
    }
    if offer.metadata.len() > MAX_METADATA {
        return Err(ResponseError::OffsetMetadataTooLarge);
    }
    Ok(())
}

pub(crate) fn handle(call: &mut Call<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let committer = Committer {
        member_id: request.member_id,
        instance_id: request.group_instance_id,
        generation: request.generation_id_or_member_epoch,
    };
    let offers = request
        .topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|one| offer(&topic.name, one)));
    let (accepted, verdicts) = sift(call, offers);
    let overall = call
        .broker
        .groups
        .commit(&request.group_id, &committer, accepted);
    let mut codes = verdicts
        .into_iter()
        .map(|verdict| code_of(&verdict.and(overall)));
    let topic = |asked: OffsetCommitRequestTopic| {
        let partition = |one: &OffsetCommitRequestPartition| {
            let answer =
                OffsetCommitResponsePartition::default().with_partition_index(one.partition_index);
            answer.with_error_code(codes.next().unwrap_or_default())
        };
        let partitions = asked.partitions.iter().map(partition).collect();
        OffsetCommitResponseTopic::default()
            .with_name(asked.name)
            .with_partitions(partitions)
    };
    OffsetCommitResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

fn offer<'a>(topic: &'a str, one: &'a OffsetCommitRequestPartition) -> Offer<'a> {
    Offer {
        topic,
        partition: one.partition_index,
        offset: one.committed_offset,
        leader_epoch: one.committed_leader_epoch,
        metadata: one.committed_metadata.as_deref().unwrap_or_default(),
    }
}
