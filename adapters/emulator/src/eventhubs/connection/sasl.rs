//! The SASL layer: ANONYMOUS, PLAIN and MSSBCBS.

use bytes::{Bytes, BytesMut};

use crate::eventhubs::AccessKey;
use crate::eventhubs::amqp::{
    AmqpError, FrameKind, Value, condition, described, frame, put_list, read_list,
};
use crate::eventhubs::tokens::Grants;

/// The mechanisms there are; what they grant is decided by tokens, except with PLAIN.
pub(in crate::eventhubs) const MECHANISMS: [&str; 3] = ["MSSBCBS", "PLAIN", "ANONYMOUS"];

const MECHANISMS_CODE: u64 = 0x40;
const INIT: u64 = 0x41;
const OUTCOME: u64 = 0x44;

const OK: u8 = 0;
const WRONG: u8 = 1;

/// Appends the list of mechanisms.
pub(super) fn offer(out: &mut BytesMut) {
    let names = MECHANISMS.map(Value::symbol).to_vec();
    frame(FrameKind::Sasl, 0, out, |out| {
        described(MECHANISMS_CODE, out);
        put_list(&[Value::Array(names)], out);
    });
}

/// Answers the client's choice; true if it is in.
///
/// # Errors
/// The frame is something else.
pub(super) fn answer(
    body: &Bytes,
    grants: &mut Grants,
    key: Option<&AccessKey>,
    out: &mut BytesMut,
) -> Result<bool, AmqpError> {
    let (code, fields) = read_list(&mut &body[..])?;
    if code != INIT {
        let reason = "sasl-init was expected";
        return Err(AmqpError::new(condition::NOT_ALLOWED, reason));
    }
    let mechanism = fields.first().and_then(Value::as_text).unwrap_or_default();
    let is_in = match mechanism {
        "PLAIN" => {
            let response = match fields.get(1) {
                Some(Value::Binary(bytes)) => bytes.as_slice(),
                _ => &[],
            };
            let is_right = check_plain(response, key);
            if is_right {
                grants.allow_everything();
            }
            is_right
        }
        other => MECHANISMS.contains(&other),
    };
    frame(FrameKind::Sasl, 0, out, |out| {
        described(OUTCOME, out);
        let code = if is_in { OK } else { WRONG };
        put_list(&[Value::ubyte(code), Value::Null], out);
    });
    Ok(is_in)
}

/// Checks `[identity] NUL name NUL key` (RFC 4616): any name and key unless there is a configured one.
fn check_plain(response: &[u8], key: Option<&AccessKey>) -> bool {
    let mut parts = response.split(|byte| *byte == 0).skip(1);
    let (Some(name), Some(secret), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    match key {
        Some(known) => name == known.name.as_bytes() && secret == known.key.as_bytes(),
        None => !name.is_empty() && !secret.is_empty(),
    }
}
