//! The shapes of the requests that are served, as in <https://kafka.apache.org/protocol>.

use super::Field::{self, Bytes, Each, Fixed, Structs, Text};
use super::{Shape, Versions};

const BOOL: Field = Fixed(1);
const I8: Field = Fixed(1);
const I16: Field = Fixed(2);
const I32: Field = Fixed(4);
const I64: Field = Fixed(8);
const UUID: Field = Fixed(16);
const I32S: Field = Each(&I32);
const I64S: Field = Each(&I64);
const TEXTS: Field = Each(&Text);

/// In every version.
const ALL: Versions = (0, i16::MAX);

const fn since(version: i16) -> Versions {
    (version, i16::MAX)
}

const fn until(version: i16) -> Versions {
    (0, version)
}

/// API key, version, correlation id, client id.
pub(crate) const HEADER: Shape = &[(ALL, I16), (ALL, I16), (ALL, I32), (ALL, Text)];

/// A topic's name and partition numbers, which many requests have.
const TOPIC_PARTITIONS: Shape = &[(ALL, Text), (ALL, I32S)];

pub(crate) const PRODUCE: Shape = &[
    (ALL, Text),
    (ALL, I16),
    (ALL, I32),
    (
        ALL,
        Structs(&[(ALL, Text), (ALL, Structs(&[(ALL, I32), (ALL, Bytes)]))]),
    ),
];

pub(crate) const FETCH: Shape = &[
    (ALL, I32),
    (ALL, I32),
    (ALL, I32),
    (ALL, I32),
    (ALL, I8),
    (since(7), I32),
    (since(7), I32),
    (
        ALL,
        Structs(&[(ALL, Text), (ALL, Structs(FETCH_PARTITION))]),
    ),
    (since(7), Structs(TOPIC_PARTITIONS)),
    (since(11), Text),
];

const FETCH_PARTITION: Shape = &[
    (ALL, I32),
    (since(9), I32),
    (ALL, I64),
    (since(12), I32),
    (since(5), I64),
    (ALL, I32),
];

pub(crate) const LIST_OFFSETS: Shape = &[
    (ALL, I32),
    (since(2), I8),
    (
        ALL,
        Structs(&[
            (ALL, Text),
            (ALL, Structs(&[(ALL, I32), (since(4), I32), (ALL, I64)])),
        ]),
    ),
];

pub(crate) const METADATA: Shape = &[
    (ALL, Structs(&[(since(10), UUID), (ALL, Text)])),
    (since(4), BOOL),
    ((8, 10), BOOL),
    (since(8), BOOL),
];

pub(crate) const OFFSET_COMMIT: Shape = &[
    (ALL, Text),
    (ALL, I32),
    (ALL, Text),
    (since(7), Text),
    (until(4), I64),
    (
        ALL,
        Structs(&[
            (ALL, Text),
            (
                ALL,
                Structs(&[(ALL, I32), (ALL, I64), (since(6), I32), (ALL, Text)]),
            ),
        ]),
    ),
];

pub(crate) const OFFSET_FETCH: Shape = &[
    (until(7), Text),
    (until(7), Structs(TOPIC_PARTITIONS)),
    (
        since(8),
        Structs(&[
            (ALL, Text),
            (since(9), Text),
            (since(9), I32),
            (ALL, Structs(TOPIC_PARTITIONS)),
        ]),
    ),
    (since(7), BOOL),
];

pub(crate) const FIND_COORDINATOR: Shape = &[(until(3), Text), (since(1), I8), (since(4), TEXTS)];

pub(crate) const JOIN_GROUP: Shape = &[
    (ALL, Text),
    (ALL, I32),
    (since(1), I32),
    (ALL, Text),
    (since(5), Text),
    (ALL, Text),
    (ALL, Structs(&[(ALL, Text), (ALL, Bytes)])),
    (since(8), Text),
];

pub(crate) const HEARTBEAT: Shape = &[(ALL, Text), (ALL, I32), (ALL, Text), (since(3), Text)];

pub(crate) const LEAVE_GROUP: Shape = &[
    (ALL, Text),
    (until(2), Text),
    (
        since(3),
        Structs(&[(ALL, Text), (ALL, Text), (since(5), Text)]),
    ),
];

pub(crate) const SYNC_GROUP: Shape = &[
    (ALL, Text),
    (ALL, I32),
    (ALL, Text),
    (since(3), Text),
    (since(5), Text),
    (since(5), Text),
    (ALL, Structs(&[(ALL, Text), (ALL, Bytes)])),
];

pub(crate) const DESCRIBE_GROUPS: Shape = &[(ALL, TEXTS), (since(3), BOOL)];

pub(crate) const LIST_GROUPS: Shape = &[(since(4), TEXTS), (since(5), TEXTS)];

pub(crate) const SASL_HANDSHAKE: Shape = &[(ALL, Text)];

pub(crate) const API_VERSIONS: Shape = &[(since(3), Text), (since(3), Text)];

pub(crate) const CREATE_TOPICS: Shape = &[
    (
        ALL,
        Structs(&[
            (ALL, Text),
            (ALL, I32),
            (ALL, I16),
            (ALL, Structs(&[(ALL, I32), (ALL, I32S)])),
            (ALL, Structs(&[(ALL, Text), (ALL, Text)])),
        ]),
    ),
    (ALL, I32),
    (ALL, BOOL),
];

pub(crate) const DELETE_TOPICS: Shape = &[
    (since(6), Structs(&[(ALL, Text), (ALL, UUID)])),
    (until(5), TEXTS),
    (ALL, I32),
];

pub(crate) const DELETE_RECORDS: Shape = &[
    (
        ALL,
        Structs(&[(ALL, Text), (ALL, Structs(&[(ALL, I32), (ALL, I64)]))]),
    ),
    (ALL, I32),
];

pub(crate) const INIT_PRODUCER_ID: Shape =
    &[(ALL, Text), (ALL, I32), (since(3), I64), (since(3), I16)];

pub(crate) const OFFSET_FOR_LEADER_EPOCH: Shape = &[
    (since(3), I32),
    (
        ALL,
        Structs(&[
            (ALL, Text),
            (ALL, Structs(&[(ALL, I32), (ALL, I32), (ALL, I32)])),
        ]),
    ),
];

pub(crate) const ADD_PARTITIONS_TO_TXN: Shape = &[
    (ALL, Text),
    (ALL, I64),
    (ALL, I16),
    (ALL, Structs(TOPIC_PARTITIONS)),
];

pub(crate) const ADD_OFFSETS_TO_TXN: Shape = &[(ALL, Text), (ALL, I64), (ALL, I16), (ALL, Text)];

pub(crate) const END_TXN: Shape = &[(ALL, Text), (ALL, I64), (ALL, I16), (ALL, BOOL)];

pub(crate) const TXN_OFFSET_COMMIT: Shape = &[
    (ALL, Text),
    (ALL, Text),
    (ALL, I64),
    (ALL, I16),
    (since(3), I32),
    (since(3), Text),
    (since(3), Text),
    (
        ALL,
        Structs(&[
            (ALL, Text),
            (
                ALL,
                Structs(&[(ALL, I32), (ALL, I64), (since(2), I32), (ALL, Text)]),
            ),
        ]),
    ),
];

pub(crate) const DESCRIBE_CONFIGS: Shape = &[
    (ALL, Structs(&[(ALL, I8), (ALL, Text), (ALL, TEXTS)])),
    (since(1), BOOL),
    (since(3), BOOL),
];

pub(crate) const ALTER_CONFIGS: Shape = &[
    (
        ALL,
        Structs(&[
            (ALL, I8),
            (ALL, Text),
            (ALL, Structs(&[(ALL, Text), (ALL, Text)])),
        ]),
    ),
    (ALL, BOOL),
];

pub(crate) const INCREMENTAL_ALTER_CONFIGS: Shape = &[
    (
        ALL,
        Structs(&[
            (ALL, I8),
            (ALL, Text),
            (ALL, Structs(&[(ALL, Text), (ALL, I8), (ALL, Text)])),
        ]),
    ),
    (ALL, BOOL),
];

pub(crate) const DESCRIBE_LOG_DIRS: Shape = &[(ALL, Structs(TOPIC_PARTITIONS))];

pub(crate) const SASL_AUTHENTICATE: Shape = &[(ALL, Bytes)];

pub(crate) const CREATE_PARTITIONS: Shape = &[
    (
        ALL,
        Structs(&[(ALL, Text), (ALL, I32), (ALL, Structs(&[(ALL, I32S)]))]),
    ),
    (ALL, I32),
    (ALL, BOOL),
];

pub(crate) const DELETE_GROUPS: Shape = &[(ALL, TEXTS)];

pub(crate) const LIST_PARTITION_REASSIGNMENTS: Shape =
    &[(ALL, I32), (ALL, Structs(TOPIC_PARTITIONS))];

pub(crate) const OFFSET_DELETE: Shape = &[
    (ALL, Text),
    (ALL, Structs(&[(ALL, Text), (ALL, Structs(&[(ALL, I32)]))])),
];

pub(crate) const DESCRIBE_CLUSTER: Shape = &[(ALL, BOOL), (since(1), I8), (since(2), BOOL)];

pub(crate) const DESCRIBE_PRODUCERS: Shape = &[(ALL, Structs(TOPIC_PARTITIONS))];

pub(crate) const DESCRIBE_TRANSACTIONS: Shape = &[(ALL, TEXTS)];

pub(crate) const LIST_TRANSACTIONS: Shape = &[(ALL, TEXTS), (ALL, I64S), (since(1), I64)];

pub(crate) const CONSUMER_GROUP_HEARTBEAT: Shape = &[
    (ALL, Text),
    (ALL, Text),
    (ALL, I32),
    (ALL, Text),
    (ALL, Text),
    (ALL, I32),
    (ALL, Each(&Text)),
    (since(1), Text),
    (ALL, Text),
    (ALL, Structs(&[(ALL, UUID), (ALL, Each(&I32))])),
];

pub(crate) const CONSUMER_GROUP_DESCRIBE: Shape = &[(ALL, Each(&Text)), (ALL, BOOL)];
