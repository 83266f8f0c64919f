//! How events lie in the log, and how they go out again.
//!
//! A transfer becomes one frame of format [`FORMAT`]: a message, or all messages of a batch, so a batch is kept whole or
//! not at all. The frame's record time is when it was enqueued. Its payload is a row of events:
//!
//! | bytes | |
//! |---|---|
//! | 4 | length of what follows |
//! | 2 | length of the partition key, `FFFF` without one |
//! | … | the partition key |
//! | … | the message as AMQP encodes it, without delivery annotations and partition key |

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::amqp::{
    AmqpError, DecodeError, Sections, Value, code, condition, decode_all, put_section,
};

/// The number of such frames in the store.
pub(crate) const FORMAT: u8 = 48;

/// The longest partition key, in characters.
const MAX_KEY: usize = 128;

/// Instead of the length of a key: there is none.
const NO_KEY: u16 = u16::MAX;

/// The annotation that carries a partition key.
pub(crate) const PARTITION_KEY: &str = "x-opt-partition-key";

/// What the annotations are called that the service sets itself.
const OWN: [&str; 4] = [
    PARTITION_KEY,
    "x-opt-sequence-number",
    "x-opt-offset",
    "x-opt-enqueued-time",
];

/// Events on their way into the log.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    payload: BytesMut,
    count: u32,
    key: Option<String>,
}

/// An event as it lies in the log.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) key: Option<String>,
    /// The encoded message.
    pub(crate) message: Bytes,
}

/// Where and when an event was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) sequence_number: i64,
    /// Unix milliseconds.
    pub(crate) enqueued_ms: i64,
}

impl Batch {
    /// Reads one message.
    ///
    /// # Errors
    /// It is not a sound message, or its partition key is too long.
    pub(crate) fn of_message(message: &[u8]) -> Result<Self, AmqpError> {
        let mut batch = Self::default();
        batch.key = batch.push(message, None)?;
        Ok(batch)
    }

    /// Reads an envelope whose data sections are messages.
    ///
    /// # Errors
    /// It, or a message in it, is not sound.
    pub(crate) fn of_envelope(envelope: &[u8]) -> Result<Self, AmqpError> {
        let mut batch = Self::default();
        let mut key = None;
        for section in Sections::of(envelope) {
            let section = section?;
            match section.code {
                code::MESSAGE_ANNOTATIONS => (key, _) = split_annotations(section.content)?,
                code::DATA => {
                    batch.push(section.data()?, key.as_deref())?;
                }
                _ => {}
            }
        }
        if batch.count == 0 {
            let reason = "a batch must have at least one event";
            return Err(AmqpError::new(condition::NOT_ALLOWED, reason));
        }
        batch.key = key;
        Ok(batch)
    }

    /// What decides about the partition.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// How many events there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The payload of the frame.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Adds a message; its own key wins over that of the envelope, and is returned.
    fn push(&mut self, message: &[u8], key: Option<&str>) -> Result<Option<String>, AmqpError> {
        let mut annotations = None;
        let mut own_key = None;
        for section in Sections::of(message) {
            let section = section?;
            match section.code {
                code::MESSAGE_ANNOTATIONS => {
                    let (found, others) = split_annotations(section.content)?;
                    (own_key, annotations) = (found, Some(others));
                }
                code::DATA => drop(section.data()?),
                // Whatever it is, it must be sound, so that no reader is stuck on it.
                _ => drop(decode_all(section.content)?),
            }
        }
        let start = self.payload.len();
        self.payload.put_u32(0);
        put_key(own_key.as_deref().or(key), &mut self.payload);
        for section in Sections::of(message) {
            let section = section?;
            match section.code {
                code::DELIVERY_ANNOTATIONS => {}
                code::MESSAGE_ANNOTATIONS => {
                    if let Some(others) = annotations.take().filter(|others| !others.is_empty()) {
                        put_section(section.code, &Value::Map(others), &mut self.payload);
                    }
                }
                _ => self.payload.put_slice(section.whole),
            }
        }
        self.close(start);
        Ok(own_key)
    }

    fn close(&mut self, start: usize) {
        let length = (self.payload.len() - start - 4) as u32;
        self.payload[start..start + 4].copy_from_slice(&length.to_be_bytes());
        self.count += 1;
    }
}

fn put_key(key: Option<&str>, out: &mut BytesMut) {
    match key {
        Some(key) => {
            out.put_u16(key.len() as u16);
            out.put_slice(key.as_bytes());
        }
        None => out.put_u16(NO_KEY),
    }
}

/// A partition key, and annotations.
type Annotations = (Option<String>, Vec<(Value, Value)>);

/// The partition key among annotations, and those that are not the service's own.
fn split_annotations(content: &[u8]) -> Result<Annotations, AmqpError> {
    let Value::Map(pairs) = decode_all(content)? else {
        return Err(DecodeError::WrongType("the annotations").into());
    };
    let mut key = None;
    for (name, value) in &pairs {
        if name.as_text() == Some(PARTITION_KEY) && *value != Value::Null {
            let text = value
                .as_text()
                .ok_or(DecodeError::WrongType(PARTITION_KEY))?;
            key = Some(check_key(text)?.to_owned());
        }
    }
    let is_own = |name: &Value| name.as_text().is_some_and(|name| OWN.contains(&name));
    let others = pairs.into_iter().filter(|(name, _)| !is_own(name));
    Ok((key, others.collect()))
}

fn check_key(key: &str) -> Result<&str, AmqpError> {
    if key.chars().count() <= MAX_KEY {
        return Ok(key);
    }
    let reason = format!("the partition key has more than {MAX_KEY} characters");
    Err(AmqpError::new(condition::ARGUMENT, reason))
}

/// The events of a frame's payload, in order. What cannot be read ends them: the store checks its frames itself.
pub(crate) fn events(mut payload: Bytes) -> impl Iterator<Item = Event> {
    std::iter::from_fn(move || {
        let length = payload.try_get_u32().ok()? as usize;
        if length > payload.len() {
            return None;
        }
        let mut event = payload.split_to(length);
        let key = match event.try_get_u16().ok()? {
            NO_KEY => None,
            length if usize::from(length) <= event.len() => {
                let key = event.split_to(length.into());
                Some(String::from_utf8_lossy(&key).into_owned())
            }
            _ => return None,
        };
        Some(Event {
            key,
            message: event,
        })
    })
}

/// Appends the message of an event as a receiver gets it.
pub(crate) fn deliver(event: &Event, stamp: Stamp, runtime: Option<&Value>, out: &mut BytesMut) {
    let mut annotations = vec![
        (
            Value::symbol("x-opt-sequence-number"),
            Value::long(stamp.sequence_number),
        ),
        (
            Value::symbol("x-opt-offset"),
            Value::string(stamp.sequence_number.to_string()),
        ),
        (
            Value::symbol("x-opt-enqueued-time"),
            Value::Timestamp(stamp.enqueued_ms),
        ),
    ];
    if let Some(key) = &event.key {
        annotations.push((Value::symbol(PARTITION_KEY), Value::string(key.clone())));
    }
    let (mut before, mut after) = (&[][..], &event.message[..]);
    // In the order that the specification wants: header, annotations, everything else.
    for section in Sections::of(&event.message).map_while(Result::ok) {
        match section.code {
            code::HEADER => before = section.whole,
            code::MESSAGE_ANNOTATIONS => {
                if let Ok(Value::Map(pairs)) = decode_all(section.content) {
                    annotations.extend(pairs);
                }
            }
            _ => break,
        }
        after = &after[section.whole.len()..];
    }
    out.put_slice(before);
    if let Some(runtime) = runtime {
        put_section(code::DELIVERY_ANNOTATIONS, runtime, out);
    }
    put_section(code::MESSAGE_ANNOTATIONS, &Value::Map(annotations), out);
    out.put_slice(after);
}
