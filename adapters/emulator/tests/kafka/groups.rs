//! Consumer groups: membership, assignment, committed offsets.

use std::thread;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    FindCoordinatorRequest, GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;
use ssectl_emulator::kafka::{Config, Emulator};

use super::client::*;

pub(crate) fn group(id: &str) -> GroupId {
    GroupId(text(id))
}

pub(crate) fn join_request(member_id: &StrBytes, protocols: &[&str]) -> JoinGroupRequest {
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
pub(crate) fn join(client: &mut Client, protocols: &[&str]) -> JoinGroupResponse {
    let asked = client.call(9, &join_request(&text(""), protocols));
    assert_eq!(
        error(asked.error_code),
        Some(ResponseError::MemberIdRequired)
    );
    client.call(9, &join_request(&asked.member_id, protocols))
}

pub(crate) fn rejoin(client: &mut Client, member_id: &StrBytes) -> JoinGroupResponse {
    client.call(9, &join_request(member_id, &["range"]))
}

pub(crate) fn sync_request(
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

pub(crate) fn heartbeat(client: &mut Client, joined: &JoinGroupResponse) -> Option<ResponseError> {
    let request = HeartbeatRequest::default()
        .with_group_id(group("g"))
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone());
    let code = client.call(4, &request).error_code;
    error(code).filter(|_| code != 0)
}

/// A group of one member that has its assignment.
pub(crate) fn group_of_one(client: &mut Client) -> JoinGroupResponse {
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
    // Long enough for all three to come, whatever else the machine does: the first alone would have its own way.
    let emulator = Emulator::start(Config {
        initial_rebalance_delay: Duration::from_secs(2),
        ..Config::default()
    })
    .unwrap();
    let members = [
        &["only-mine", "range", "sticky"][..],
        &["sticky", "range"],
        &["sticky", "range"],
    ]
    .map(|protocols| {
        let mut client = Client::of(&emulator);
        let asked = client.call(9, &join_request(&text(""), protocols));
        (client, join_request(&asked.member_id, protocols))
    });
    let waiting = members.map(|(mut client, request)| {
        client.send(9, &request);
        client
    });
    for mut client in waiting {
        let joined = client.receive::<JoinGroupRequest>(9);
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
