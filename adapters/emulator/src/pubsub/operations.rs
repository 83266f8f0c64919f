//! The one table of what is served: it drives dispatch, of gRPC and of REST, and [`coverage`].

use std::pin::Pin;

use bytes::Bytes;
use prost::Message;
use tonic::Status;

use super::api::{iam, messages, publish, schemas, seek, snapshots, subscriptions, topics};
use super::call::Call;
use super::error::invalid;

/// The result of an operation that waits.
type Later<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Status>> + Send + 'a>>;

/// How an operation is run, from the bytes of its request to those of its answer.
pub(super) enum Run {
    /// It answers at once.
    Now(fn(&Call, Bytes) -> Result<Vec<u8>, Status>),
    /// It may wait.
    Later(for<'a> fn(&'a Call, Bytes) -> Later<'a>),
    /// It is a stream, see [`super::stream`].
    Stream,
}

/// One operation.
pub(super) struct Operation {
    /// The service with its package.
    pub(super) service: &'static str,
    /// Its name there.
    pub(super) method: &'static str,
    pub(super) run: Run,
    /// What is missing, or empty.
    missing: &'static str,
}

/// How far one operation is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The operation, as Google calls it.
    pub operation: &'static str,
    /// How far.
    pub support: Support,
}

/// How far something is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// As at Google.
    Full,
    /// With something missing.
    Partly(&'static str),
}

const PUBLISHER: &str = "google.pubsub.v1.Publisher";
const SUBSCRIBER: &str = "google.pubsub.v1.Subscriber";
const SCHEMAS: &str = "google.pubsub.v1.SchemaService";
const IAM: &str = "google.iam.v1.IAMPolicy";

/// What is missing of topics that are made or changed.
const TOPIC_GAPS: &str = "storage policies and keys are kept and shown, but not used; ingestion and transforms are refused";

/// What is missing of subscriptions that are made or changed.
const SUBSCRIPTION_GAPS: &str = "BigQuery, Cloud Storage and transforms are refused; tokens of pushes are signed \
     by the emulator; expiration policies are kept and shown, but nothing expires";

/// An [`Operation`] that answers at once.
macro_rules! operation {
    ($service:expr, $method:literal, $handler:path) => {
        operation!($service, $method, $handler, "")
    };
    ($service:expr, $method:literal, $handler:path, $missing:expr) => {
        Operation {
            service: $service,
            method: $method,
            run: Run::Now(|call, request| Ok($handler(call, decode(request)?)?.encode_to_vec())),
            missing: $missing,
        }
    };
}

/// Every operation, by service.
static OPERATIONS: &[Operation] = &[
    operation!(PUBLISHER, "CreateTopic", topics::create, TOPIC_GAPS),
    operation!(PUBLISHER, "UpdateTopic", topics::update, TOPIC_GAPS),
    operation!(PUBLISHER, "Publish", publish::publish),
    operation!(PUBLISHER, "GetTopic", topics::get),
    operation!(PUBLISHER, "ListTopics", topics::list),
    operation!(PUBLISHER, "ListTopicSubscriptions", topics::subscriptions),
    operation!(PUBLISHER, "ListTopicSnapshots", topics::snapshots),
    operation!(PUBLISHER, "DeleteTopic", topics::delete),
    operation!(PUBLISHER, "DetachSubscription", subscriptions::detach),
    operation!(
        SUBSCRIBER,
        "CreateSubscription",
        subscriptions::create,
        SUBSCRIPTION_GAPS
    ),
    operation!(SUBSCRIBER, "GetSubscription", subscriptions::get),
    operation!(
        SUBSCRIBER,
        "UpdateSubscription",
        subscriptions::update,
        SUBSCRIPTION_GAPS
    ),
    operation!(SUBSCRIBER, "ListSubscriptions", subscriptions::list),
    operation!(SUBSCRIBER, "DeleteSubscription", subscriptions::delete),
    operation!(
        SUBSCRIBER,
        "ModifyAckDeadline",
        messages::modify_ack_deadline
    ),
    operation!(SUBSCRIBER, "Acknowledge", messages::acknowledge),
    Operation {
        service: SUBSCRIBER,
        method: "Pull",
        run: Run::Later(|call, request| Box::pin(pull_later(call, request))),
        missing: "",
    },
    Operation {
        service: SUBSCRIBER,
        method: "StreamingPull",
        run: Run::Stream,
        missing: "",
    },
    operation!(
        SUBSCRIBER,
        "ModifyPushConfig",
        subscriptions::modify_push_config,
        SUBSCRIPTION_GAPS
    ),
    operation!(SUBSCRIBER, "GetSnapshot", snapshots::get),
    operation!(SUBSCRIBER, "ListSnapshots", snapshots::list),
    operation!(SUBSCRIBER, "CreateSnapshot", snapshots::create),
    operation!(SUBSCRIBER, "UpdateSnapshot", snapshots::update),
    operation!(SUBSCRIBER, "DeleteSnapshot", snapshots::delete),
    operation!(SUBSCRIBER, "Seek", seek::seek),
    operation!(SCHEMAS, "CreateSchema", schemas::create),
    operation!(SCHEMAS, "GetSchema", schemas::get),
    operation!(SCHEMAS, "ListSchemas", schemas::list),
    operation!(SCHEMAS, "ListSchemaRevisions", schemas::list_revisions),
    operation!(SCHEMAS, "CommitSchema", schemas::commit),
    operation!(SCHEMAS, "RollbackSchema", schemas::roll_back),
    operation!(SCHEMAS, "DeleteSchemaRevision", schemas::delete_revision),
    operation!(SCHEMAS, "DeleteSchema", schemas::delete),
    operation!(SCHEMAS, "ValidateSchema", schemas::validate),
    operation!(SCHEMAS, "ValidateMessage", schemas::validate_message),
    operation!(
        IAM,
        "SetIamPolicy",
        iam::set,
        "kept and shown as long as the process lives, not enforced"
    ),
    operation!(IAM, "GetIamPolicy", iam::get),
    operation!(
        IAM,
        "TestIamPermissions",
        iam::test,
        "everything is permitted"
    ),
];

async fn pull_later(call: &Call, request: Bytes) -> Result<Vec<u8>, Status> {
    let answer = messages::pull(call, decode(request)?).await?;
    Ok(answer.encode_to_vec())
}

fn decode<T: Message + Default>(request: Bytes) -> Result<T, Status> {
    T::decode(request).map_err(|error| invalid(format!("The request cannot be read: {error}")))
}

/// The operation of a service, if there is one.
pub(super) fn find(service: &str, method: &str) -> Option<&'static Operation> {
    let is_it = |one: &&Operation| one.service == service && one.method == method;
    OPERATIONS.iter().find(is_it)
}

/// Every operation of Pub/Sub.
pub fn coverage() -> Vec<Coverage> {
    let row = |operation: &Operation| Coverage {
        operation: operation.method,
        support: match operation.missing {
            "" => Support::Full,
            missing => Support::Partly(missing),
        },
    };
    OPERATIONS.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pubsub::descriptors::pool;

    #[test]
    fn every_operation_of_the_api_is_in_the_table() {
        for service in pool().services() {
            for method in service.methods() {
                let found = find(service.full_name(), method.name());
                assert!(found.is_some(), "{}", method.full_name());
            }
        }
        let all: usize = pool().services().map(|one| one.methods().count()).sum();
        assert_eq!(all, OPERATIONS.len());
    }
}
