//! SaslHandshake and SaslAuthenticate: PLAIN, a user and a password.
//!
//! A client that shakes hands in version 0 sends its token without a Kafka header afterwards.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::kafka::call::{Authentication, Call};

const PLAIN: &str = "PLAIN";

pub(crate) fn handshake(
    call: &mut Call<'_>,
    request: SaslHandshakeRequest,
) -> SaslHandshakeResponse {
    let answer =
        SaslHandshakeResponse::default().with_mechanisms(vec![StrBytes::from_static_str(PLAIN)]);
    let error = match call.peer.authentication {
        Authentication::Missing if request.mechanism.as_str() == PLAIN => {
            call.peer.authentication = Authentication::Expected {
                bare: call.version == 0,
            };
            return answer;
        }
        Authentication::Missing => ResponseError::UnsupportedSaslMechanism,
        _ => ResponseError::IllegalSaslState,
    };
    answer.with_error_code(error.code())
}

pub(crate) fn authenticate(
    call: &mut Call<'_>,
    request: SaslAuthenticateRequest,
) -> SaslAuthenticateResponse {
    let answer = SaslAuthenticateResponse::default();
    if call.peer.authentication != (Authentication::Expected { bare: false }) {
        let reason = StrBytes::from_static_str("SaslAuthenticate comes after SaslHandshake, once");
        return answer
            .with_error_code(ResponseError::IllegalSaslState.code())
            .with_error_message(Some(reason));
    }
    call.peer.authentication = call.broker.authenticate(&request.auth_bytes);
    if call.peer.authentication == Authentication::Done {
        return answer;
    }
    let reason = StrBytes::from_static_str("Authentication failed: Invalid username or password");
    answer
        .with_error_code(ResponseError::SaslAuthenticationFailed.code())
        .with_error_message(Some(reason))
}

/// User and password of a PLAIN token: `[identity] NUL user NUL password` (RFC 4616).
pub(crate) fn parse_plain(token: &Bytes) -> Option<(&str, &str)> {
    let token = std::str::from_utf8(token).ok()?;
    let mut parts = token.split('\0').skip(1);
    let credentials = (parts.next()?, parts.next()?);
    parts.next().is_none().then_some(credentials)
}
