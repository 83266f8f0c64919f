//! OffsetFetch: how far groups have read.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::call::Call;
use crate::kafka::groups::{Committed, Visible};

pub(crate) fn handle(call: &mut Call<'_>, request: OffsetFetchRequest) -> OffsetFetchResponse {
    if call.version >= 8 {
        let groups = request
            .groups
            .into_iter()
            .map(|asked| group(call, asked, request.require_stable))
            .collect();
        return OffsetFetchResponse::default().with_groups(groups);
    }
    let topics = request.topics.map(|topics| {
        let newer =
            |topic: kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic| {
                let indexes = topic.partition_indexes;
                OffsetFetchRequestTopics::default()
                    .with_name(topic.name)
                    .with_partition_indexes(indexes)
            };
        topics.into_iter().map(newer).collect()
    });
    let asked = OffsetFetchRequestGroup::default()
        .with_group_id(request.group_id)
        .with_topics(topics);
    let answer = group(call, asked, request.require_stable);
    let topics = answer
        .topics
        .into_iter()
        .map(|topic| older(topic, call.version))
        .collect();
    OffsetFetchResponse::default()
        .with_error_code(answer.error_code)
        .with_topics(topics)
}

fn group(
    call: &Call<'_>,
    asked: OffsetFetchRequestGroup,
    require_stable: bool,
) -> OffsetFetchResponseGroup {
    let mut visible = call.broker.groups.offsets(&asked.group_id);
    if !require_stable {
        visible.unstable.clear();
    }
    let topics = match asked.topics {
        None => all(&visible),
        Some(topics) => topics
            .into_iter()
            .map(|topic| some(&visible, topic))
            .collect(),
    };
    OffsetFetchResponseGroup::default()
        .with_group_id(asked.group_id)
        .with_topics(topics)
}

fn all(visible: &Visible) -> Vec<OffsetFetchResponseTopics> {
    let mut topics: Vec<OffsetFetchResponseTopics> = Vec::new();
    for (name, index) in visible.offsets.keys() {
        if topics
            .last()
            .is_none_or(|topic| topic.name.as_str() != name)
        {
            let name = TopicName(StrBytes::from_string(name.clone()));
            topics.push(OffsetFetchResponseTopics::default().with_name(name));
        }
        if let Some(topic) = topics.last_mut() {
            topic.partitions.push(partition(visible, name, *index));
        }
    }
    topics
}

fn some(visible: &Visible, asked: OffsetFetchRequestTopics) -> OffsetFetchResponseTopics {
    let partitions = asked
        .partition_indexes
        .iter()
        .map(|index| partition(visible, &asked.name, *index))
        .collect();
    OffsetFetchResponseTopics::default()
        .with_name(asked.name)
        .with_partitions(partitions)
}

fn partition(visible: &Visible, topic: &str, index: i32) -> OffsetFetchResponsePartitions {
    let key = (topic.to_owned(), index);
    let answer = OffsetFetchResponsePartitions::default().with_partition_index(index);
    let unknown = || {
        answer
            .clone()
            .with_committed_offset(-1)
            .with_metadata(Some(StrBytes::default()))
    };
    if visible.unstable.contains(&key) {
        return unknown().with_error_code(ResponseError::UnstableOffsetCommit.code());
    }
    let known = |committed: &Committed| {
        answer
            .clone()
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(committed.leader_epoch)
            .with_metadata(Some(StrBytes::from_string(committed.metadata.clone())))
    };
    visible.offsets.get(&key).map_or_else(unknown, known)
}

/// The shape that versions before 8 have.
fn older(topic: OffsetFetchResponseTopics, version: i16) -> OffsetFetchResponseTopic {
    let partition = |one: OffsetFetchResponsePartitions| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(one.partition_index)
            .with_committed_offset(one.committed_offset)
            .with_committed_leader_epoch(if version >= 5 {
                one.committed_leader_epoch
            } else {
                -1
            })
            .with_metadata(one.metadata)
            .with_error_code(one.error_code)
    };
    let partitions = topic.partitions.into_iter().map(partition).collect();
    OffsetFetchResponseTopic::default()
        .with_name(topic.name)
        .with_partitions(partitions)
}
