//! One file per API, or per small family of them: from a decoded request to the response.

pub(super) mod api_versions;
pub(super) mod fetch;
pub(super) mod find_coordinator;
pub(super) mod list_offsets;
pub(super) mod membership;
pub(super) mod metadata;
pub(super) mod offset_commit;
pub(super) mod offset_fetch;
pub(super) mod produce;
