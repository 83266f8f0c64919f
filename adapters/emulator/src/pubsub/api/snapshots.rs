//! Snapshots.

use std::sync::Arc;

use tonic::Status;

use super::pages::page;
use crate::pubsub::call::Call;
use crate::pubsub::error::{already_exists, invalid, not_found, store};
use crate::pubsub::frames::timestamp;
use crate::pubsub::labels;
use crate::pubsub::masks;
use crate::pubsub::names::{self, Kind};
use crate::pubsub::proto::pubsub as pb;
use crate::pubsub::snapshot::Snapshot;
use crate::pubsub::subscription::RETENTION_MS;
use crate::store::RwLockExt;

/// What a snapshot has to live at least: one hour.
const SHORTEST_MS: i64 = 3_600_000;

/// CreateSnapshot.
pub(in crate::pubsub) fn create(
    call: &Call,
    request: pb::CreateSnapshotRequest,
) -> Result<pb::Snapshot, Status> {
    names::check(&request.name, Kind::Snapshot)?;
    labels::check(&request.labels)?;
    let subscription = call.service.subscription(&request.subscription)?;
    let mut registry = call.service.registry().writing();
    if registry.snapshots.contains_key(&request.name) {
        return Err(already_exists(&request.name));
    }
    let topic = subscription.topic();
    if topic.is_deleted() {
        return Err(Status::failed_precondition(
            "The topic of the subscription is deleted.",
        ));
    }
    let acked = subscription.acked();
    let now_ms = call.service.now_ms();
    // It lives as long as the oldest message in it would be kept.
    let oldest = topic.time_of(acked.floor()).map_err(store)?;
    let expires = oldest.unwrap_or(now_ms) + RETENTION_MS;
    if expires - now_ms < SHORTEST_MS {
        return Err(Status::failed_precondition(
            "The snapshot would expire in less than 1 hour: the subscription has too old unacknowledged messages.",
        ));
    }
    let about = pb::Snapshot {
        name: request.name.clone(),
        topic: topic.about().name,
        expire_time: Some(timestamp(expires)),
        labels: request.labels,
    };
    let snapshot = Snapshot::new(about.clone(), Arc::clone(topic), acked);
    snapshot
        .remember(call.service.store(), about)
        .map_err(store)?;
    let shown = snapshot.about();
    registry.snapshots.insert(request.name, Arc::new(snapshot));
    Ok(shown)
}

/// GetSnapshot.
pub(in crate::pubsub) fn get(
    call: &Call,
    request: pb::GetSnapshotRequest,
) -> Result<pb::Snapshot, Status> {
    Ok(call.service.snapshot(&request.snapshot)?.about())
}

/// ListSnapshots.
pub(in crate::pubsub) fn list(
    call: &Call,
    request: pb::ListSnapshotsRequest,
) -> Result<pb::ListSnapshotsResponse, Status> {
    let prefix = names::prefix(&request.project)?;
    let registry = call.service.registry().reading();
    let own = registry.snapshots.range(prefix.clone()..);
    let own = own.take_while(|(name, _)| name.starts_with(&prefix));
    let shown = own.map(|(name, one)| (name.clone(), Arc::clone(one)));
    let (found, next_page_token) = page(shown, request.page_size, &request.page_token)?;
    Ok(pb::ListSnapshotsResponse {
        snapshots: found.iter().map(|one| one.about()).collect(),
        next_page_token,
    })
}

/// UpdateSnapshot.
pub(in crate::pubsub) fn update(
    call: &Call,
    request: pb::UpdateSnapshotRequest,
) -> Result<pb::Snapshot, Status> {
    let new = request
        .snapshot
        .ok_or_else(|| invalid("The snapshot must be set."))?;
    let registry = call.service.registry().writing();
    let snapshot = registry.snapshots.get(&new.name).cloned();
    let snapshot = snapshot.ok_or_else(|| not_found(&new.name))?;
    let fields = ["labels", "expire_time"];
    let changed = masks::apply(&snapshot.about(), &new, request.update_mask, &fields)?;
    labels::check(&changed.labels)?;
    let remembered = snapshot.remember(call.service.store(), changed);
    remembered.map_err(store)?;
    Ok(snapshot.about())
}

/// DeleteSnapshot.
pub(in crate::pubsub) fn delete(
    call: &Call,
    request: pb::DeleteSnapshotRequest,
) -> Result<(), Status> {
    call.service.delete_snapshot(&request.snapshot)
}
