//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup: the classic group protocol.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use std::time::Duration;

use crate::faults::Fault;
use crate::kafka::call::Call;
use crate::kafka::groups::{JoinRequest, Joined, SyncRequest};

pub(crate) fn join(call: &mut Call<'_>, request: JoinGroupRequest) -> JoinGroupResponse {
    let millis = |value: i32| Duration::from_millis(u64::try_from(value).unwrap_or_default());
    let session_timeout = millis(request.session_timeout_ms);
    let join = JoinRequest {
        member_id: request.member_id.clone(),
        instance_id: request.group_instance_id,
        client_id: call.client_id.clone(),
        client_host: call.peer.address.ip().to_string(),
        session_timeout,
        rebalance_timeout: if call.version == 0 {
            session_timeout
        } else {
            millis(request.rebalance_timeout_ms)
        },
        protocol_type: request.protocol_type,
        protocols: request
            .protocols
            .into_iter()
            .map(|one| (one.name, one.metadata))
            .collect(),
        needs_known_id: call.version >= 4,
        may_skip_assignment: call.version >= 9,
    };
    match call.broker.groups.join(&request.group_id, join) {
        Ok(joined) => joined_response(joined, call.version),
        Err(refused) => JoinGroupResponse::default()
            .with_error_code(refused.error.code())
            .with_generation_id(-1)
            .with_protocol_name((call.version < 7).then(Default::default))
            .with_member_id(refused.member_id.unwrap_or(request.member_id)),
    }
}

fn joined_response(joined: Joined, version: i16) -> JoinGroupResponse {
    let member = |(member_id, instance_id, metadata)| {
        let member = JoinGroupResponseMember::default()
            .with_member_id(member_id)
            .with_metadata(metadata);
        member.with_group_instance_id(if version >= 5 { instance_id } else { None })
    };
    let protocol_type = if version >= 7 {
        joined.protocol_type
    } else {
        None
    };
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(protocol_type)
        .with_protocol_name(Some(joined.protocol))
        .with_leader(joined.leader)
        .with_skip_assignment(joined.skip_assignment)
        .with_member_id(joined.member_id)
        .with_members(joined.members.into_iter().map(member).collect())
}

pub(crate) fn sync(call: &mut Call<'_>, request: SyncGroupRequest) -> SyncGroupResponse {
    let sync = SyncRequest {
        member_id: request.member_id,
        instance_id: request.group_instance_id,
        generation: request.generation_id,
        protocol_type: request.protocol_type,
        protocol: request.protocol_name,
        assignments: request
            .assignments
            .into_iter()
            .map(|one| (one.member_id, one.assignment))
            .collect(),
    };
    match call.broker.groups.sync(&request.group_id, sync) {
        Ok(synced) => {
            let response = SyncGroupResponse::default().with_assignment(synced.assignment);
            if call.version < 5 {
                return response;
            }
            response
                .with_protocol_type(synced.protocol_type)
                .with_protocol_name(synced.protocol)
        }
        Err(error) => SyncGroupResponse::default().with_error_code(error.code()),
    }
}

pub(crate) fn heartbeat(call: &mut Call<'_>, request: HeartbeatRequest) -> HeartbeatResponse {
    let instance_id = request.group_instance_id.as_ref();
    let groups = &call.broker.groups;
    if call.broker.config.faults.strikes(Fault::StaleLease) {
        groups.evict(&request.group_id, &request.member_id);
    }
    let result = groups.heartbeat(
        &request.group_id,
        &request.member_id,
        instance_id,
        request.generation_id,
    );
    HeartbeatResponse::default().with_error_code(code_of(result))
}

pub(crate) fn leave(call: &mut Call<'_>, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let groups = &call.broker.groups;
    let single = call.version < 3;
    let leaving = match single {
        true => vec![MemberIdentity::default().with_member_id(request.member_id)],
        false => request.members,
    };
    let identities: Vec<_> = leaving
        .iter()
        .map(|one| (&one.member_id, one.group_instance_id.as_ref()))
        .collect();
    let results = match groups.leave(&request.group_id, &identities) {
        Ok(results) => results,
        Err(error) => return LeaveGroupResponse::default().with_error_code(error.code()),
    };
    let codes = results.into_iter().map(code_of);
    if single {
        return LeaveGroupResponse::default().with_error_code(codes.sum());
    }
    let member = |(one, code): (MemberIdentity, i16)| {
        let member = MemberResponse::default()
            .with_member_id(one.member_id)
            .with_error_code(code);
        member.with_group_instance_id(one.group_instance_id)
    };
    LeaveGroupResponse::default().with_members(leaving.into_iter().zip(codes).map(member).collect())
}

fn code_of(result: Result<(), ResponseError>) -> i16 {
    result.err().map_or(0, |error| error.code())
}
