//! What is served: the one table, which dispatches requests too.

use super::connection::MECHANISMS;

/// How far one operation is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The operation.
    pub operation: &'static str,
    /// How far.
    pub support: Support,
}

/// How far something is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// As in the service.
    Full,
    /// With something missing.
    Partly(&'static str),
    /// Answered with the service's error.
    Refused,
}

/// A request that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Puts a token.
    PutToken,
    /// Tells about a hub.
    ReadHub,
    /// Tells about a partition.
    ReadPartition,
    /// Creates or changes a hub.
    PutHub,
    /// Tells about a hub.
    GetHub,
    /// Deletes a hub.
    DeleteHub,
    /// Lists hubs.
    ListHubs,
    /// Creates a consumer group.
    PutGroup,
    /// Tells about a consumer group.
    GetGroup,
    /// Deletes a consumer group.
    DeleteGroup,
    /// Lists the consumer groups of a hub.
    ListGroups,
    /// Tells that the emulator runs.
    Health,
    /// Deletes everything.
    Reset,
}

/// Requests in messages: node, operation, type, what it is called here, what is missing.
const REQUESTS: [(&str, &str, &str, Operation, &str, &str); 3] = [
    (
        "$cbs",
        "put-token",
        "",
        Operation::PutToken,
        "$cbs put-token",
        "signatures of web tokens are not checked; a link outlives its token",
    ),
    (
        "$management",
        "READ",
        "com.microsoft:eventhub",
        Operation::ReadHub,
        "$management READ eventhub",
        "",
    ),
    (
        "$management",
        "READ",
        "com.microsoft:partition",
        Operation::ReadPartition,
        "$management READ partition",
        "",
    ),
];

/// Requests of HTTP: method, what the path is of, what it is called here, what is missing.
const HTTP: [(&str, PathKind, Operation, &str, &str); 10] = [
    (
        "PUT",
        PathKind::Hub,
        Operation::PutHub,
        "PUT /HUB",
        "partitions, retention; other settings are not kept",
    ),
    ("GET", PathKind::Hub, Operation::GetHub, "GET /HUB", ""),
    (
        "DELETE",
        PathKind::Hub,
        Operation::DeleteHub,
        "DELETE /HUB",
        "",
    ),
    (
        "GET",
        PathKind::Hubs,
        Operation::ListHubs,
        "GET /$Resources/EventHubs",
        "",
    ),
    (
        "PUT",
        PathKind::Group,
        Operation::PutGroup,
        "PUT /HUB/ConsumerGroups/GROUP",
        "user metadata is not kept",
    ),
    (
        "GET",
        PathKind::Group,
        Operation::GetGroup,
        "GET /HUB/ConsumerGroups/GROUP",
        "",
    ),
    (
        "DELETE",
        PathKind::Group,
        Operation::DeleteGroup,
        "DELETE /HUB/ConsumerGroups/GROUP",
        "",
    ),
    (
        "GET",
        PathKind::Groups,
        Operation::ListGroups,
        "GET /HUB/ConsumerGroups",
        "",
    ),
    (
        "GET",
        PathKind::Health,
        Operation::Health,
        "GET /health",
        "",
    ),
    (
        "POST",
        PathKind::Reset,
        Operation::Reset,
        "POST /_ssectl/reset",
        "",
    ),
];

/// What links and frames do, which no request names.
const LINKS: [(&str, Support); 13] = [
    ("send event", Support::Full),
    ("send batch", Support::Full),
    ("send to partition", Support::Full),
    ("send with partition key", Support::Full),
    ("receive", Support::Full),
    ("receive from start position", Support::Full),
    ("receive with epoch", Support::Full),
    ("receiver runtime metrics", Support::Full),
    ("idempotent producer over AMQP", Support::Refused),
    ("AMQP over WebSocket", Support::Full),
    ("Kafka endpoint", KAFKA),
    ("Kafka endpoint, idempotence", OF_KAFKA),
    ("Kafka endpoint, transactions", OF_KAFKA),
];

/// The Kafka endpoint, whose own requests are listed with Kafka.
const KAFKA: Support = match cfg!(feature = "kafka") {
    true => Support::Partly("SASL OAUTHBEARER; properties that are no text or bytes become text"),
    false => Support::Refused,
};

/// What a client of Kafka finds there, as in the Premium tier.
const OF_KAFKA: Support = match cfg!(feature = "kafka") {
    true => Support::Full,
    false => Support::Refused,
};

/// What a path of HTTP is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// One hub.
    Hub,
    /// All hubs.
    Hubs,
    /// One consumer group.
    Group,
    /// All consumer groups of a hub.
    Groups,
    /// The emulator's health.
    Health,
    /// The emulator's reset.
    Reset,
}

impl Operation {
    /// The request that a message makes of a node.
    pub(crate) fn find(node: &str, operation: &str, kind: &str) -> Option<Self> {
        let mut rows = REQUESTS.iter();
        let row = rows
            .find(|row| (row.0, row.2) == (node, kind) && row.1.eq_ignore_ascii_case(operation));
        row.map(|row| row.3)
    }

    /// The request that HTTP makes.
    pub(crate) fn of_http(method: &str, path: PathKind) -> Option<Self> {
        let row = HTTP.iter().find(|row| (row.0, row.1) == (method, path));
        row.map(|row| row.2)
    }
}

/// Every operation of the service.
pub fn coverage() -> Vec<Coverage> {
    let with = |missing: &'static str| match missing {
        "" => Support::Full,
        missing => Support::Partly(missing),
    };
    let row = |operation, support| Coverage { operation, support };
    let mechanisms = [
        "SASL MSSBCBS",
        "SASL PLAIN",
        "SASL ANONYMOUS",
        "SASL EXTERNAL",
    ];
    let mechanisms = mechanisms.into_iter().map(|name| {
        let is_offered = MECHANISMS.iter().any(|known| name.ends_with(known));
        row(
            name,
            if is_offered {
                Support::Full
            } else {
                Support::Refused
            },
        )
    });
    let requests = REQUESTS.iter().map(|entry| row(entry.4, with(entry.5)));
    let links = LINKS.iter().map(|(name, support)| row(name, *support));
    let http = HTTP.iter().map(|entry| row(entry.3, with(entry.4)));
    mechanisms
        .chain(requests)
        .chain(links)
        .chain(http)
        .collect()
}
