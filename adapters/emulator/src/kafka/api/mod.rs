//! One file per API, or per small family of them: from a decoded request to the response.

pub(super) mod alter_configs;
pub(super) mod api_versions;
pub(super) mod create_partitions;
pub(super) mod create_topics;
pub(super) mod delete_records;
pub(super) mod delete_topics;
pub(super) mod describe_cluster;
pub(super) mod describe_configs;
pub(super) mod describe_log_dirs;
pub(super) mod fetch;
pub(super) mod find_coordinator;
pub(super) mod group_admin;
pub(super) mod init_producer_id;
pub(super) mod list_offsets;
pub(super) mod list_partition_reassignments;
pub(super) mod membership;
pub(super) mod metadata;
pub(super) mod next_generation;
pub(super) mod offset_commit;
pub(super) mod offset_delete;
pub(super) mod offset_fetch;
pub(super) mod offset_for_leader_epoch;
pub(super) mod produce;
pub(super) mod sasl;
pub(super) mod transaction;
pub(super) mod transaction_admin;
pub(super) mod txn_offset_commit;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::partition::Refusal;

/// The error code of a result, 0 for success.
fn code_of<T>(result: &Result<T, ResponseError>) -> i16 {
    result.as_ref().err().map_or(0, ResponseError::code)
}

/// Error code and message of a result; a response that has no message field drops it.
fn error_of<T>(result: Result<T, Refusal>) -> (i16, Option<StrBytes>) {
    match result {
        Ok(_) => (0, None),
        Err((error, reason)) => (error.code(), Some(StrBytes::from_string(reason))),
    }
}

/// The value of `authorized_operations` if they were not asked for.
const OPERATIONS_UNASKED: i32 = i32::MIN;

/// What everybody may do, as sets of operation codes, because the emulator has no access control lists.
mod operations {
    /// Read, write, create, delete, alter, describe, describe and alter configs.
    pub(super) const TOPIC: i32 = set(&[3, 4, 5, 6, 7, 8, 10, 11]);

    /// Create, alter, describe, cluster action, describe and alter configs, idempotent write.
    pub(super) const CLUSTER: i32 = set(&[5, 7, 8, 9, 10, 11, 12]);

    /// Read, delete, describe.
    pub(super) const GROUP: i32 = set(&[3, 6, 8]);

    const fn set(codes: &[u32]) -> i32 {
        let mut bits = 0;
        let mut at = 0;
        while at < codes.len() {
            bits |= 1 << codes[at];
            at += 1;
        }
        bits
    }
}
