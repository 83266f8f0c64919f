//! TxnOffsetCommit: offsets that count once a transaction commits.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{TxnOffsetCommitRequest, TxnOffsetCommitResponse};

use super::code_of;
use super::offset_commit::{self, Offer};
use crate::kafka::call::Call;
use crate::kafka::groups::Committer;

pub(crate) fn handle(
    call: &mut Call<'_>,
    request: TxnOffsetCommitRequest,
) -> TxnOffsetCommitResponse {
    let committer = Committer {
        member_id: request.member_id,
        instance_id: request.group_instance_id,
        generation: request.generation_id,
    };
    let offers = request
        .topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|one| offer(&topic.name, one)));
    let (accepted, verdicts) = offset_commit::sift(call, offers);
    let identity = (request.producer_id.0, request.producer_epoch);
    let transactions = &call.broker.transactions;
    let overall = transactions.commit_offsets(
        &request.transactional_id,
        identity,
        &request.group_id,
        &committer,
        accepted,
    );
    let overall = overall.map_err(|error| match error {
        ResponseError::ProducerFenced => ResponseError::InvalidProducerEpoch,
        other => other,
    });
    let mut codes = verdicts
        .into_iter()
        .map(|verdict| code_of(&verdict.and(overall)));
    let topic = |asked: TxnOffsetCommitRequestTopic| {
        let partition = |one: &TxnOffsetCommitRequestPartition| {
            let answer = TxnOffsetCommitResponsePartition::default()
                .with_partition_index(one.partition_index);
            answer.with_error_code(codes.next().unwrap_or_default())
        };
        let partitions = asked.partitions.iter().map(partition).collect();
        TxnOffsetCommitResponseTopic::default()
            .with_name(asked.name)
            .with_partitions(partitions)
    };
    TxnOffsetCommitResponse::default().with_topics(request.topics.into_iter().map(topic).collect())
}

fn offer<'a>(topic: &'a str, one: &'a TxnOffsetCommitRequestPartition) -> Offer<'a> {
    Offer {
        topic,
        partition: one.partition_index,
        offset: one.committed_offset,
        leader_epoch: one.committed_leader_epoch,
        metadata: one.committed_metadata.as_deref().unwrap_or_default(),
    }
}
