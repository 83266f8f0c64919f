//! From the SDK's errors to ours.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ssectl_adapter::{Error, ErrorKind};

/// The kind of an error, and whether it may pass.
pub type Verdict = (ErrorKind, bool);

/// What the errors of a service mean.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// The service as policies name it: `sqs` in `sqs:SendMessage`.
    pub actions: &'static str,
    /// What a code of this service means, given what was said with it. Asked only for codes that do not mean the same
    /// in all services.
    pub classify: fn(code: &str, said: &str) -> Option<Verdict>,
    /// What helps against a code of this service.
    pub hint: fn(code: &str) -> Option<&'static str>,
}

/// What a code means in every service.
fn common(code: &str) -> Option<Verdict> {
    Some(match code {
        "AccessDenied" | "AccessDeniedException" | "OptInRequired" | "NotAuthorized" => {
            (ErrorKind::Permission, false)
        }
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
        "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "ServiceUnavailable"
        | "InternalFailure" => (ErrorKind::Unavailable, true),
        "RequestTimeout" => (ErrorKind::Timeout, true),
        _ => return None,
    })
}

/// `AWS.SimpleQueueService.NonExistentQueue` and `com.amazonaws.sqs#QueueDoesNotExist` by their last part.
pub fn short(code: &str) -> &str {
    code.rsplit(['.', '#']).next().unwrap_or(code)
}

const CREDENTIALS: &str = "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or choose a profile with \
                           `AWS_PROFILE` or the option `profile`; `aws sts get-caller-identity` shows who you are";

impl Faults {
    /// The error of a request. `doing` says what was asked, as in "reading the queue".
    pub fn request<E>(&self, doing: &str, error: SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match &error {
            SdkError::ServiceError(answer) => self.service(doing, answer.err(), answer.raw()),
            SdkError::TimeoutError(_) => no_answer(doing),
            SdkError::DispatchFailure(failure) if failure.is_timeout() && !connecting(&error) => {
                no_answer(doing)
            }
            SdkError::ResponseError(answer) => strange(doing, answer.raw()),
            _ => not_sent(doing, &error),
        }
    }

    /// What a short code means; `Other` where nobody knows it.
    pub fn classify(&self, code: &str, said: &str) -> Verdict {
        common(code)
            .or_else(|| (self.classify)(code, said))
            .unwrap_or((ErrorKind::Other, false))
    }

    /// An error with this message and code, and what helps against it.
    pub fn error(&self, (kind, temporary): Verdict, code: &str, message: &str) -> Error {
        let mut error = Error::new(kind, format!("{message} (`{code}`)"));
        if temporary {
            error = error.temporary();
        }
        match self.advice(kind, code) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    fn advice(&self, kind: ErrorKind, code: &str) -> Option<String> {
        if let Some(hint) = (self.hint)(code) {
            return Some(hint.to_owned());
        }
        match (kind, code) {
            (_, "ExpiredToken" | "ExpiredTokenException") => Some(
                "the session has expired: log in again, for example with `aws sso login`"
                    .to_owned(),
            ),
            (ErrorKind::Authentication, _) => Some(CREDENTIALS.to_owned()),
            (ErrorKind::Permission, _) => Some(format!(
                "the adapter's README lists the `{}:` actions that a policy must allow",
                self.actions
            )),
            _ => None,
        }
    }

    fn service<E: ProvideErrorMetadata>(
        &self,
        doing: &str,
        error: &E,
        raw: &HttpResponse,
    ) -> Error {
        let Some(code) = error.code().map(short) else {
            return strange(doing, raw);
        };
        let said = error
            .message()
            .unwrap_or("no message")
            .trim_end_matches('.');
        let verdict = match (self.classify(code, said), raw.status().as_u16()) {
            ((ErrorKind::Other, _), 429 | 500..) => (ErrorKind::Unavailable, true),
            ((ErrorKind::Other, _), 401 | 403) => (ErrorKind::Permission, false),
            (known, _) => known,
        };
        self.error(verdict, code, &format!("{doing}: {said}"))
    }
}

/// Something answers that is not the service: a proxy, or another service.
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
    causes(error).any(|cause| cause.to_string().contains("connect"))
}

/// The request never left: no credentials, no region, or nobody at the other end.
fn not_sent(doing: &str, error: &(dyn StdError + 'static)) -> Error {
    let says = |words: &str| causes(error).any(|cause| cause.to_string().contains(words));
    if causes(error).any(|cause| cause.is::<CredentialsError>()) || says("credentials") {
        let message = format!("{doing}: no AWS credentials");
        return Error::new(ErrorKind::Authentication, message).hint(CREDENTIALS);
    }
    if says("region") {
        return Error::new(ErrorKind::Config, format!("{doing}: no AWS region"))
            .hint("set the option `region`, or `AWS_REGION`");
    }
    let why = first_cause(error).unwrap_or_else(|| "no connection".to_owned());
    let message = format!("{doing}: the service cannot be reached: {why}");
    Error::new(ErrorKind::Unavailable, message).temporary()
}

/// What the error at the bottom of another one says.
pub fn first_cause(error: &(dyn StdError + 'static)) -> Option<String> {
    causes(error).last().map(ToString::to_string)
}

/// The errors below one, the first cause last.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULTS: Faults = Faults {
        actions: "sqs",
        classify: |code, said| match (code, said) {
            ("QueueDoesNotExist", _) => Some((ErrorKind::NotFound, false)),
            (_, "too large") => Some((ErrorKind::TooLarge, false)),
            _ => None,
        },
        hint: |code| (code == "QueueDoesNotExist").then_some("make it"),
    };

    #[test]
    fn codes_are_told_by_their_last_part() {
        for code in [
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.QueueDoesNotExist",
            "com.amazonaws.sqs.v20121105#QueueDoesNotExist",
        ] {
            assert_eq!(short(code), "QueueDoesNotExist");
        }
    }

    #[test]
    fn a_service_adds_codes_to_those_of_all() {
        for (code, said, verdict) in [
            (
                "ThrottlingException",
                "too large",
                (ErrorKind::Unavailable, true),
            ),
            ("ExpiredToken", "", (ErrorKind::Authentication, false)),
            ("QueueDoesNotExist", "", (ErrorKind::NotFound, false)),
            ("Strange", "too large", (ErrorKind::TooLarge, false)),
            ("Strange", "", (ErrorKind::Other, false)),
        ] {
            assert_eq!(FAULTS.classify(code, said), verdict, "{code}: {said}");
        }
    }

    #[test]
    fn an_error_says_what_helps() {
        for (code, hint) in [
            ("QueueDoesNotExist", "make it"),
            ("ExpiredToken", "log in again"),
            ("AuthFailure", "AWS_PROFILE"),
            ("AccessDenied", "`sqs:` actions"),
        ] {
            let error = FAULTS.error(FAULTS.classify(code, ""), code, "asking");
            assert_eq!(error.to_string(), format!("asking (`{code}`)"));
            assert!(
                error.hint_text().is_some_and(|text| text.contains(hint)),
                "{code}"
            );
        }
    }
}
