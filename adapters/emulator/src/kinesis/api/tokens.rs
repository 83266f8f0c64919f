//! Tokens for the next page of a list; they are good for five minutes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::aws::AwsError;
use crate::kinesis::error::{invalid, kinesis};
use crate::kinesis::iterator::LIFETIME_MS;

#[derive(Serialize, Deserialize)]
struct Token<T> {
    issued_ms: i64,
    list: T,
}

/// The token of a list that goes on as `list` says.
pub(super) fn seal<T: Serialize>(list: &T, now_ms: i64) -> String {
    let token = Token {
        issued_ms: now_ms,
        list,
    };
    // Names and numbers can always be written.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
}

/// How the list of a token goes on.
///
/// # Errors
/// It is no token, or too old.
pub(super) fn open<T: DeserializeOwned>(token: &str, now_ms: i64) -> Result<T, AwsError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let token = bytes.and_then(|bytes| serde_json::from_slice::<Token<T>>(&bytes).ok());
    match token {
        None => Err(invalid("NextToken is invalid.")),
        Some(token) if now_ms - token.issued_ms > LIFETIME_MS => Err(kinesis(
            "ExpiredNextTokenException",
            "The pagination token passed to the operation is expired.",
        )),
        Some(token) => Ok(token.list),
    }
}
