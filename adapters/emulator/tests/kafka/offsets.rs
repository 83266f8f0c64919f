//! Offsets that groups commit, and groups as administrators see them.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteTopicsRequest, DescribeGroupsRequest, LeaveGroupRequest,
    ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
};
use kafka_protocol::protocol::StrBytes;
use ssectl_emulator::kafka::Emulator;

use super::client::*;
use super::groups::*;

fn commit_request(
    generation: i32,
    member_id: &StrBytes,
    partition: i32,
    offset: i64,
) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default()
        .with_partition_index(partition)
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text("note")));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(topic_name("t"))
        .with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(group("g"))
        .with_generation_id_or_member_epoch(generation)
        .with_member_id(member_id.clone())
        .with_topics(vec![topic])
}

pub(crate) fn commit(
    client: &mut Client,
    generation: i32,
    member_id: &StrBytes,
    partition: i32,
    offset: i64,
) -> i16 {
    let response = client.call(9, &commit_request(generation, member_id, partition, offset));
    response.topics[0].partitions[0].error_code
}

/// The committed offset in every version of the request.
pub(crate) fn committed(emulator: &Emulator, partition: i32) -> i64 {
    let mut client = Client::of(emulator);
    let mut offsets = Vec::new();
    for version in 1..=9 {
        let request = OffsetFetchRequest::default();
        offsets.push(if version < 8 {
            let topic = OffsetFetchRequestTopic::default().with_name(topic_name("t"));
            let topics = Some(vec![topic.with_partition_indexes(vec![partition])]);
            let response = client.call(
                version,
                &request.with_group_id(group("g")).with_topics(topics),
            );
            response.topics[0].partitions[0].committed_offset
        } else {
            let topic = OffsetFetchRequestTopics::default().with_name(topic_name("t"));
            let topics = Some(vec![topic.with_partition_indexes(vec![partition])]);
            let asked = OffsetFetchRequestGroup::default()
                .with_group_id(group("g"))
                .with_topics(topics);
            let asked = if version < 9 {
                asked
            } else {
                asked.with_member_epoch(-1)
            };
            let response = client.call(version, &request.with_groups(vec![asked]));
            response.groups[0].topics[0].partitions[0].committed_offset
        });
    }
    assert!(
        offsets.iter().all(|offset| *offset == offsets[0]),
        "{offsets:?}"
    );
    offsets[0]
}

#[test]
fn offsets_are_committed_by_members_and_by_clients_without_a_group() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 2, &[]);
    let nobody = text("");
    assert_eq!(commit(&mut client, -1, &nobody, 0, 5), 0);
    assert_eq!((committed(&emulator, 0), committed(&emulator, 1)), (5, -1));
    assert_eq!(
        error(commit(&mut client, -1, &nobody, 7, 5)),
        Some(ResponseError::UnknownTopicOrPartition)
    );
    let joined = group_of_one(&mut client);
    assert_eq!(
        commit(&mut client, joined.generation_id, &joined.member_id, 1, 8),
        0
    );
    for (generation, member_id, expected) in [
        (
            joined.generation_id + 1,
            &joined.member_id,
            ResponseError::IllegalGeneration,
        ),
        (
            joined.generation_id,
            &text("stranger"),
            ResponseError::UnknownMemberId,
        ),
        (-1, &nobody, ResponseError::UnknownMemberId),
    ] {
        assert_eq!(
            error(commit(&mut client, generation, member_id, 1, 99)),
            Some(expected)
        );
    }
    assert_eq!(committed(&emulator, 1), 8);
    let mut long = commit_request(joined.generation_id, &joined.member_id, 1, 9);
    long.topics[0].partitions[0].committed_metadata = Some(text(&"x".repeat(5000)));
    let refused = client.call(9, &long).topics[0].partitions[0].error_code;
    assert_eq!(error(refused), Some(ResponseError::OffsetMetadataTooLarge));
    let everything = OffsetFetchRequest::default()
        .with_group_id(group("g"))
        .with_topics(None);
    let topics = client.call(7, &everything).topics;
    assert_eq!(
        topics[0]
            .partitions
            .iter()
            .map(|one| one.committed_offset)
            .collect::<Vec<_>>(),
        [5, 8]
    );
    assert_eq!(
        topics[0].partitions[0].metadata.as_ref().unwrap().as_str(),
        "note"
    );
}

#[test]
fn groups_are_listed_described_and_deleted() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 2, &[]);
    let joined = group_of_one(&mut client);
    commit(&mut client, joined.generation_id, &joined.member_id, 0, 5);
    for version in 0..=6 {
        let described = client.call(
            version,
            &DescribeGroupsRequest::default().with_groups(vec![group("g")]),
        );
        let described = &described.groups[0];
        assert_eq!(
            (
                described.group_state.as_str(),
                described.protocol_data.as_str()
            ),
            ("Stable", "range")
        );
        assert_eq!(&described.members[0].member_assignment[..], b"all");
        assert_eq!(described.members[0].client_id.as_str(), "test");
    }
    let unknown = client.call(
        6,
        &DescribeGroupsRequest::default().with_groups(vec![group("h")]),
    );
    assert_eq!(
        error(unknown.groups[0].error_code),
        Some(ResponseError::GroupIdNotFound)
    );
    for version in 0..=5 {
        assert_eq!(
            client
                .call(version, &ListGroupsRequest::default())
                .groups
                .len(),
            1
        );
    }
    let mut listed = |state: &str, kind: &str| {
        let request = ListGroupsRequest::default().with_states_filter(vec![text(state)]);
        client
            .call(5, &request.with_types_filter(vec![text(kind)]))
            .groups
            .len()
    };
    assert_eq!(
        [
            listed("stable", "classic"),
            listed("Empty", "classic"),
            listed("Stable", "consumer")
        ],
        [1, 0, 0]
    );
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![group("g"), group("h")]);
    let codes = |response: kafka_protocol::messages::DeleteGroupsResponse| {
        response
            .results
            .iter()
            .map(|result| error(result.error_code))
            .collect::<Vec<_>>()
    };
    let refused = codes(client.call(2, &delete));
    assert_eq!(
        refused,
        [
            Some(ResponseError::NonEmptyGroup),
            Some(ResponseError::GroupIdNotFound)
        ]
    );
    let leaving = vec![MemberIdentity::default().with_member_id(joined.member_id.clone())];
    client.call(
        5,
        &LeaveGroupRequest::default()
            .with_group_id(group("g"))
            .with_members(leaving),
    );
    let deleted = client.call(2, &delete);
    assert_eq!(deleted.results[0].error_code, 0);
    assert_eq!(committed(&emulator, 0), -1);
}

#[test]
fn offsets_can_be_forgotten_and_go_with_their_topic() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 3, &[]);
    for partition in 0..3 {
        commit(&mut client, -1, &text(""), partition, 5);
    }
    let partition = OffsetDeleteRequestPartition::default().with_partition_index(1);
    let topic = OffsetDeleteRequestTopic::default()
        .with_name(topic_name("t"))
        .with_partitions(vec![partition]);
    let request = OffsetDeleteRequest::default().with_topics(vec![topic]);
    let response = client.call(0, &request.clone().with_group_id(group("g")));
    assert_eq!(
        (
            response.error_code,
            response.topics[0].partitions[0].error_code
        ),
        (0, 0)
    );
    assert_eq!([committed(&emulator, 0), committed(&emulator, 1)], [5, -1]);
    let unknown = client.call(0, &request.with_group_id(group("h")));
    assert_eq!(
        error(unknown.error_code),
        Some(ResponseError::GroupIdNotFound)
    );
    client.call(
        5,
        &DeleteTopicsRequest::default().with_topic_names(vec![topic_name("t")]),
    );
    client.create_topic("t", 3, &[]);
    assert_eq!(committed(&emulator, 0), -1);
}
