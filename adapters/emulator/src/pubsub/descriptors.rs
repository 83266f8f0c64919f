//! The messages and services of the API as protobuf describes them, read when they are needed first.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tonic::Status;

use super::proto::DESCRIPTORS;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    // The build script wrote them.
    DescriptorPool::decode(DESCRIPTORS).expect("descriptors that were just compiled can be read")
});

/// All descriptors.
pub(super) fn pool() -> &'static DescriptorPool {
    &POOL
}

/// A message with its fields by name.
///
/// # Errors
/// There is no such message, which is a fault of the emulator.
pub(super) fn dynamic(
    descriptor: &MessageDescriptor,
    message: &impl Message,
) -> Result<DynamicMessage, Status> {
    let bytes = message.encode_to_vec();
    let decoded = DynamicMessage::decode(descriptor.clone(), bytes.as_slice());
    decoded.map_err(|error| Status::internal(error.to_string()))
}
