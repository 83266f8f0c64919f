//! From the SDK's errors to ours.

use std::error::Error as StdError;

use aws_sdk_kinesis::config::http::HttpResponse;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use ssectl_adapter::{Error, ErrorKind};
use ssectl_aws::{Faults, Verdict, first_cause, short};

const FAULTS: Faults = Faults {
    actions: "kinesis",
    classify: |code, _| classify(code),
    hint: |_| None,
};

/// What a code of Kinesis or DynamoDB means.
fn classify(code: &str) -> Option<Verdict> {
    Some(match code {
        "ResourceNotFoundException" => (ErrorKind::NotFound, false),
        "ResourceInUseException" => (ErrorKind::AlreadyExists, false),
        "KMSAccessDeniedException"
        | "KMSOptInRequired"
        | "KMSDisabledException"
        | "KMSNotFoundException"
        | "KMSInvalidStateException" => (ErrorKind::Permission, false),
        // Too many requests, records or bytes for a shard, a stream, an account or a table.
        "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "KMSThrottlingException"
        | "RequestLimitExceeded"
        | "ServiceUnavailableException"
        | "InternalServerError"
        | "InternalFailureException" => (ErrorKind::Unavailable, true),
        "ValidationException" | "InvalidArgumentException" | "SerializationException" => {
            (ErrorKind::Config, false)
        }
        "UnknownOperationException" => (ErrorKind::Unsupported, false),
        _ => return None,
    })
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

/// The error of a request. `doing` says what was asked, as in "reading the shard".
pub(crate) fn request<E>(doing: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    FAULTS.request(doing, error)
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
            let said = said(answer.err().message());
            FAULTS.error(passing(code), code, &format!("{doing}: {said}"))
        }
        _ => {
            let why = first_cause(&error).unwrap_or_else(|| "no more events".to_owned());
            Error::new(ErrorKind::Unavailable, format!("{doing}: {why}")).temporary()
        }
    }
}

/// Why one record of a request was refused.
pub(crate) fn entry(code: &str, message: Option<&str>) -> Error {
    let code = short(code);
    let verdict = match passing(code) {
        (ErrorKind::Config, _) => (ErrorKind::Data, false),
        known => known,
    };
    FAULTS.error(verdict, code, said(message))
}

/// What a code means where nothing is refused for ever: an event stream is renewed by asking again, and the API knows no
/// such refusals of single records.
fn passing(code: &str) -> Verdict {
    match FAULTS.classify(code, "") {
        (ErrorKind::Other, _) => (ErrorKind::Unavailable, true),
        known => known,
    }
}

fn said(message: Option<&str>) -> &str {
    message.unwrap_or("no message").trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("ValidationException", ErrorKind::Data, false),
            ("SomethingNew", ErrorKind::Unavailable, true),
        ] {
            let error = entry(code, Some("Slow down."));
            assert_eq!(
                (error.kind(), error.is_temporary()),
                (kind, temporary),
                "{code}"
            );
            assert_eq!(error.to_string(), format!("Slow down (`{code}`)"));
        }
    }
}
