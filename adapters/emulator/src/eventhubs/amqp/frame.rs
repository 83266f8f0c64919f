//! Frames: a header of 8 bytes, a performative, a payload.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{AmqpError, condition};

/// The header by which a client asks for AMQP 1.0.
pub(crate) const PROTOCOL: [u8; 8] = *b"AMQP\x00\x01\x00\x00";

/// The header by which it asks for the SASL layer.
pub(crate) const SASL: [u8; 8] = *b"AMQP\x03\x01\x00\x00";

/// Bytes of a frame's header.
const HEADER: usize = 8;

/// What a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// AMQP itself.
    Amqp,
    /// The SASL layer.
    Sasl,
}

/// A frame as it came.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: FrameKind,
    pub(crate) channel: u16,
    /// Performative and payload; empty in a heartbeat.
    pub(crate) body: Bytes,
}

/// Takes the next frame off `input`, if it is there as a whole.
///
/// # Errors
/// It is longer than `limit`, or its header is not one.
pub(crate) fn next_frame(input: &mut BytesMut, limit: usize) -> Result<Option<Frame>, AmqpError> {
    let Some(header) = input.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let wrong = |reason: String| Err(AmqpError::new(condition::FRAMING, reason));
    let size = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
    let offset = usize::from(header[4]) * 4;
    let channel = u16::from_be_bytes([header[6], header[7]]);
    if size > limit {
        return wrong(format!("a frame has {size} bytes, the limit is {limit}"));
    }
    if offset < HEADER || size < offset {
        return wrong(format!(
            "a frame of {size} bytes has its body at byte {offset}"
        ));
    }
    let kind = match header[5] {
        0 => FrameKind::Amqp,
        1 => FrameKind::Sasl,
        other => return wrong(format!("there is no frame type {other}")),
    };
    if input.len() < size {
        return Ok(None);
    }
    let mut body = input.split_to(size).freeze();
    body.advance(offset);
    Ok(Some(Frame {
        kind,
        channel,
        body,
    }))
}

/// Appends a frame whose body `fill` appends.
pub(crate) fn frame(
    kind: FrameKind,
    channel: u16,
    out: &mut BytesMut,
    fill: impl FnOnce(&mut BytesMut),
) {
    let start = out.len();
    out.put_u32(0);
    out.put_u8(2);
    out.put_u8(u8::from(kind == FrameKind::Sasl));
    out.put_u16(channel);
    fill(out);
    let size = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

/// Appends a frame without a body.
pub(crate) fn heartbeat(out: &mut BytesMut) {
    frame(FrameKind::Amqp, 0, out, |_| {});
}
