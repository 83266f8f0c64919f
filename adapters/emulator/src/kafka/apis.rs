//! The one table of what is served: it drives dispatch, the answer to ApiVersions, and the coverage report.

use std::ops::RangeInclusive;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use super::api;
use super::call::{Answer, Call};

/// One request type that the emulator serves.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) versions: RangeInclusive<i16>,
    pub(crate) run: fn(&mut Call<'_>, &mut Bytes) -> Answer,
}

/// An [`Api`] whose every request is answered.
macro_rules! api {
    ($key:ident, $versions:expr, $handler:path) => {
        Api {
            key: ApiKey::$key,
            versions: $versions,
            run: |call, body| call.answer(body, $handler),
        }
    };
}

/// Everything that is served.
pub(crate) const APIS: &[Api] = &[
    Api {
        key: ApiKey::Produce,
        versions: 3..=12,
        run: |call, body| call.answer_some(body, api::produce::handle),
    },
    api!(Fetch, 4..=12, api::fetch::handle),
    api!(ListOffsets, 1..=9, api::list_offsets::handle),
    api!(Metadata, 0..=12, api::metadata::handle),
    api!(OffsetCommit, 2..=9, api::offset_commit::handle),
    api!(OffsetFetch, 1..=9, api::offset_fetch::handle),
    api!(FindCoordinator, 0..=4, api::find_coordinator::handle),
    api!(JoinGroup, 0..=9, api::membership::join),
    api!(Heartbeat, 0..=4, api::membership::heartbeat),
    api!(LeaveGroup, 0..=5, api::membership::leave),
    api!(SyncGroup, 0..=5, api::membership::sync),
    api!(ApiVersions, 0..=4, api::api_versions::handle),
];

/// The entry for an API key of the wire.
pub(crate) fn find(key: i16) -> Option<&'static Api> {
    APIS.iter().find(|api| api.key as i16 == key)
}
