//! Topics and subscriptions that are declared when the emulator starts.

use bytes::Bytes;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};
use tonic::Status;

use super::call::Call;
use super::descriptors::{dynamic, pool};
use super::operations::{Operation, Run};
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
    let known = |kind: &str| {
        let full = format!("google.pubsub.v1.{kind}");
        let descriptor = pool().get_message_by_name(&full);
        descriptor.ok_or_else(|| Status::internal("a message is unknown"))
    };
    let there = match name.contains("/topics/") {
        true => dynamic(&known("Topic")?, &call.service.topic(name)?.about())?,
        false => {
            let subscription = call.service.subscription(name)?;
            dynamic(&known("Subscription")?, &subscription.about())?
        }
    };
    let wanted = parse(there.descriptor(), name, json)?;
    Ok(covers(&there, &wanted))
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
