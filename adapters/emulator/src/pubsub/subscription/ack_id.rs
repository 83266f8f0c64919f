//! Ack ids: opaque to clients, a proof of one lease to the subscription.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Buf, BufMut};

/// Bytes of an ack id before they become text.
const LENGTH: usize = 4 + 4 + 4 + 8 + 4;

/// What an ack id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::pubsub) struct AckId {
    /// Part of the subscription's number.
    pub(super) subscription: u32,
    /// Which process gave it out.
    pub(super) epoch: u32,
    /// How often the subscription had been moved by a seek.
    pub(super) seeks: u32,
    /// The message.
    pub(super) offset: i64,
    /// Which of the message's leases it is, counted from 1.
    pub(super) lease: u32,
}

impl AckId {
    /// As clients get it.
    pub(super) fn encode(self) -> String {
        let mut bytes = [0; LENGTH];
        let mut rest = &mut bytes[..];
        rest.put_u32(self.subscription);
        rest.put_u32(self.epoch);
        rest.put_u32(self.seeks);
        rest.put_i64(self.offset);
        rest.put_u32(self.lease);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what a client sent; `None` if it is something else.
    pub(in crate::pubsub) fn decode(text: &str) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let mut rest = &bytes[..];
        (length == LENGTH).then(|| Self {
            subscription: rest.get_u32(),
            epoch: rest.get_u32(),
            seeks: rest.get_u32(),
            offset: rest.get_i64(),
            lease: rest.get_u32(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ack_id_comes_back_and_anything_else_does_not() {
        let id = AckId {
            subscription: 1,
            epoch: 2,
            seeks: 3,
            offset: i64::MAX,
            lease: u32::MAX,
        };
        assert_eq!(AckId::decode(&id.encode()), Some(id));
        for text in [
            "",
            "ack",
            &id.encode()[1..],
            &format!("{}AAAA", id.encode()),
            "ä",
        ] {
            assert_eq!(AckId::decode(text), None);
        }
    }
}
