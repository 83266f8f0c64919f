//! From librdkafka's errors to ours.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use ssectl_adapter::{Error, ErrorKind};

/// The kind of an error code, and whether it may pass.
pub(crate) fn classify(code: Code) -> (ErrorKind, bool) {
    match code {
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState => (ErrorKind::Authentication, false),
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::SecurityDisabled => (ErrorKind::Permission, false),
        Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownPartition
        | Code::UnknownTopicId
        | Code::GroupIdNotFound => (ErrorKind::NotFound, false),
        Code::TopicAlreadyExists => (ErrorKind::AlreadyExists, false),
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => (ErrorKind::TooLarge, false),
        Code::OffsetOutOfRange | Code::AutoOffsetReset | Code::LogTruncation => {
            (ErrorKind::OutOfRange, false)
        }
        Code::BadMessage | Code::BadCompression | Code::InvalidMessage => (ErrorKind::Data, false),
        Code::InvalidTimestamp | Code::InvalidRecord => (ErrorKind::Data, false),
        Code::InvalidArgument
        | Code::InvalidConfig
        | Code::InvalidTopic
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::InvalidGroupId
        // Of the cluster's operator, about topics and settings; no record is bad because of it.
        | Code::PolicyViolation
        | Code::InconsistentGroupProtocol
        | Code::InvalidSessionTimeout => (ErrorKind::Config, false),
        Code::UnsupportedVersion
        | Code::UnsupportedFeature
        | Code::UnsupportedCompressionType
        | Code::NotImplemented => (ErrorKind::Unsupported, false),
        Code::OperationTimedOut | Code::RequestTimedOut | Code::MessageTimedOut => {
            (ErrorKind::Timeout, true)
        }
        _ if is_outage(code) => (ErrorKind::Unavailable, true),
        _ => (ErrorKind::Other, false),
    }
}

/// Codes that mean that a broker, a leader or a coordinator is away for a while.
fn is_outage(code: Code) -> bool {
    matches!(
        code,
        Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::NetworkException
            | Code::Resolve
            | Code::NodeUpdate
            | Code::SSL
            | Code::BrokerNotAvailable
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::ReplicaNotAvailable
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::OffsetNotAvailable
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::NotController
            | Code::KafkaStorageError
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::WaitingForCoordinator
            | Code::RebalanceInProgress
            | Code::IllegalGeneration
            | Code::UnknownMemberId
            | Code::StaleMemberEpoch
            | Code::FencedMemberEpoch
    )
}

/// An error of ours for a code of librdkafka.
pub(crate) fn from_code(message: impl Into<String>, code: Code) -> Error {
    let (kind, temporary) = classify(code);
    let error = Error::new(kind, message).caused_by(describe(code));
    if temporary { error.temporary() } else { error }
}

/// The same for an error of the client, whose code may be missing.
pub(crate) fn from_client(message: impl Into<String>, error: &KafkaError) -> Error {
    let code = match error {
        // The accessor below leaves this one out.
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    };
    match code {
        Some(code) => from_code(message, code),
        None => Error::new(ErrorKind::Other, message).caused_by(error.to_string()),
    }
}

/// An error of a commit by somebody who is no member of the group: while the group has members, the
/// broker takes none.
pub(crate) fn from_outsider(group: &str, error: &KafkaError) -> Error {
    match error.rdkafka_error_code() {
        Some(
            Code::UnknownMemberId
            | Code::IllegalGeneration
            | Code::RebalanceInProgress
            | Code::StaleMemberEpoch,
        ) => Error::new(ErrorKind::Other, format!("group `{group}` is being read"))
            .hint("stop its readers first"),
        _ => from_client(format!("cannot move group `{group}`"), error),
    }
}

/// librdkafka's words for a code, without its name and its `Broker:` or `Local:`.
pub(crate) fn describe(code: Code) -> String {
    let text = code.to_string();
    let words = text
        .split_once(" (")
        .map_or(text.as_str(), |(_, words)| words);
    let words = words.trim_end_matches(')');
    words
        .split_once(": ")
        .map_or(words, |(_, words)| words)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_temporary_and_what_does_not_is_not() {
        for (code, kind, temporary) in [
            (Code::AllBrokersDown, ErrorKind::Unavailable, true),
            (Code::NotLeaderForPartition, ErrorKind::Unavailable, true),
            (Code::OperationTimedOut, ErrorKind::Timeout, true),
            (Code::UnknownTopicOrPartition, ErrorKind::NotFound, false),
            (
                Code::SaslAuthenticationFailed,
                ErrorKind::Authentication,
                false,
            ),
            (Code::MessageSizeTooLarge, ErrorKind::TooLarge, false),
            (Code::PolicyViolation, ErrorKind::Config, false),
            (Code::KafkaStorageError, ErrorKind::Unavailable, true),
            (Code::Application, ErrorKind::Other, false),
        ] {
            assert_eq!(classify(code), (kind, temporary), "{code:?}");
            assert_eq!(from_code("x", code).is_temporary(), temporary, "{code:?}");
        }
    }

    #[test]
    fn a_code_is_described_in_words_alone() {
        assert_eq!(describe(Code::OffsetOutOfRange), "Offset out of range");
        assert_eq!(
            describe(Code::AllBrokersDown),
            "All broker connections are down"
        );
    }

    #[test]
    fn a_code_of_the_admin_client_is_found() {
        let error = from_client("x", &KafkaError::AdminOp(Code::TopicAlreadyExists));
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }
}
