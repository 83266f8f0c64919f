//! A message and its form in the log.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | version of this layout |
//! | 16 | id |
//! | 8 | when it was sent, Unix milliseconds |
//! | 8 | when it may be leased first, Unix milliseconds |
//! | 4 | how often it was leased before it came to this queue |
//! | 2 + n | group, or nothing |
//! | 2 + n | deduplication key, or nothing |
//! | 4 + n | envelope |
//! | the rest | body |
//!
//! Integers are big-endian.

use bytes::{Buf, BufMut, Bytes};

/// The layout's version.
const VERSION: u8 = 1;

/// Bytes before the group.
const FIXED: usize = 1 + 16 + 8 + 8 + 4;

/// A message to be sent.
#[derive(Clone, Copy, Debug)]
pub struct NewMessage<'a> {
    /// A number that no other message has.
    pub id: u128,
    /// When it was sent, Unix milliseconds; its age counts from then. Now, if `None`.
    pub sent_ms: Option<i64>,
    /// How long it is hidden, in milliseconds. As the queue says, if `None`.
    pub delay_ms: Option<i64>,
    /// How often it was leased before it came to this queue.
    pub receives: u32,
    /// Its group, at most 64 KiB.
    pub group: Option<&'a str>,
    /// Within five minutes only one message with this key is taken; at most 64 KiB.
    pub dedup: Option<&'a str>,
    /// What a dialect keeps beside the body; opaque here.
    pub envelope: &'a [u8],
    /// The content.
    pub body: &'a [u8],
}

/// A message as it is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// A number that no other message has.
    pub id: u128,
    /// When it was sent, Unix milliseconds.
    pub sent_ms: i64,
    /// When it may be leased first, Unix milliseconds.
    pub available_ms: i64,
    /// How often it was leased before it came to this queue.
    pub receives: u32,
    /// Its group, or nothing.
    pub group: Option<Box<str>>,
    /// Its deduplication key, or nothing.
    pub dedup: Option<Box<str>>,
    /// What the dialect keeps beside the body.
    pub envelope: Bytes,
    /// The content.
    pub body: Bytes,
}

impl NewMessage<'_> {
    /// The message as it goes to the log.
    pub(super) fn encode(&self, sent_ms: i64, available_ms: i64) -> Vec<u8> {
        let (group, dedup) = (self.group.unwrap_or(""), self.dedup.unwrap_or(""));
        let lengths = group.len() + dedup.len() + self.envelope.len() + self.body.len();
        let mut bytes = Vec::with_capacity(FIXED + 8 + lengths);
        bytes.put_u8(VERSION);
        bytes.put_u128(self.id);
        bytes.put_i64(sent_ms);
        bytes.put_i64(available_ms);
        bytes.put_u32(self.receives);
        for text in [group, dedup] {
            bytes.put_u16(text.len() as u16);
            bytes.put_slice(text.as_bytes());
        }
        bytes.put_u32(self.envelope.len() as u32);
        bytes.put_slice(self.envelope);
        bytes.put_slice(self.body);
        bytes
    }
}

impl Message {
    /// Reads what [`NewMessage::encode`] wrote; `None` if it is something else.
    pub(crate) fn decode(mut bytes: Bytes) -> Option<Self> {
        if bytes.len() < FIXED || bytes.get_u8() != VERSION {
            return None;
        }
        let (id, sent_ms, available_ms) = (bytes.get_u128(), bytes.get_i64(), bytes.get_i64());
        let receives = bytes.get_u32();
        let group = take_text(&mut bytes)?;
        let dedup = take_text(&mut bytes)?;
        let length = bytes.try_get_u32().ok()? as usize;
        let envelope = take(&mut bytes, length)?;
        Some(Self {
            id,
            sent_ms,
            available_ms,
            receives,
            group,
            dedup,
            envelope,
            body: bytes,
        })
    }
}

fn take(bytes: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

/// A text with its length before it; nothing if it is empty. `None` if it is torn.
fn take_text(bytes: &mut Bytes) -> Option<Option<Box<str>>> {
    let length = usize::from(bytes.try_get_u16().ok()?);
    let text = take(bytes, length)?;
    let text = std::str::from_utf8(&text).ok()?;
    Some((!text.is_empty()).then(|| text.into()))
}
