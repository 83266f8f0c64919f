//! From the SDK's errors to ours.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::BatchResultErrorEntry;
use ssectl_adapter::{Error, ErrorKind};

/// The kind of an error code, and whether it may pass.
fn classify(code: &str, message: &str) -> (ErrorKind, bool) {
    match code {
        "QueueDoesNotExist" | "NonExistentQueue" => (ErrorKind::NotFound, false),
        "QueueNameExists" | "QueueAlreadyExists" => (ErrorKind::AlreadyExists, false),
        "AccessDenied"
        | "AccessDeniedException"
        | "KmsAccessDenied"
        | "KmsOptInRequired"
        | "OptInRequired"
        | "NotAuthorized" => (ErrorKind::Permission, false),
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidSecurity"
        | "AuthFailure" => (ErrorKind::Authentication, false),
        "RequestThrottled"
        | "Throttling"
        | "ThrottlingException"
        | "KmsThrottled"
        | "TooManyRequestsException"
        | "OverLimit"
        | "QueueDeletedRecently"
        | "ServiceUnavailable"
        | "InternalError"
        | "InternalFailure" => (ErrorKind::Unavailable, true),
        "RequestTimeout" => (ErrorKind::Timeout, true),
        "BatchRequestTooLong" => (ErrorKind::TooLarge, false),
        _ if is_too_large(message) => (ErrorKind::TooLarge, false),
        "InvalidMessageContents" => (ErrorKind::Data, false),
        "UnsupportedOperation" => (ErrorKind::Unsupported, false),
        code if code.starts_with("Invalid") || code.starts_with("Missing") => {
            (ErrorKind::Config, false)
        }
        _ => (ErrorKind::Other, false),
    }
}

/// SQS has no code of its own for a message that is too large.
fn is_too_large(message: &str) -> bool {
    message.contains("must be shorter than") || message.contains("MessageTooLong")
}

/// `AWS.SimpleQueueService.NonExistentQueue` and `com.amazonaws.sqs#QueueDoesNotExist` by their last part.
fn short(code: &str) -> &str {
    code.rsplit(['.', '#']).next().unwrap_or(code)
}

fn hint(kind: ErrorKind, code: &str) -> Option<&'static str> {
    match (kind, code) {
        (_, "ExpiredToken" | "ExpiredTokenException") => {
            Some("the session has expired: log in again, for example with `aws sso login`")
        }
        (_, "QueueDeletedRecently") => {
            Some("a queue's name is free again 60 seconds after the queue was deleted")
        }
        (ErrorKind::Authentication, _) => Some(CREDENTIALS),
        (ErrorKind::Permission, _) => {
            Some("the adapter's README lists the `sqs:` actions that a policy must allow")
        }
        _ => None,
    }
}

const CREDENTIALS: &str = "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or choose a profile with \
                           `AWS_PROFILE` or the option `profile`; `aws sts get-caller-identity` shows who you are";

/// The error of a request. `doing` says what was asked, as in "reading the queue".
pub(crate) fn request<E>(doing: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(answer) => service(doing, answer.err(), answer.raw()),
        SdkError::TimeoutError(_) => no_answer(doing),
        SdkError::DispatchFailure(failure) if failure.is_timeout() && !connecting(&error) => {
            no_answer(doing)
        }
        SdkError::ResponseError(answer) => strange(doing, answer.raw()),
        _ => not_sent(doing, &error),
    }
}

/// Something answers that is not SQS: a proxy, or another service.
fn strange(doing: &str, raw: &HttpResponse) -> Error {
    let status = raw.status().as_u16();
    let message = format!("{doing}: the answer is not one of SQS (HTTP status {status})");
    let error = Error::new(ErrorKind::Unavailable, message);
    if status >= 500 {
        error.temporary()
    } else {
        error.hint("check the endpoint and the region")
    }
}

fn no_answer(doing: &str) -> Error {
    Error::new(ErrorKind::Timeout, format!("{doing}: no answer in time")).temporary()
}

/// Whether the time ran out before there was a connection.
fn connecting(error: &(dyn StdError + 'static)) -> bool {
    let causes = causes(error);
    causes
        .iter()
        .any(|cause| cause.to_string().contains("connect"))
}

fn service<E: ProvideErrorMetadata>(doing: &str, error: &E, raw: &HttpResponse) -> Error {
    let Some(code) = error.code().map(short) else {
        return strange(doing, raw);
    };
    let status = raw.status().as_u16();
    let said = error
        .message()
        .unwrap_or("no message")
        .trim_end_matches('.');
    let (kind, temporary) = match classify(code, said) {
        (ErrorKind::Other, _) if status >= 500 || status == 429 => (ErrorKind::Unavailable, true),
        (ErrorKind::Other, _) if status == 401 || status == 403 => (ErrorKind::Permission, false),
        known => known,
    };
    finish(kind, temporary, code, format!("{doing}: {said} (`{code}`)"))
}

/// Why one entry of a batch was refused. What the record itself is to blame for is its data.
pub(crate) fn entry(entry: &BatchResultErrorEntry) -> Error {
    let code = short(entry.code());
    let said = entry
        .message()
        .unwrap_or("no message")
        .trim_end_matches('.');
    let (kind, temporary) = match classify(code, said) {
        (ErrorKind::Config, _) => (ErrorKind::Data, false),
        (ErrorKind::Other, _) if !entry.sender_fault() => (ErrorKind::Unavailable, true),
        known => known,
    };
    finish(kind, temporary, code, format!("{said} (`{code}`)"))
}

fn finish(kind: ErrorKind, temporary: bool, code: &str, message: String) -> Error {
    let mut error = Error::new(kind, message);
    if temporary {
        error = error.temporary();
    }
    match hint(kind, code) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The request never left: no credentials, no region, or nobody at the other end.
fn not_sent(doing: &str, error: &(dyn StdError + 'static)) -> Error {
    let chain = causes(error);
    let says = |words: &str| chain.iter().any(|cause| cause.to_string().contains(words));
    if chain.iter().any(|cause| cause.is::<CredentialsError>()) || says("credentials") {
        return Error::new(
            ErrorKind::Authentication,
            format!("{doing}: no AWS credentials"),
        )
        .hint(CREDENTIALS);
    }
    if says("region") {
        return Error::new(ErrorKind::Config, format!("{doing}: no AWS region"))
            .hint("set the option `region`, or `AWS_REGION`");
    }
    let why = chain
        .last()
        .map_or_else(|| "no connection".to_owned(), ToString::to_string);
    Error::new(
        ErrorKind::Unavailable,
        format!("{doing}: the service cannot be reached: {why}"),
    )
    .temporary()
}

/// The errors below one, the first cause last.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    let mut all = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        all.push(cause);
        next = cause.source();
    }
    all
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
            assert_eq!(classify(short(code), "").0, ErrorKind::NotFound);
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
