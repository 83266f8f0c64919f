//! Schemas, topics and subscriptions that are declared when the emulator starts.

use bytes::Bytes;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use tonic::Status;

use super::call::Call;
use super::descriptors::{dynamic, pool};
use super::error::already_exists;
use super::names::{self, Kind};
use super::operations::{Operation, Run};
use super::proto::pubsub as pb;
use super::rest::read;

/// Creates a resource from the JSON of its REST request.
///
/// # Errors
/// The service refuses it.
pub(super) fn create(
    operation: &Operation,
    call: &Call,
    name: &str,
    json: &[u8],
) -> Result<(), Status> {
    let service = pool().get_service_by_name(operation.service);
    let mut methods = service.iter().flat_map(|service| service.methods());
    let method = methods.find(|method| method.name() == operation.method);
    let method = method.ok_or_else(|| Status::internal("an operation is unknown"))?;
    let request = parse(method.input(), name, json)?;
    match &operation.run {
        Run::Now(run) => run(call, Bytes::from(request.encode_to_vec())).map(drop),
        _ => Err(Status::internal("an operation does not answer at once")),
    }
}

/// Whether the resource of that name has every option that the JSON names.
///
/// # Errors
/// The JSON is none of such a resource, or there is none of that name.
pub(super) fn is_same(call: &Call, name: &str, json: &[u8]) -> Result<bool, Status> {
    let there = match name.contains("/topics/") {
        true => dynamic(&message("Topic")?, &call.service.topic(name)?.about())?,
        false => {
            let subscription = call.service.subscription(name)?;
            dynamic(&message("Subscription")?, &subscription.about())?
        }
    };
    let wanted = parse(there.descriptor(), name, json)?;
    Ok(covers(&there, &wanted))
}

/// Creates a schema from the JSON of its REST request, unless it is there with the same definition.
///
/// # Errors
/// The service refuses it, or it is there with another definition.
pub(super) fn schema(call: &Call, name: &str, json: &[u8]) -> Result<(), Status> {
    names::check(name, Kind::Schema)?;
    let parsed = parse(message("Schema")?, name, json)?;
    let wanted = pb::Schema::decode(parsed.encode_to_vec().as_slice());
    let wanted = wanted.map_err(|error| Status::internal(error.to_string()))?;
    let schemas = &call.service.schemas;
    let there = schemas.get(name).ok();
    match there.as_ref().and_then(|there| there.latest()) {
        None => schemas.create(name, wanted).map(drop),
        Some(there)
            if (there.about().r#type(), &there.about().definition)
                == (wanted.r#type(), &wanted.definition) =>
        {
            Ok(())
        }
        Some(_) => Err(already_exists(name)),
    }
}

fn message(kind: &str) -> Result<MessageDescriptor, Status> {
    let full = format!("google.pubsub.v1.{kind}");
    let descriptor = pool().get_message_by_name(&full);
    descriptor.ok_or_else(|| Status::internal("a message is unknown"))
}

fn parse(descriptor: MessageDescriptor, name: &str, json: &[u8]) -> Result<DynamicMessage, Status> {
    let mut message = read(descriptor, json)?;
    message.set_field_by_name("name", Value::String(name.to_owned()));
    Ok(message)
}

/// Whether all that is set in `part` is the same in `whole`.
fn covers(whole: &DynamicMessage, part: &DynamicMessage) -> bool {
    part.fields().all(
        |(field, value)| match (whole.get_field(&field).as_ref(), value) {
            (Value::Message(whole), Value::Message(part)) => covers(whole, part),
            (whole, part) => whole == part,
        },
    )
}
