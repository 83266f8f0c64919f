//! Policies of resources: kept and shown, not enforced.

use bytes::Bytes;
use tonic::Status;

use crate::pubsub::call::Call;
use crate::pubsub::error::{invalid, not_found};
use crate::pubsub::proto::google::iam::v1 as iam;
use crate::store::RwLockExt;

/// SetIamPolicy.
pub(in crate::pubsub) fn set(
    call: &Call,
    request: iam::SetIamPolicyRequest,
) -> Result<iam::Policy, Status> {
    check(call, &request.resource)?;
    let mut policy = request
        .policy
        .ok_or_else(|| invalid("The policy must be set."))?;
    let mut policies = call.service.policies.writing();
    let old = policies.get(&request.resource).map(|old| &old.etag);
    if !policy.etag.is_empty() && old.is_some_and(|old| *old != policy.etag) {
        return Err(Status::aborted(
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        ));
    }
    let next = old.map_or(1, |old| number(old) + 1);
    policy.etag = Bytes::copy_from_slice(&next.to_be_bytes());
    policies.insert(request.resource, policy.clone());
    Ok(policy)
}

/// GetIamPolicy.
pub(in crate::pubsub) fn get(
    call: &Call,
    request: iam::GetIamPolicyRequest,
) -> Result<iam::Policy, Status> {
    check(call, &request.resource)?;
    let policies = call.service.policies.reading();
    let empty = || iam::Policy {
        etag: Bytes::from_static(b"\0 \x01"),
        ..iam::Policy::default()
    };
    Ok(policies
        .get(&request.resource)
        .cloned()
        .unwrap_or_else(empty))
}

/// TestIamPermissions: there is nothing that a caller may not do.
pub(in crate::pubsub) fn test(
    call: &Call,
    request: iam::TestIamPermissionsRequest,
) -> Result<iam::TestIamPermissionsResponse, Status> {
    check(call, &request.resource)?;
    let permissions = request.permissions;
    Ok(iam::TestIamPermissionsResponse { permissions })
}

fn check(call: &Call, resource: &str) -> Result<(), Status> {
    let registry = call.service.registry().reading();
    let is_there = registry.topics.contains_key(resource)
        || registry.subscriptions.contains_key(resource)
        || registry.snapshots.contains_key(resource)
        || call.service.schemas.get(resource).is_ok();
    match is_there {
        true => Ok(()),
        false => Err(not_found(resource)),
    }
}

/// The number that an etag of ours is.
fn number(etag: &Bytes) -> u64 {
    let bytes = etag.as_ref().try_into();
    bytes.map_or(0, u64::from_be_bytes)
}
