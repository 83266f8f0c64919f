//! DescribeGroups, ListGroups, DeleteGroups.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse,
    GroupId, ListGroupsRequest, ListGroupsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{OPERATIONS_UNASKED, code_of, operations};
use crate::kafka::call::Call;
use crate::kafka::groups::{DescribedMember, Listed};

/// The name of the only group protocol.
const CLASSIC: &str = "classic";

pub(crate) fn describe(
    call: &mut Call<'_>,
    request: DescribeGroupsRequest,
) -> DescribeGroupsResponse {
    let allowed = if request.include_authorized_operations {
        operations::GROUP
    } else {
        OPERATIONS_UNASKED
    };
    let one = |id: GroupId| describe_one(call, id).with_authorized_operations(allowed);
    DescribeGroupsResponse::default().with_groups(request.groups.into_iter().map(one).collect())
}

fn describe_one(call: &Call<'_>, id: GroupId) -> DescribedGroup {
    let answer = DescribedGroup::default().with_group_id(id.clone());
    let Some(group) = call.broker.groups.describe(&id) else {
        let answer = answer.with_group_state(StrBytes::from_static_str("Dead"));
        if call.version < 6 {
            return answer;
        }
        let reason = StrBytes::from_string(format!("Group {} not found.", *id));
        return answer
            .with_error_code(ResponseError::GroupIdNotFound.code())
            .with_error_message(Some(reason));
    };
    answer
        .with_group_state(StrBytes::from_static_str(group.state))
        .with_protocol_type(group.protocol_type)
        .with_protocol_data(group.protocol)
        .with_members(
            group
                .members
                .into_iter()
                .map(|member| describe_member(member, call.version))
                .collect(),
        )
}

fn describe_member(member: DescribedMember, version: i16) -> DescribedGroupMember {
    DescribedGroupMember::default()
        .with_member_id(member.id)
        .with_group_instance_id(member.instance_id.filter(|_| version >= 4))
        .with_client_id(member.client_id)
        .with_client_host(StrBytes::from_string(member.client_host))
        .with_member_metadata(member.metadata)
        .with_member_assignment(member.assignment)
}

pub(crate) fn list(call: &mut Call<'_>, request: ListGroupsRequest) -> ListGroupsResponse {
    let matches = |filter: &[StrBytes], value: &str| {
        filter.is_empty()
            || filter
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(value))
    };
    let is_wanted = |group: &Listed| {
        matches(&request.states_filter, group.state) && matches(&request.types_filter, CLASSIC)
    };
    let listed = |group: Listed| {
        let listed = ListedGroup::default().with_group_id(GroupId(StrBytes::from_string(group.id)));
        listed
            .with_protocol_type(group.protocol_type)
            .with_group_state(StrBytes::from_static_str(group.state))
            .with_group_type(StrBytes::from_static_str(CLASSIC))
    };
    let groups = call
        .broker
        .groups
        .list()
        .into_iter()
        .filter(is_wanted)
        .map(listed);
    ListGroupsResponse::default().with_groups(groups.collect())
}

pub(crate) fn delete(call: &mut Call<'_>, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let one = |id: GroupId| {
        let code = code_of(&call.broker.groups.delete(&id));
        DeletableGroupResult::default()
            .with_group_id(id)
            .with_error_code(code)
    };
    DeleteGroupsResponse::default()
        .with_results(request.groups_names.into_iter().map(one).collect())
}
