//! What errors of a consumer mean for a read.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use ssectl_adapter::{Error, ErrorKind, Result};

use crate::bounds;
use crate::cluster::{Cluster, Offsets};
use crate::config::OffsetReset;
use crate::error::from_client;
use crate::monitor::Monitor;

/// Sorts an error: nothing, something that may pass, or the end of the read.
pub(super) fn explain(error: &KafkaError, topic: &str, grouped: bool) -> Result<()> {
    let code = error.rdkafka_error_code();
    match code {
        // One broker of several; the others go on.
        Some(Code::BrokerTransportFailure | Code::Resolve | Code::PollExceeded) => return Ok(()),
        // A read without a group asks for a coordinator all the same, and needs none.
        Some(Code::GroupAuthorizationFailed | Code::CoordinatorNotAvailable) if !grouped => {
            return Ok(());
        }
        _ => {}
    }
    let failed = from_client(format!("cannot read topic `{topic}`"), error);
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    Err(match code {
        Some(Code::InconsistentGroupProtocol | Code::UnsupportedAssignor) => {
            failed.hint("set `assignment` to what the other members of the group use")
        }
        // librdkafka tries again by itself whatever it does not call fatal; so does what it asks of a topic that is
        // replaced under its hands.
        Some(Code::InvalidArgument) if !fatal => failed.temporary(),
        _ if failed.kind() == ErrorKind::Other && !fatal => failed.temporary(),
        _ => failed,
    })
}

/// Names the partition whose next offset is gone.
pub(super) fn out_of_range(
    cluster: &Cluster,
    topic: &str,
    reading: Offsets,
    error: &KafkaError,
) -> Error {
    match bounds::within(cluster, topic, reading, OffsetReset::Error) {
        Err(named) => named,
        Ok(_) => from_client(format!("the offset to read of `{topic}` is gone"), error),
    }
}

/// The error for a topic of another id under the same name: where we are means nothing there.
pub(super) fn made_anew(monitor: &Monitor, topic: &str) -> Result<()> {
    if !monitor.topic_was_made_anew() {
        return Ok(());
    }
    let error = Error::new(
        ErrorKind::OutOfRange,
        format!("topic `{topic}` was deleted and made anew while it was read"),
    );
    Err(error.hint(
        "read it again from `start`; a group begins there by itself, unless it has committed since",
    ))
}
