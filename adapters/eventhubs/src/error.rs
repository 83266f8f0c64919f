//! From the client's errors to ours.
//!
//! What the service said lies deep in the chain of causes, and the client's own texts are made for
//! its developers; so the chain is searched for the first cause that tells something.

use std::error::Error as StdError;

use azure_core::error::ErrorKind as AzureKind;
use azure_core::http::StatusCode;
use azure_core_amqp::{
    AmqpDescribedError, AmqpError, AmqpErrorCondition as Condition, AmqpErrorKind,
};
use azure_messaging_eventhubs::EventHubsError;
use azure_messaging_eventhubs::error::ErrorKind as HubsKind;
use ssectl_adapter::{Error, ErrorKind};

/// What an error means to us.
struct Meaning {
    kind: ErrorKind,
    temporary: bool,
    /// What the other side said, or what happened.
    said: String,
}

/// The error of a request. `doing` says what was asked, as in "reading the hub".
pub(crate) fn request(doing: &str, error: EventHubsError) -> Error {
    let meaning = match &error.kind {
        HubsKind::ConsumerDisconnected(said) => stolen(said.as_ref()),
        HubsKind::SendRejected(Some(said)) => described(said),
        _ => search(&error).unwrap_or_else(|| unknown(&error)),
    };
    finish(doing, meaning)
}

/// An error of the credential, or of a request by HTTP.
pub(crate) fn azure(doing: &str, error: azure_core::Error) -> Error {
    let meaning = search(&error).unwrap_or_else(|| unknown(&error));
    finish(doing, meaning)
}

/// An answer by HTTP that says no.
pub(crate) fn status(doing: &str, status: StatusCode, said: &str) -> Error {
    finish(doing, of_status(status, said))
}

/// The other side did not answer in time. After a send its outcome is not known.
pub(crate) fn no_answer(doing: &str) -> Error {
    Error::new(ErrorKind::Timeout, format!("{doing}: no answer in time")).temporary()
}

fn finish(doing: &str, meaning: Meaning) -> Error {
    let error = Error::new(meaning.kind, format!("{doing}: {}", meaning.said));
    let error = if meaning.temporary {
        error.temporary()
    } else {
        error
    };
    match hint(meaning.kind, &meaning.said) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The first cause that tells something.
fn search(error: &(dyn StdError + 'static)) -> Option<Meaning> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(amqp) = cause.downcast_ref::<AmqpError>()
            && let Some(meaning) = of_amqp(amqp)
        {
            return Some(meaning);
        }
        if let Some(azure) = cause.downcast_ref::<azure_core::Error>()
            && let Some(meaning) = of_azure(azure)
        {
            return Some(meaning);
        }
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return Some(unreachable(io.to_string()));
        }
        next = cause.source();
    }
    None
}

fn of_amqp(error: &AmqpError) -> Option<Meaning> {
    Some(match error.kind() {
        AmqpErrorKind::AmqpDescribedError(said) => described(said),
        AmqpErrorKind::ManagementStatusCode(status, said) => {
            of_status(*status, said.as_deref().unwrap_or("no message"))
        }
        AmqpErrorKind::ConnectionClosedByRemote(_)
        | AmqpErrorKind::ConnectionDetachedByRemote(_)
        | AmqpErrorKind::ConnectionDropped(_)
        | AmqpErrorKind::SessionClosedByRemote(_)
        | AmqpErrorKind::SessionDetachedByRemote(_)
        | AmqpErrorKind::LinkClosedByRemote(_)
        | AmqpErrorKind::LinkDetachedByRemote(_)
        | AmqpErrorKind::LinkStateError(_)
        | AmqpErrorKind::DetachError(_)
        | AmqpErrorKind::FramingError(_)
        | AmqpErrorKind::IdleTimeoutElapsed(_)
        | AmqpErrorKind::TransferLimitExceeded(_)
        | AmqpErrorKind::IllegalDeliveryState
        | AmqpErrorKind::NonTerminalDeliveryState => lost(),
        AmqpErrorKind::TransportImplementationError(cause) => {
            // Something below may say more.
            search(cause.as_ref()).unwrap_or_else(|| unreachable(cause.to_string()))
        }
        AmqpErrorKind::SendRejected => Meaning {
            kind: ErrorKind::Other,
            temporary: false,
            said: "the service refused the events and did not say why".to_owned(),
        },
        AmqpErrorKind::SimpleMessage(text) if text.contains("TLS configuration") => Meaning {
            kind: ErrorKind::Config,
            temporary: false,
            said:
                "this machine has no certificates of authorities, without which the client opens \
                   no connection, not even one without TLS"
                    .to_owned(),
        },
        _ => return None,
    })
}

fn of_azure(error: &azure_core::Error) -> Option<Meaning> {
    match error.kind() {
        AzureKind::Credential => Some(Meaning {
            kind: ErrorKind::Authentication,
            temporary: false,
            said: format!("no token of Entra ID: {error}"),
        }),
        AzureKind::HttpResponse { status, .. } => Some(of_status(*status, &error.to_string())),
        _ => None,
    }
}

fn of_status(status: StatusCode, said: &str) -> Meaning {
    let code = u16::from(status);
    let (kind, temporary) = match code {
        401 => (ErrorKind::Authentication, false),
        403 => (ErrorKind::Permission, false),
        404 | 410 => (ErrorKind::NotFound, false),
        409 => (ErrorKind::AlreadyExists, false),
        408 | 504 => (ErrorKind::Timeout, true),
        413 => (ErrorKind::TooLarge, false),
        429 | 500..=599 => (ErrorKind::Unavailable, true),
        400..=499 => (ErrorKind::Config, false),
        _ => (ErrorKind::Other, false),
    };
    Meaning {
        kind,
        temporary,
        said: format!("{} (status {code})", tidy(said)),
    }
}

/// The conditions of AMQP 1.0 and those of Microsoft's own.
fn described(error: &AmqpDescribedError) -> Meaning {
    let said = error.description.as_deref().unwrap_or("no message");
    let (kind, temporary) = match &error.condition {
        Condition::NotFound | Condition::ResourceDeleted => (ErrorKind::NotFound, false),
        Condition::UnauthorizedAccess if said.contains("claim") => (ErrorKind::Permission, false),
        Condition::UnauthorizedAccess => (ErrorKind::Authentication, false),
        Condition::PublisherRevokedError => (ErrorKind::Permission, false),
        Condition::LinkStolen => return stolen(Some(error)),
        Condition::LinkPayloadSizeExceeded => (ErrorKind::TooLarge, false),
        Condition::TimeoutError => (ErrorKind::Timeout, true),
        Condition::ServerBusyError
        | Condition::InternalError
        | Condition::OperationCancelled
        | Condition::ConnectionForced
        | Condition::ConnectionFramingError
        | Condition::LinkDetachForced
        | Condition::EntityUpdated
        | Condition::ConnectionRedirect
        | Condition::LinkRedirect => (ErrorKind::Unavailable, true),
        Condition::ResourceLimitExceeded | Condition::EntityDisabledError => {
            (ErrorKind::Unavailable, false)
        }
        Condition::ArgumentOutOfRangeError => (ErrorKind::OutOfRange, false),
        Condition::EntityAlreadyExists => (ErrorKind::AlreadyExists, false),
        Condition::NotImplemented => (ErrorKind::Unsupported, false),
        Condition::ArgumentError | Condition::InvalidField | Condition::NotAllowed => {
            (ErrorKind::Config, false)
        }
        Condition::DecodeError => (ErrorKind::Data, false),
        _ => (ErrorKind::Other, false),
    };
    let condition = <&str>::from(&error.condition);
    Meaning {
        kind,
        temporary,
        said: format!("{} (`{condition}`)", tidy(said)),
    }
}

fn stolen(said: Option<&AmqpDescribedError>) -> Meaning {
    let said = said.and_then(|said| said.description.as_deref());
    Meaning {
        kind: ErrorKind::Other,
        temporary: false,
        said: format!(
            "another reader has taken the partition: {} (`amqp:link:stolen`)",
            tidy(said.unwrap_or("no message"))
        ),
    }
}

fn lost() -> Meaning {
    Meaning {
        kind: ErrorKind::Unavailable,
        temporary: true,
        said: "the connection was lost".to_owned(),
    }
}

/// What the client says of a login that was refused (AMQP 1.0 part 5, section 5.3.3.6, "auth").
const REFUSED_LOGIN: &str = "SASL error code Auth";

fn unreachable(why: String) -> Meaning {
    if why.contains(REFUSED_LOGIN) {
        return Meaning {
            kind: ErrorKind::Authentication,
            temporary: false,
            said: "the service does not let us in".to_owned(),
        };
    }
    Meaning {
        kind: ErrorKind::Unavailable,
        // Whom we do not trust now we will not trust soon.
        temporary: !why.contains(CERTIFICATE),
        said: format!("the service cannot be reached: {why}"),
    }
}

fn unknown(error: &dyn StdError) -> Meaning {
    Meaning {
        kind: ErrorKind::Other,
        temporary: false,
        said: tidy(&error.to_string()),
    }
}

/// One line without the references to Microsoft's logs, and no final period.
fn tidy(text: &str) -> String {
    let text = text.split("TrackingId:").next().unwrap_or(text);
    let text = text
        .split("For troubleshooting information")
        .next()
        .unwrap_or(text);
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', ',']).to_owned()
}

/// What errors of TLS say of a certificate that is not trusted.
const CERTIFICATE: &str = "invalid peer certificate";

fn hint(kind: ErrorKind, said: &str) -> Option<&'static str> {
    match kind {
        ErrorKind::Authentication => Some(
            "set `EVENTHUBS_CONNECTION_STRING`, or log in (`az login`) and choose a `namespace`; the adapter's README \
             lists the ways",
        ),
        ErrorKind::Permission => Some(
            "the adapter's README lists the roles and claims: `Azure Event Hubs Data Receiver` (Listen) to read, \
             `Data Sender` (Send) to write",
        ),
        ErrorKind::Unavailable if said.contains(CERTIFICATE) => Some(
            "name a file with the certificate of its authority in `SSL_CERT_FILE`, and connect by the name that it is for",
        ),
        ErrorKind::Config if said.contains("certificates of authorities") => {
            Some("install `ca-certificates`, or name a file of them in `SSL_CERT_FILE`")
        }
        ErrorKind::Other if said.contains("link:stolen") => Some(
            "readers of one partition need the same `owner-level`, or consumer groups of their own",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(condition: Condition, said: &str) -> Error {
        let error = AmqpDescribedError::new(condition, Some(said.to_owned()), Default::default());
        let error = AmqpError::from(AmqpErrorKind::AmqpDescribedError(error));
        request("reading the hub", error.into())
    }

    #[test]
    fn conditions_say_whether_trying_again_helps() {
        for (condition, kind, temporary) in [
            (Condition::NotFound, ErrorKind::NotFound, false),
            (
                Condition::UnauthorizedAccess,
                ErrorKind::Authentication,
                false,
            ),
            (Condition::ServerBusyError, ErrorKind::Unavailable, true),
            (Condition::ConnectionForced, ErrorKind::Unavailable, true),
            (
                Condition::LinkPayloadSizeExceeded,
                ErrorKind::TooLarge,
                false,
            ),
            (Condition::LinkStolen, ErrorKind::Other, false),
            (
                Condition::ArgumentOutOfRangeError,
                ErrorKind::OutOfRange,
                false,
            ),
            (Condition::TimeoutError, ErrorKind::Timeout, true),
        ] {
            let error = refused(condition.clone(), "no. TrackingId:abc, SystemTracker:d");
            let found = (error.kind(), error.is_temporary());
            assert_eq!(found, (kind, temporary), "{condition:?}");
            assert!(!error.to_string().contains("TrackingId"), "{error}");
        }
        let claims = refused(
            Condition::UnauthorizedAccess,
            "'Send' claim(s) are required",
        );
        assert_eq!(claims.kind(), ErrorKind::Permission);
    }

    /// The client wraps what it gets, some of it twice.
    #[test]
    fn what_was_said_is_found_under_its_wrapping() {
        let status = AmqpErrorKind::ManagementStatusCode(StatusCode::NotFound, Some("gone".into()));
        let inner =
            azure_core::Error::with_error(AzureKind::Other, AmqpError::from(status), "outer");
        let outer =
            azure_core::Error::with_error(AzureKind::Other, AmqpError::from(inner), "outer");
        let error = request("describing the hub", EventHubsError::from(outer));
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.to_string(), "describing the hub: gone (status 404)");
    }

    #[test]
    fn nobody_at_the_other_end_is_unavailable() {
        let io = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = EventHubsError::from(AmqpError::from(azure_core::Error::from(io)));
        let error = request("connecting", error);
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.is_temporary());
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_not_tried_again() {
        let io = std::io::Error::other("invalid peer certificate: UnknownIssuer");
        let error = EventHubsError::from(AmqpError::from(azure_core::Error::from(io)));
        let error = request("connecting", error);
        assert!(!error.is_temporary(), "{error}");
        assert!(
            error
                .hint_text()
                .is_some_and(|hint| hint.contains("SSL_CERT_FILE"))
        );
    }

    #[test]
    fn a_machine_without_certificates_is_told_what_to_install() {
        let error = AmqpError::with_message("Could not build the AMQP TLS configuration: none");
        let error = request("connecting", error.into());
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error
                .hint_text()
                .is_some_and(|hint| hint.contains("ca-certificates"))
        );
    }
}
