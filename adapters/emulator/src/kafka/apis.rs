//! The one table of what is served: it drives dispatch, the answer to ApiVersions, and [`coverage`].

use std::ops::RangeInclusive;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use super::api;
use super::call::{Answer, Call};
use super::wire::{Shape, shapes};

/// One request type that the emulator serves.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) versions: RangeInclusive<i16>,
    /// What its requests look like on the wire.
    pub(crate) shape: Shape,
    pub(crate) run: fn(&mut Call<'_>, &mut Bytes) -> Answer,
    /// What is missing, or empty.
    missing: &'static str,
}

/// An [`Api`] whose every request is answered.
macro_rules! api {
    ($key:ident, $versions:expr, $shape:path, $handler:path) => {
        api!($key, $versions, $shape, $handler, "")
    };
    ($key:ident, $versions:expr, $shape:path, $handler:path, $missing:expr) => {
        Api {
            key: ApiKey::$key,
            versions: $versions,
            shape: $shape,
            run: |call, body| call.answer(body, $handler),
            missing: $missing,
        }
    };
}

/// Everything that is served, by key.
pub(crate) const APIS: &[Api] = &[
    Api {
        key: ApiKey::Produce,
        versions: 3..=12,
        shape: shapes::PRODUCE,
        run: |call, body| call.answer_some(body, api::produce::handle),
        missing: "",
    },
    api!(
        Fetch,
        4..=12,
        shapes::FETCH,
        api::fetch::handle,
        "incremental fetch sessions: every fetch is a full one"
    ),
    api!(
        ListOffsets,
        1..=9,
        shapes::LIST_OFFSETS,
        api::list_offsets::handle
    ),
    api!(Metadata, 0..=12, shapes::METADATA, api::metadata::handle),
    api!(
        OffsetCommit,
        2..=9,
        shapes::OFFSET_COMMIT,
        api::offset_commit::handle
    ),
    api!(
        OffsetFetch,
        1..=9,
        shapes::OFFSET_FETCH,
        api::offset_fetch::handle
    ),
    api!(
        FindCoordinator,
        0..=4,
        shapes::FIND_COORDINATOR,
        api::find_coordinator::handle
    ),
    api!(JoinGroup, 0..=9, shapes::JOIN_GROUP, api::membership::join),
    api!(
        Heartbeat,
        0..=4,
        shapes::HEARTBEAT,
        api::membership::heartbeat
    ),
    api!(
        LeaveGroup,
        0..=5,
        shapes::LEAVE_GROUP,
        api::membership::leave
    ),
    api!(SyncGroup, 0..=5, shapes::SYNC_GROUP, api::membership::sync),
    api!(
        DescribeGroups,
        0..=6,
        shapes::DESCRIBE_GROUPS,
        api::group_admin::describe
    ),
    api!(
        ListGroups,
        0..=5,
        shapes::LIST_GROUPS,
        api::group_admin::list
    ),
    api!(
        SaslHandshake,
        0..=1,
        shapes::SASL_HANDSHAKE,
        api::sasl::handshake,
        "mechanisms other than PLAIN"
    ),
    api!(
        ApiVersions,
        0..=4,
        shapes::API_VERSIONS,
        api::api_versions::handle
    ),
    api!(
        CreateTopics,
        2..=7,
        shapes::CREATE_TOPICS,
        api::create_topics::handle,
        "configs that the emulator does not honour are refused"
    ),
    api!(
        DeleteTopics,
        1..=6,
        shapes::DELETE_TOPICS,
        api::delete_topics::handle
    ),
    api!(
        DeleteRecords,
        0..=2,
        shapes::DELETE_RECORDS,
        api::delete_records::handle
    ),
    api!(
        InitProducerId,
        0..=4,
        shapes::INIT_PRODUCER_ID,
        api::init_producer_id::handle
    ),
    api!(
        OffsetForLeaderEpoch,
        2..=4,
        shapes::OFFSET_FOR_LEADER_EPOCH,
        api::offset_for_leader_epoch::handle
    ),
    api!(
        AddPartitionsToTxn,
        0..=3,
        shapes::ADD_PARTITIONS_TO_TXN,
        api::transaction::add_partitions
    ),
    api!(
        AddOffsetsToTxn,
        0..=3,
        shapes::ADD_OFFSETS_TO_TXN,
        api::transaction::add_offsets
    ),
    api!(EndTxn, 0..=3, shapes::END_TXN, api::transaction::end),
    api!(
        TxnOffsetCommit,
        0..=3,
        shapes::TXN_OFFSET_COMMIT,
        api::txn_offset_commit::handle
    ),
    api!(
        DescribeConfigs,
        1..=4,
        shapes::DESCRIBE_CONFIGS,
        api::describe_configs::handle,
        "resources other than topics and the broker"
    ),
    api!(
        AlterConfigs,
        0..=2,
        shapes::ALTER_CONFIGS,
        api::alter_configs::replace,
        "resources other than topics"
    ),
    api!(
        DescribeLogDirs,
        1..=4,
        shapes::DESCRIBE_LOG_DIRS,
        api::describe_log_dirs::handle,
        "total and usable bytes of the disk"
    ),
    api!(
        SaslAuthenticate,
        0..=2,
        shapes::SASL_AUTHENTICATE,
        api::sasl::authenticate,
        "mechanisms other than PLAIN"
    ),
    api!(
        CreatePartitions,
        0..=3,
        shapes::CREATE_PARTITIONS,
        api::create_partitions::handle
    ),
    api!(
        DeleteGroups,
        0..=2,
        shapes::DELETE_GROUPS,
        api::group_admin::delete
    ),
    api!(
        IncrementalAlterConfigs,
        0..=1,
        shapes::INCREMENTAL_ALTER_CONFIGS,
        api::alter_configs::increment,
        "resources other than topics"
    ),
    api!(
        ListPartitionReassignments,
        0..=0,
        shapes::LIST_PARTITION_REASSIGNMENTS,
        api::list_partition_reassignments::handle
    ),
    api!(
        OffsetDelete,
        0..=0,
        shapes::OFFSET_DELETE,
        api::offset_delete::handle
    ),
    api!(
        DescribeCluster,
        0..=2,
        shapes::DESCRIBE_CLUSTER,
        api::describe_cluster::handle
    ),
    api!(
        DescribeProducers,
        0..=0,
        shapes::DESCRIBE_PRODUCERS,
        api::transaction_admin::describe_producers
    ),
    api!(
        DescribeTransactions,
        0..=0,
        shapes::DESCRIBE_TRANSACTIONS,
        api::transaction_admin::describe
    ),
    api!(
        ListTransactions,
        0..=1,
        shapes::LIST_TRANSACTIONS,
        api::transaction_admin::list
    ),
    api!(
        ConsumerGroupHeartbeat,
        0..=1,
        shapes::CONSUMER_GROUP_HEARTBEAT,
        api::next_generation::heartbeat,
        "everything: the answer is UNSUPPORTED_VERSION, as of a Kafka with `group.coordinator.rebalance.protocols=classic`"
    ),
    api!(
        ConsumerGroupDescribe,
        0..=1,
        shapes::CONSUMER_GROUP_DESCRIBE,
        api::next_generation::describe,
        "everything: the answer is UNSUPPORTED_VERSION"
    ),
];

/// The entry for an API key of the wire.
pub(crate) fn find(key: i16) -> Option<&'static Api> {
    APIS.iter().find(|api| api.key as i16 == key)
}

/// How far one request type of the Kafka protocol is supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Its name, as in Kafka's documentation of the protocol.
    pub name: String,
    /// Its key on the wire.
    pub key: i16,
    /// How far.
    pub support: Support,
}

/// How far something is supported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// As in Kafka, in these versions.
    Full(RangeInclusive<i16>),
    /// In these versions, with something missing.
    Partly(RangeInclusive<i16>, &'static str),
    /// Not advertised; a client that sends it nevertheless is disconnected.
    Refused,
}

/// Every request type of the Kafka protocol, by key, and how far the emulator supports it.
pub fn coverage() -> Vec<Coverage> {
    let support = |key: ApiKey| match find(key as i16) {
        None => Support::Refused,
        Some(api) if api.missing.is_empty() => Support::Full(api.versions.clone()),
        Some(api) => Support::Partly(api.versions.clone(), api.missing),
    };
    let row = |key: ApiKey| Coverage {
        name: format!("{key:?}"),
        key: key as i16,
        support: support(key),
    };
    ApiKey::iter().map(row).collect()
}
