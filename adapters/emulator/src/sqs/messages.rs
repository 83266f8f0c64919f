//! A message of SQS, between its parameters and the queue.

use bytes::{Buf, BufMut, Bytes};
use uuid::Uuid;

use super::attributes;
use super::error::{self, invalid, invalid_value, missing};
use super::message_attributes::{self, Attributes, Encoded};
use super::queue::Queue;
use super::{MESSAGE_BYTES, text};
use crate::aws::{ACCOUNT, AwsError};
use crate::queue::NewMessage;

/// The only system attribute that can be sent.
const TRACE_HEADER: &str = "AWSTraceHeader";

/// What stands beside the body in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Who sent the message.
    pub(super) sender: String,
    /// The trace header, or nothing.
    pub(super) trace: String,
    /// The ARN of the queue that the message is a dead letter of, or nothing.
    pub(super) dead_letter_of: String,
    /// The deduplication id, or nothing: the queue's key may have the group before it.
    pub(super) dedup_id: String,
    /// The message attributes in the kept form.
    pub(super) attributes: Bytes,
}

impl Envelope {
    /// The envelope as it is kept: four texts with their lengths in 2 bytes, then the attributes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.attributes.len());
        for text in [
            &self.sender,
            &self.trace,
            &self.dead_letter_of,
            &self.dedup_id,
        ] {
            bytes.put_u16(text.len() as u16);
            bytes.put_slice(text.as_bytes());
        }
        bytes.put_slice(&self.attributes);
        bytes
    }

    /// Reads what [`Self::encode`] wrote.
    pub(super) fn decode(mut bytes: Bytes) -> Self {
        let mut take = || {
            let length = usize::from(bytes.try_get_u16().unwrap_or_default()).min(bytes.len());
            String::from_utf8_lossy(&bytes.split_to(length)).into_owned()
        };
        let (sender, trace, dead_letter_of, dedup_id) = (take(), take(), take(), take());
        Self {
            sender,
            trace,
            dead_letter_of,
            dedup_id,
            attributes: bytes,
        }
    }
}

/// A message that was checked.
#[derive(Debug)]
pub(super) struct Checked {
    body: String,
    delay_ms: Option<i64>,
    group: Option<String>,
    dedup_key: Option<String>,
    envelope: Envelope,
    /// Bytes of body and attributes.
    pub(super) size: usize,
    /// The digest of the system attributes.
    pub(super) system_md5: Option<String>,
}

/// The parameters of a message, of SendMessage or of an entry of a batch.
#[derive(Debug)]
pub(super) struct Parameters {
    pub(super) body: Option<String>,
    pub(super) delay_seconds: Option<i64>,
    pub(super) attributes: Attributes,
    pub(super) system_attributes: Attributes,
    /// The trace header of the request; a system attribute goes before it.
    pub(super) trace: Option<String>,
    pub(super) dedup_id: Option<String>,
    pub(super) group_id: Option<String>,
}

/// Checks a message that is to go to `queue`.
///
/// # Errors
/// As SendMessage has them.
pub(super) fn check(queue: &Queue, given: Parameters) -> Result<Checked, AwsError> {
    let body = given
        .body
        .filter(|body| !body.is_empty())
        .ok_or_else(|| missing("MessageBody"))?;
    let values = queue.attributes();
    let is_fifo = attributes::is(&values, "FifoQueue", "true");
    let delay_ms = check_delay(given.delay_seconds, is_fifo)?;
    let Encoded { bytes, size } = message_attributes::encode(&given.attributes)?;
    let (trace, system_md5) = check_system(&given.system_attributes, given.trace)?;
    let size = body.len() + size;
    let limit = attributes::number(&values, "MaximumMessageSize");
    if size > usize::try_from(limit).unwrap_or(MESSAGE_BYTES) {
        return Err(invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        )));
    }
    text::check_characters(&body)?;
    if let Some(group) = &given.group_id {
        text::check_id(group, "MessageGroupId")?;
    }
    let dedup_id = match is_fifo {
        true => {
            check_ids(queue, (given.group_id.is_some(), given.dedup_id.is_some()))?;
            Some(fifo_dedup_id(given.dedup_id, &body)?)
        }
        false if given.dedup_id.is_some() => {
            return Err(wrong_kind(
                given.dedup_id.unwrap_or_default(),
                "MessageDeduplicationId",
            ));
        }
        false => None,
    };
    let per_group = attributes::is(&values, "DeduplicationScope", "messageGroup");
    let dedup_key = dedup_id
        .clone()
        .map(|id| match (&given.group_id, per_group) {
            // A space is in neither of the two.
            (Some(group), true) => format!("{group} {id}"),
            _ => id,
        });
    Ok(Checked {
        body,
        delay_ms,
        group: given.group_id,
        dedup_key,
        envelope: Envelope {
            sender: ACCOUNT.to_owned(),
            trace,
            dead_letter_of: String::new(),
            dedup_id: dedup_id.unwrap_or_default(),
            attributes: bytes.into(),
        },
        size,
        system_md5,
    })
}

fn check_delay(seconds: Option<i64>, is_fifo: bool) -> Result<Option<i64>, AwsError> {
    match seconds {
        Some(seconds) if !(0..=900).contains(&seconds) => Err(invalid_value(
            seconds,
            "DelaySeconds",
            "DelaySeconds must be >= 0 and <= 900.",
        )),
        Some(seconds) if is_fifo && seconds > 0 => Err(wrong_kind(seconds, "DelaySeconds")),
        Some(_) if is_fifo => Ok(None),
        seconds => Ok(seconds.map(|seconds| seconds * 1000)),
    }
}

fn wrong_kind(value: impl std::fmt::Display, parameter: &str) -> AwsError {
    invalid_value(
        value,
        parameter,
        "The request include parameter that is not valid for this queue type.",
    )
}

/// The trace header and the digest of the system attributes.
fn check_system(
    given: &Attributes,
    of_request: Option<String>,
) -> Result<(String, Option<String>), AwsError> {
    if let Some(unknown) = given.keys().find(|name| *name != TRACE_HEADER) {
        return Err(invalid(format!(
            "Message system attribute name '{unknown}' is invalid."
        )));
    }
    let Some(trace) = given.get(TRACE_HEADER) else {
        let trace = of_request.filter(|trace| trace.len() <= usize::from(u16::MAX));
        return Ok((trace.unwrap_or_default(), None));
    };
    if trace.data_type.as_deref() != Some("String") {
        return Err(invalid(format!(
            "The data type of message system attribute '{TRACE_HEADER}' has to be String."
        )));
    }
    let digest = message_attributes::md5(&message_attributes::encode(given)?.bytes);
    let trace = trace.string_value.clone().unwrap_or_default();
    match trace.len() <= usize::from(u16::MAX) {
        true => Ok((trace, digest)),
        false => Err(invalid(format!(
            "Message system attribute '{TRACE_HEADER}' is too long."
        ))),
    }
}

/// Checks that a message of a FIFO queue says its group, and its deduplication id or leaves it to its content. Without
/// them a batch is refused as a whole.
///
/// # Errors
/// One is missing.
pub(super) fn check_ids(
    queue: &Queue,
    (has_group, has_dedup_id): (bool, bool),
) -> Result<(), AwsError> {
    let values = queue.attributes();
    if !attributes::is(&values, "FifoQueue", "true") {
        return Ok(());
    }
    if !has_group {
        return Err(missing("MessageGroupId"));
    }
    match has_dedup_id || attributes::is(&values, "ContentBasedDeduplication", "true") {
        true => Ok(()),
        false => Err(invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
             explicitly",
        )),
    }
}

/// The deduplication id that a message of a FIFO queue has: its own, or that of its content.
fn fifo_dedup_id(given: Option<String>, body: &str) -> Result<String, AwsError> {
    match given {
        Some(id) => text::check_id(&id, "MessageDeduplicationId").map(|()| id),
        None => Ok(text::sha256(body.as_bytes())),
    }
}

/// What the sender learns.
#[derive(Debug)]
pub(super) struct Receipted {
    pub(super) message_id: String,
    pub(super) body_md5: String,
    pub(super) attributes_md5: Option<String>,
    pub(super) system_md5: Option<String>,
    pub(super) sequence_number: Option<String>,
}

/// Puts a checked message into the queue.
///
/// # Errors
/// The queue's log cannot take it.
pub(super) fn send(queue: &Queue, checked: Checked) -> Result<Receipted, AwsError> {
    let envelope = checked.envelope.encode();
    let sent = queue.messages.send(NewMessage {
        id: Uuid::new_v4().as_u128(),
        sent_ms: None,
        delay_ms: checked.delay_ms,
        receives: 0,
        group: checked.group.as_deref(),
        dedup: checked.dedup_key.as_deref(),
        envelope: &envelope,
        body: checked.body.as_bytes(),
    });
    let sent = sent.map_err(error::store)?;
    Ok(Receipted {
        message_id: message_id(sent.id),
        body_md5: text::md5(checked.body.as_bytes()),
        attributes_md5: message_attributes::md5(&checked.envelope.attributes),
        system_md5: checked.system_md5,
        sequence_number: queue.is_fifo().then(|| sequence_number(sent.offset)),
    })
}

/// The id of a message as clients see it.
pub(super) fn message_id(id: u128) -> String {
    Uuid::from_u128(id).to_string()
}

/// The sequence number of a message: 20 digits, growing.
pub(super) fn sequence_number(offset: i64) -> String {
    const FIRST: u128 = 18_800_000_000_000_000_000;
    (FIRST + offset.unsigned_abs() as u128).to_string()
}
