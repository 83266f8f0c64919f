//! From the client's errors to ours.

use std::error::Error as StdError;

use google_cloud_gax::client_builder::Error as BuildError;
use google_cloud_gax::error::rpc::Code;
use google_cloud_pubsub::Error as Fault;
use ssectl_adapter::{Error, ErrorKind};

const CREDENTIALS: &str = "set `GOOGLE_APPLICATION_CREDENTIALS` to a key file, or run `gcloud auth application-default login`; an \
                           emulator is found by `PUBSUB_EMULATOR_HOST` or the option `endpoint`";

/// The kind of a status, and whether it may pass (AIP-193, and what Pub/Sub documents of each code).
fn classify(code: Code, message: &str) -> (ErrorKind, bool) {
    match code {
        Code::NotFound => (ErrorKind::NotFound, false),
        Code::AlreadyExists => (ErrorKind::AlreadyExists, false),
        Code::PermissionDenied => (ErrorKind::Permission, false),
        Code::Unauthenticated => (ErrorKind::Authentication, false),
        Code::InvalidArgument | Code::OutOfRange if is_too_large(message) => {
            (ErrorKind::TooLarge, false)
        }
        Code::InvalidArgument | Code::OutOfRange => (ErrorKind::Config, false),
        Code::Unimplemented => (ErrorKind::Unsupported, false),
        Code::DeadlineExceeded => (ErrorKind::Timeout, true),
        // Throttled, moved, or a fault of theirs.
        Code::ResourceExhausted
        | Code::Unavailable
        | Code::Aborted
        | Code::Internal
        | Code::Unknown
        | Code::Cancelled => (ErrorKind::Unavailable, true),
        _ => (ErrorKind::Other, false),
    }
}

/// Pub/Sub has no code of its own for a request that is too large.
fn is_too_large(message: &str) -> bool {
    message.contains("too large") || message.contains("exceeds the limit")
}

fn hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Authentication => Some(CREDENTIALS),
        ErrorKind::Permission => Some(
            "the adapter's README lists the permissions; the API must be enabled in the project, too",
        ),
        _ => None,
    }
}

/// The error of a request. `doing` says what was asked, as in "reading the topic".
pub(crate) fn request(doing: &str, error: &Fault) -> Error {
    let (kind, temporary, said) = match error.status() {
        Some(status) => {
            let (kind, temporary) = classify(status.code, &status.message);
            let said = status.message.trim_end_matches('.');
            (
                kind,
                temporary,
                format!("{said} (`{}`)", status.code.name()),
            )
        }
        None => without_status(error),
    };
    finish(kind, temporary, format!("{doing}: {said}"))
}

/// Something answers that is not Pub/Sub, or nothing does.
fn without_status(error: &Fault) -> (ErrorKind, bool, String) {
    let cause = || root(error).trim_end_matches('.').to_owned();
    if error.is_authentication() {
        return (
            ErrorKind::Authentication,
            false,
            format!("no credentials: {}", cause()),
        );
    }
    if error.is_timeout() {
        return (ErrorKind::Timeout, true, "no answer in time".to_owned());
    }
    match error.http_status_code() {
        Some(status @ (401 | 403)) => (
            ErrorKind::Permission,
            false,
            format!("refused (HTTP status {status})"),
        ),
        Some(status) => (
            ErrorKind::Unavailable,
            status >= 500 || status == 429,
            format!("the answer is not one of Pub/Sub (HTTP status {status})"),
        ),
        None if error.is_connect() || error.is_io() || error.is_transport() => (
            ErrorKind::Unavailable,
            true,
            format!("the service cannot be reached: {}", cause()),
        ),
        None => (ErrorKind::Other, false, cause()),
    }
}

/// The client could not be made: no credentials that can be used, or an endpoint that is none.
pub(crate) fn client(error: &BuildError) -> Error {
    let (kind, what) = if error.is_default_credentials() {
        (ErrorKind::Authentication, "no credentials")
    } else {
        (ErrorKind::Config, "the client cannot be made")
    };
    finish(
        kind,
        false,
        format!("{what}: {}", root(error).trim_end_matches('.')),
    )
}

/// Credentials that cannot be used.
pub(crate) fn credentials(error: &(dyn StdError + 'static)) -> Error {
    let what = format!("no credentials: {}", root(error).trim_end_matches('.'));
    finish(ErrorKind::Authentication, false, what)
}

/// A request that was not answered in time.
pub(crate) fn no_answer(doing: &str) -> Error {
    finish(
        ErrorKind::Timeout,
        true,
        format!("{doing}: no answer in time"),
    )
}

fn finish(kind: ErrorKind, temporary: bool, message: String) -> Error {
    let mut error = Error::new(kind, message);
    if temporary {
        error = error.temporary();
    }
    match hint(kind) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The first cause in words.
fn root(error: &(dyn StdError + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use google_cloud_gax::error::rpc::Status;

    use super::*;

    fn told(code: Code, message: &str) -> Error {
        let status = Status::default().set_code(code).set_message(message);
        request("publishing", &Fault::service(status))
    }

    #[test]
    fn codes_say_what_kind_and_whether_trying_again_helps() {
        for (code, message, kind, temporary) in [
            (Code::NotFound, "gone", ErrorKind::NotFound, false),
            (
                Code::Unauthenticated,
                "who",
                ErrorKind::Authentication,
                false,
            ),
            (Code::PermissionDenied, "no", ErrorKind::Permission, false),
            (
                Code::ResourceExhausted,
                "slow down",
                ErrorKind::Unavailable,
                true,
            ),
            (Code::Unavailable, "moving", ErrorKind::Unavailable, true),
            (Code::DeadlineExceeded, "late", ErrorKind::Timeout, true),
            (
                Code::InvalidArgument,
                "The value for message_size is too large",
                ErrorKind::TooLarge,
                false,
            ),
            (Code::InvalidArgument, "bad name", ErrorKind::Config, false),
            (Code::Unimplemented, "never", ErrorKind::Unsupported, false),
        ] {
            let error = told(code, message);
            assert_eq!(
                (error.kind(), error.is_temporary()),
                (kind, temporary),
                "{code}"
            );
            assert!(error.to_string().contains(code.name()), "{error}");
        }
    }

    #[test]
    fn what_never_became_a_status_is_told_apart() {
        let io = request("reading", &Fault::io("connection refused"));
        assert_eq!(
            (io.kind(), io.is_temporary()),
            (ErrorKind::Unavailable, true)
        );
        assert!(io.to_string().contains("connection refused"), "{io}");
        let late = request("reading", &Fault::timeout("deadline"));
        assert_eq!(
            (late.kind(), late.is_temporary()),
            (ErrorKind::Timeout, true)
        );
    }

    #[test]
    fn who_is_refused_is_told_what_to_do() {
        let hint = |code| told(code, "no").hint_text().unwrap_or_default().to_owned();
        assert!(hint(Code::Unauthenticated).contains("gcloud"));
        assert!(hint(Code::PermissionDenied).contains("permissions"));
    }
}
