//! From the SDK's errors to ours.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use ssectl_adapter::{Error, ErrorKind};

/// The kind of an error code of Kinesis or DynamoDB, and whether it may pass.
fn classify(code: &str) -> (ErrorKind, bool) {
    match code {
        "ResourceNotFoundException" => (ErrorKind::NotFound, false),
        "ResourceInUseException" => (ErrorKind::AlreadyExists, false),
        "AccessDenied"
        | "AccessDeniedException"
        | "KMSAccessDeniedException"
        | "KMSOptInRequired"
        | "KMSDisabledException"
        | "KMSNotFoundException"
        | "KMSInvalidStateException"
        | "OptInRequired"
        | "NotAuthorized" => (ErrorKind::Permission, false),
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "AuthFailure" => (ErrorKind::Authentication, false),
        // Too many requests, records or bytes for a shard, a stream, an account or a table.
        "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "KMSThrottlingException"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "InternalServerError"
        | "InternalFailure"
        | "InternalFailureException" => (ErrorKind::Unavailable, true),
        "RequestTimeout" => (ErrorKind::Timeout, true),
        "ValidationException" | "InvalidArgumentException" | "SerializationException" => {
            (ErrorKind::Config, false)
        }
        "UnknownOperationException" => (ErrorKind::Unsupported, false),
        _ => (ErrorKind::Other, false),
    }
}

/// Whether it says that a shard, or the account, was asked for more than it gives.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "KMSThrottlingException"
            | "LimitExceededException"
    )
}

/// `com.amazonaws.kinesis#ResourceNotFoundException` by its last part.
fn short(code: &str) -> &str {
    code.rsplit(['.', '#']).next().unwrap_or(code)
}

fn hint(kind: ErrorKind, code: &str) -> Option<&'static str> {
    match (kind, code) {
        (_, "ExpiredToken" | "ExpiredTokenException") => {
            Some("the session has expired: log in again, for example with `aws sso login`")
        }
        (ErrorKind::Authentication, _) => Some(CREDENTIALS),
        (ErrorKind::Permission, _) => {
            Some("the adapter's README lists the `kinesis:` actions that a policy must allow")
        }
        _ => None,
    }
}

const CREDENTIALS: &str = "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or choose a profile with \
                           `AWS_PROFILE` or the option `profile`; `aws sts get-caller-identity` shows who you are";

/// The error of a request. `doing` says what was asked, as in "reading the shard".
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

/// The error of an answer that comes in events.
pub(crate) fn event<E, R>(doing: &str, error: SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match &error {
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().map_or("no code", short);
            let (kind, temporary) = match classify(code) {
                // The stream of events is renewed by asking again.
                (ErrorKind::Other, _) => (ErrorKind::Unavailable, true),
                known => known,
            };
            let said = answer.err().message().unwrap_or("no message");
            let said = said.trim_end_matches('.');
            finish(kind, temporary, code, format!("{doing}: {said} (`{code}`)"))
        }
        _ => {
            let chain = causes(&error);
            let why = chain
                .last()
                .map_or_else(|| "no more events".to_owned(), ToString::to_string);
            Error::new(ErrorKind::Unavailable, format!("{doing}: {why}")).temporary()
        }
    }
}

/// Something answers that is not Kinesis: a proxy, or another service.
fn strange(doing: &str, raw: &HttpResponse) -> Error {
    let status = raw.status().as_u16();
    let message = format!("{doing}: the answer is not one of AWS (HTTP status {status})");
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
    let (kind, temporary) = match classify(code) {
        (ErrorKind::Other, _) if status >= 500 || status == 429 => (ErrorKind::Unavailable, true),
        (ErrorKind::Other, _) if status == 401 || status == 403 => (ErrorKind::Permission, false),
        known => known,
    };
    finish(kind, temporary, code, format!("{doing}: {said} (`{code}`)"))
}

/// Why one record of a request was refused.
pub(crate) fn entry(code: &str, said: Option<&str>) -> Error {
    let code = short(code);
    let said = said.unwrap_or("no message").trim_end_matches('.');
    let (kind, temporary) = match classify(code) {
        (ErrorKind::Config, _) => (ErrorKind::Data, false),
        // The API knows no refusals for ever of single records.
        (ErrorKind::Other, _) => (ErrorKind::Unavailable, true),
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

    #[test]
    fn codes_are_told_by_their_last_part() {
        for code in [
            "ResourceNotFoundException",
            "com.amazonaws.kinesis.v20131202#ResourceNotFoundException",
        ] {
            assert_eq!(classify(short(code)).0, ErrorKind::NotFound);
        }
    }

    #[test]
    fn entries_say_whether_trying_again_helps() {
        for (code, kind, temporary) in [
            (
                "ProvisionedThroughputExceededException",
                ErrorKind::Unavailable,
                true,
            ),
            ("InternalFailure", ErrorKind::Unavailable, true),
            ("KMSAccessDeniedException", ErrorKind::Permission, false),
            ("SomethingNew", ErrorKind::Unavailable, true),
        ] {
            let error = entry(code, Some("Slow down."));
            assert_eq!(
                (error.kind(), error.is_temporary()),
                (kind, temporary),
                "{code}"
            );
        }
    }
}
