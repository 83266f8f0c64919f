//! From the SDK's errors to ours.

use std::error::Error as StdError;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::BatchResultErrorEntry;
use ssectl_adapter::{Error, ErrorKind};
use ssectl_aws::{Faults, Verdict, short};

const FAULTS: Faults = Faults {
    actions: "sqs",
    classify,
    hint: |code| {
        (code == "QueueDeletedRecently")
            .then_some("a queue's name is free again 60 seconds after the queue was deleted")
    },
};

/// What a code of SQS means.
fn classify(code: &str, said: &str) -> Option<Verdict> {
    Some(match code {
        "QueueDoesNotExist" | "NonExistentQueue" => (ErrorKind::NotFound, false),
        "QueueNameExists" | "QueueAlreadyExists" => (ErrorKind::AlreadyExists, false),
        "KmsAccessDenied" | "KmsOptInRequired" => (ErrorKind::Permission, false),
        "InvalidSecurity" => (ErrorKind::Authentication, false),
        "RequestThrottled"
        | "KmsThrottled"
        | "OverLimit"
        | "QueueDeletedRecently"
        | "InternalError" => (ErrorKind::Unavailable, true),
        "BatchRequestTooLong" => (ErrorKind::TooLarge, false),
        _ if is_too_large(said) => (ErrorKind::TooLarge, false),
        "InvalidMessageContents" => (ErrorKind::Data, false),
        "UnsupportedOperation" => (ErrorKind::Unsupported, false),
        code if code.starts_with("Invalid") || code.starts_with("Missing") => {
            (ErrorKind::Config, false)
        }
        _ => return None,
    })
}

/// SQS has no code of its own for a message that is too large.
fn is_too_large(said: &str) -> bool {
    said.contains("must be shorter than") || said.contains("MessageTooLong")
}

/// The error of a request. `doing` says what was asked, as in "reading the queue".
pub(crate) fn request<E>(doing: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    FAULTS.request(doing, error)
}

/// Why one entry of a batch was refused. What the record itself is to blame for is its data.
pub(crate) fn entry(entry: &BatchResultErrorEntry) -> Error {
    let code = short(entry.code());
    let said = entry
        .message()
        .unwrap_or("no message")
        .trim_end_matches('.');
    let verdict = match FAULTS.classify(code, said) {
        (ErrorKind::Config, _) => (ErrorKind::Data, false),
        (ErrorKind::Other, _) if !entry.sender_fault() => (ErrorKind::Unavailable, true),
        known => known,
    };
    FAULTS.error(verdict, code, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: &str, message: &str, sender: bool) -> Error {
        let failed = BatchResultErrorEntry::builder()
            .id("0")
            .code(code)
            .message(message)
            .sender_fault(sender);
        entry(&failed.build().expect("all that is required"))
    }

    #[test]
    fn codes_of_both_protocols_mean_the_same() {
        for code in [
            "AWS.SimpleQueueService.NonExistentQueue",
            "com.amazonaws.sqs#QueueDoesNotExist",
        ] {
            assert_eq!(FAULTS.classify(short(code), "").0, ErrorKind::NotFound);
        }
    }

    #[test]
    fn entries_say_whether_trying_again_helps() {
        for (code, message, sender, kind, temporary) in [
            (
                "InvalidMessageContents",
                "bad",
                true,
                ErrorKind::Data,
                false,
            ),
            (
                "InvalidParameterValue",
                "must be shorter than 1048576 bytes",
                true,
                ErrorKind::TooLarge,
                false,
            ),
            (
                "InvalidParameterValue",
                "group",
                true,
                ErrorKind::Data,
                false,
            ),
            ("InternalError", "oops", false, ErrorKind::Unavailable, true),
            (
                "RequestThrottled",
                "slow down",
                true,
                ErrorKind::Unavailable,
                true,
            ),
            ("Strange", "new", false, ErrorKind::Unavailable, true),
            ("Strange", "new", true, ErrorKind::Other, false),
        ] {
            let error = failed(code, message, sender);
            assert_eq!(
                (error.kind(), error.is_temporary()),
                (kind, temporary),
                "{code}"
            );
        }
    }
}
