//! Consumer groups: membership, assignment, committed offsets.

use std::thread;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
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
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteTopicsRequest, DescribeGroupsRequest, FindCoordinatorRequest,
    GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;
use ssectl_emulator::kafka::Emulator;

use super::client::*;

fn group(id: &str) -> GroupId {
    GroupId(text(id))
}

fn join_request(member_id: &StrBytes, protocols: &[&str]) -> JoinGroupRequest {
    let protocol = |name: &&str| {
        let metadata = Bytes::copy_from_slice(format!("meta {name}").as_bytes());
        JoinGroupRequestProtocol::default()
            .with_name(text(name))
            .with_metadata(metadata)
    };
    JoinGroupRequest::default()
        .with_group_id(group("g"))
        .with_session_timeout_ms(6000)
        .with_rebalance_timeout_ms(6000)
        .with_member_id(member_id.clone())
        .with_protocol_type(text("consumer"))
        .with_protocols(protocols.iter().map(protocol).collect())
}

/// Joins, coming back with the id that is given out.
fn join(client: &mut Client, protocols: &[&str]) -> JoinGroupResponse {
    let asked = client.call(9, &join_request(&text(""), protocols));
    assert_eq!(
        error(asked.error_code),
        Some(ResponseError::MemberIdRequired)
    );
    client.call(9, &join_request(&asked.member_id, protocols))
}

fn rejoin(client: &mut Client, member_id: &StrBytes) -> JoinGroupResponse {
    client.call(9, &join_request(member_id, &["range"]))
}

fn sync_request(
    joined: &JoinGroupResponse,
    assignments: &[(&StrBytes, &'static str)],
) -> SyncGroupRequest {
    let assignment = |(member, assignment): &(&StrBytes, &'static str)| {
        let answer = SyncGroupRequestAssignment::default().with_member_id((*member).clone());
        answer.with_assignment(Bytes::from_static(assignment.as_bytes()))
    };
    SyncGroupRequest::default()
        .with_group_id(group("g"))
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone())
        .with_assignments(assignments.iter().map(assignment).collect())
}

fn heartbeat(client: &mut Client, joined: &JoinGroupResponse) -> Option<ResponseError> {
    let request = HeartbeatRequest::default()
        .with_group_id(group("g"))
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone());
    let code = client.call(4, &request).error_code;
    error(code).filter(|_| code != 0)
}

/// A group of one member that has its assignment.
fn group_of_one(client: &mut Client) -> JoinGroupResponse {
    let joined = join(client, &["range"]);
    assert_eq!(joined.error_code, 0);
    let synced = client.call(5, &sync_request(&joined, &[(&joined.member_id, "all")]));
    assert_eq!(
        (synced.error_code, &synced.assignment[..]),
        (0, &b"all"[..])
    );
    joined
}

#[test]
fn the_coordinator_is_the_only_broker() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    for version in 0..=4 {
        let request = FindCoordinatorRequest::default();
        let response = match version {
            4 => client.call(
                version,
                &request.with_coordinator_keys(vec![text("g"), text("h")]),
            ),
            _ => client.call(version, &request.with_key(text("g"))),
        };
        let port = i32::from(emulator.address().port());
        match version {
            4 => assert!(
                response
                    .coordinators
                    .iter()
                    .all(|Coordinator { port: found, .. }| *found == port)
            ),
            _ => assert_eq!((response.port, response.error_code), (port, 0)),
        }
    }
    let request = FindCoordinatorRequest::default()
        .with_key_type(9)
        .with_coordinator_keys(vec![text("g")]);
    let unknown = client.call(4, &request);
    assert_eq!(
        error(unknown.coordinators[0].error_code),
        Some(ResponseError::InvalidRequest)
    );
}

#[test]
fn a_member_joins_and_synchronises_in_every_version() {
    let emulator = start();
    for version in 0..=9 {
        let mut client = Client::of(&emulator);
        let mut request = join_request(&text(""), &["range"]);
        request.group_id = group(&format!("v{version}"));
        let mut joined = client.call(version, &request);
        if version >= 4 {
            assert_eq!(
                error(joined.error_code),
                Some(ResponseError::MemberIdRequired)
            );
            request.member_id = joined.member_id;
            joined = client.call(version, &request);
        }
        assert_eq!(
            (joined.error_code, joined.generation_id),
            (0, 1),
            "version {version}"
        );
        assert_eq!(joined.leader, joined.member_id);
        assert_eq!(&joined.members[0].metadata[..], b"meta range");
        let mut sync = sync_request(&joined, &[(&joined.member_id, "mine")]);
        sync.group_id = request.group_id.clone();
        let synced = client.call(version.min(5), &sync);
        assert_eq!(
            (synced.error_code, &synced.assignment[..]),
            (0, &b"mine"[..])
        );
    }
}

#[test]
fn all_members_get_what_the_leader_assigns() {
    let emulator = start();
    let mut first = Client::of(&emulator);
    let leader = group_of_one(&mut first);
    let second = {
        let mut client = Client::of(&emulator);
        thread::spawn(move || {
            let joined = join(&mut client, &["range"]);
            let synced = client.call(5, &sync_request(&joined, &[]));
            (joined, synced)
        })
    };
    eventually("a rebalance", || {
        heartbeat(&mut first, &leader) == Some(ResponseError::RebalanceInProgress)
    });
    let again = rejoin(&mut first, &leader.member_id);
    assert_eq!((again.generation_id, again.members.len()), (2, 2));
    let other = again
        .members
        .iter()
        .find(|member| member.member_id != again.member_id)
        .unwrap();
    let assignments = [(&again.member_id, "half"), (&other.member_id, "other half")];
    let synced = first.call(5, &sync_request(&again, &assignments));
    assert_eq!(&synced.assignment[..], b"half");
    let (joined, synced) = second.join().unwrap();
    assert_eq!(joined.leader, again.member_id);
    assert!(
        joined.members.is_empty(),
        "only the leader learns who is there"
    );
    assert_eq!(&synced.assignment[..], b"other half");
    assert_eq!(heartbeat(&mut first, &again), None);
    assert_eq!(
        heartbeat(&mut first, &leader),
        Some(ResponseError::IllegalGeneration)
    );
}

#[test]
fn members_vote_for_a_protocol_that_all_have() {
    let emulator = start();
    let spawn = |protocols: &'static [&'static str]| {
        let mut client = Client::of(&emulator);
        thread::spawn(move || join(&mut client, protocols))
    };
    let threads = [
        spawn(&["only-mine", "range", "sticky"]),
        spawn(&["sticky", "range"]),
        spawn(&["sticky", "range"]),
    ];
    for joined in threads.map(|thread| thread.join().unwrap()) {
        assert_eq!(joined.error_code, 0);
        assert_eq!(joined.protocol_name.unwrap().as_str(), "sticky");
    }
    let mut stranger = Client::of(&emulator);
    let refused = stranger.call(9, &join_request(&text(""), &["unheard-of"]));
    assert_eq!(
        error(refused.error_code),
        Some(ResponseError::InconsistentGroupProtocol)
    );
    let other_type = join_request(&text(""), &["range"]).with_protocol_type(text("connect"));
    let refused = stranger.call(9, &other_type);
    assert_eq!(
        error(refused.error_code),
        Some(ResponseError::InconsistentGroupProtocol)
    );
}

#[test]
fn what_is_wrong_with_a_join_is_said() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    let sound = join_request(&text(""), &["range"]);
    for (request, expected) in [
        (
            sound.clone().with_group_id(group("")),
            ResponseError::InvalidGroupId,
        ),
        (
            sound.clone().with_session_timeout_ms(10),
            ResponseError::InvalidSessionTimeout,
        ),
        (
            sound.clone().with_session_timeout_ms(i32::MAX),
            ResponseError::InvalidSessionTimeout,
        ),
        (
            sound.clone().with_protocols(Vec::new()),
            ResponseError::InconsistentGroupProtocol,
        ),
        (
            sound.clone().with_member_id(text("nobody")),
            ResponseError::UnknownMemberId,
        ),
    ] {
        let refused = client.call(9, &request);
        assert_eq!(error(refused.error_code), Some(expected), "{request:?}");
    }
}

#[test]
fn a_member_that_leaves_is_forgotten_at_once() {
    let emulator = start();
    for version in 0..=5 {
        let mut client = Client::of(&emulator);
        let joined = group_of_one(&mut client);
        let request = LeaveGroupRequest::default().with_group_id(group("g"));
        let request = match version {
            0..=2 => request.with_member_id(joined.member_id.clone()),
            _ => request.with_members(vec![
                MemberIdentity::default().with_member_id(joined.member_id.clone()),
            ]),
        };
        let left = client.call(version, &request);
        assert_eq!(left.error_code, 0);
        assert!(left.members.iter().all(|member| member.error_code == 0));
        assert_eq!(
            heartbeat(&mut client, &joined),
            Some(ResponseError::UnknownMemberId)
        );
        let again = client.call(version, &request);
        let codes = [again.error_code]
            .into_iter()
            .chain(again.members.iter().map(|member| member.error_code));
        assert_eq!(error(codes.sum()), Some(ResponseError::UnknownMemberId));
    }
}

#[test]
fn a_static_member_comes_back_to_its_assignment_and_locks_its_double_out() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    let request =
        join_request(&text(""), &["range"]).with_group_instance_id(Some(text("instance")));
    let first = client.call(9, &request);
    assert_eq!(first.error_code, 0, "a static member needs no second round");
    client.call(
        5,
        &sync_request(&first, &[(&first.member_id, "mine")])
            .with_group_instance_id(Some(text("instance"))),
    );
    let mut successor = Client::of(&emulator);
    let second = successor.call(9, &request);
    assert_eq!(
        (second.error_code, second.generation_id),
        (0, first.generation_id),
        "no rebalance"
    );
    assert!(second.skip_assignment);
    assert_ne!(second.member_id, first.member_id);
    let synced = successor.call(
        5,
        &sync_request(&second, &[]).with_group_instance_id(Some(text("instance"))),
    );
    assert_eq!(&synced.assignment[..], b"mine");
    let beat = HeartbeatRequest::default()
        .with_group_id(group("g"))
        .with_generation_id(first.generation_id)
        .with_member_id(first.member_id.clone())
        .with_group_instance_id(Some(text("instance")));
    assert_eq!(
        error(client.call(4, &beat).error_code),
        Some(ResponseError::FencedInstanceId)
    );
    let by_instance = MemberIdentity::default().with_group_instance_id(Some(text("instance")));
    let request = LeaveGroupRequest::default()
        .with_group_id(group("g"))
        .with_members(vec![by_instance]);
    assert_eq!(client.call(5, &request).members[0].error_code, 0);
}

#[test]
fn a_member_that_does_not_come_to_the_rebalance_is_left_behind() {
    let emulator = start();
    let mut silent = Client::of(&emulator);
    let forgotten = group_of_one(&mut silent);
    // The second member waits for the first until the rebalance times out, 6 s at most.
    let mut client = Client::of(&emulator);
    let joined = join(&mut client, &["range"]);
    assert_eq!((joined.error_code, joined.members.len()), (0, 1));
    assert_eq!(joined.leader, joined.member_id);
    assert_eq!(
        heartbeat(&mut silent, &forgotten),
        Some(ResponseError::UnknownMemberId)
    );
}

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

fn commit(
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
fn committed(emulator: &Emulator, partition: i32) -> i64 {
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
