//! Seek.

use std::sync::Arc;

use tonic::Status;

use crate::pubsub::call::Call;
use crate::pubsub::error::{invalid, store};
use crate::pubsub::proto::pubsub as pb;
use crate::pubsub::proto::pubsub::seek_request::Target;

/// Seek.
pub(in crate::pubsub) fn seek(
    call: &Call,
    request: pb::SeekRequest,
) -> Result<pb::SeekResponse, Status> {
    let subscription = call.service.subscription(&request.subscription)?;
    let target = request
        .target
        .ok_or_else(|| invalid("The target of the seek must be set."))?;
    let moved = match target {
        Target::Time(time) => {
            // The first millisecond that is not before the time.
            let nanos = i64::from(time.nanos);
            let ms = time.seconds.saturating_mul(1000);
            subscription.seek_to_time(ms.saturating_add((nanos + 999_999).div_euclid(1_000_000)))
        }
        Target::Snapshot(name) => {
            let snapshot = call.service.snapshot(&name)?;
            if !Arc::ptr_eq(snapshot.topic(), subscription.topic()) {
                return Err(Status::failed_precondition(
                    "The snapshot's topic is not the topic of the subscription.",
                ));
            }
            subscription.seek_to(snapshot.acked().clone())
        }
    };
    moved.map_err(store)?;
    Ok(pb::SeekResponse {})
}
