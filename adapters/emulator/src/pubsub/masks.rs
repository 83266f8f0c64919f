//! Updates of some fields, by a field mask.

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, ReflectMessage, Value};
use prost_types::FieldMask;
use tonic::Status;

use super::descriptors::{dynamic, pool};
use super::error::invalid;

/// `old` with the fields of the mask from `new`. Only `changeable` fields may be in it.
///
/// # Errors
/// The mask is empty or names something that is no such field.
pub(super) fn apply<T: Message + Name + Default>(
    old: &T,
    new: &T,
    mask: Option<FieldMask>,
    changeable: &[&str],
) -> Result<T, Status> {
    let paths = mask.unwrap_or_default().paths;
    if paths.is_empty() {
        return Err(invalid(
            "The update_mask in the request must be set, and must contain a non-empty paths list.",
        ));
    }
    let descriptor = pool().get_message_by_name(&T::full_name());
    let descriptor = descriptor.ok_or_else(|| Status::internal("a message is unknown"))?;
    let mut changed = dynamic(&descriptor, old)?;
    let new = dynamic(&descriptor, new)?;
    for path in &paths {
        let parts: Vec<_> = path.split('.').collect();
        if !changeable.contains(&parts[0]) || !copy(&mut changed, &new, &parts) {
            return Err(invalid(format!(
                "Invalid update_mask provided in the request: '{path}' is not a known field that can be changed."
            )));
        }
    }
    let changed = T::decode(changed.encode_to_vec().as_slice());
    changed.map_err(|error| Status::internal(error.to_string()))
}

/// Copies one field, which may lie deep; false if there is none.
fn copy(into: &mut DynamicMessage, from: &DynamicMessage, path: &[&str]) -> bool {
    let Some((name, deeper)) = path.split_first() else {
        return false;
    };
    let Some(field) = into.descriptor().get_field_by_name(name) else {
        return false;
    };
    if deeper.is_empty() {
        match from.has_field(&field) {
            true => into.set_field(&field, from.get_field(&field).into_owned()),
            false => into.clear_field(&field),
        }
        return true;
    }
    let source = from.get_field(&field);
    match (into.get_field_mut(&field), source.as_ref()) {
        (Value::Message(into), Value::Message(from)) => copy(into, from, deeper),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Duration;

    use super::*;
    use crate::pubsub::proto::pubsub::{PushConfig, RetryPolicy, Subscription};

    fn mask(paths: &[&str]) -> Option<FieldMask> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Some(FieldMask { paths })
    }

    #[test]
    fn only_the_fields_of_the_mask_change() {
        let seconds = |seconds| Some(Duration { seconds, nanos: 0 });
        let old = Subscription {
            ack_deadline_seconds: 10,
            retry_policy: Some(RetryPolicy {
                minimum_backoff: seconds(1),
                maximum_backoff: seconds(2),
            }),
            push_config: Some(PushConfig::default()),
            ..Subscription::default()
        };
        let new = Subscription {
            ack_deadline_seconds: 20,
            retry_policy: Some(RetryPolicy {
                minimum_backoff: seconds(3),
                maximum_backoff: None,
            }),
            ..Subscription::default()
        };
        let all = ["ack_deadline_seconds", "retry_policy", "push_config"];
        let changed = apply(
            &old,
            &new,
            mask(&["retry_policy.minimum_backoff", "push_config"]),
            &all,
        );
        let expected = Subscription {
            retry_policy: Some(RetryPolicy {
                minimum_backoff: seconds(3),
                maximum_backoff: seconds(2),
            }),
            push_config: None,
            ..old.clone()
        };
        assert_eq!(changed.unwrap(), expected);
        for bad in [&[][..], &["name"], &["retry_policy.x"], &["labels"], &[""]] {
            assert!(apply(&old, &new, mask(bad), &all).is_err(), "{bad:?}");
        }
    }
}
