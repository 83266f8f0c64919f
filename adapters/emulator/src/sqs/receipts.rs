//! Receipt handles: a receipt and the queue that gave it, in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, BufMut};

use super::error::sqs;
use crate::aws::AwsError;
use crate::queue::Receipt;

/// Bytes of a handle.
const LENGTH: usize = 16 + 8 + 8 + 4;

/// The handle of a receipt of the queue with that id.
pub(super) fn encode(queue_id: u128, receipt: Receipt) -> String {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.put_u128(queue_id);
    bytes.put_u64(receipt.epoch);
    bytes.put_i64(receipt.offset);
    bytes.put_u32(receipt.lease);
    STANDARD.encode(bytes)
}

/// The receipt of a handle that this queue gave.
///
/// # Errors
/// `ReceiptHandleIsInvalid`.
pub(super) fn decode(queue_id: u128, handle: &str) -> Result<Receipt, AwsError> {
    let bytes = STANDARD
        .decode(handle)
        .ok()
        .filter(|bytes| bytes.len() == LENGTH);
    let receipt = bytes.and_then(|bytes| {
        let mut bytes = &bytes[..];
        (bytes.get_u128() == queue_id).then(|| Receipt {
            epoch: bytes.get_u64(),
            offset: bytes.get_i64(),
            lease: bytes.get_u32(),
        })
    });
    receipt.ok_or_else(|| {
        sqs(
            "ReceiptHandleIsInvalid",
            format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
        )
    })
}
