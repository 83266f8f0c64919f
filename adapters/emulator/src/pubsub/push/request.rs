//! What is sent to an endpoint, by <https://cloud.google.com/pubsub/docs/push>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request};
use http_body_util::Full;
use prost::Message as _;
use serde::Serialize;

use crate::pubsub::proto::pubsub::push_config::{NoWrapper, Wrapper};
use crate::pubsub::proto::pubsub::{PubsubMessage, PushConfig};
use crate::pubsub::received::ReceivedMessage;

/// The body of a request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(skip_serializing_if = "is_zero")]
    delivery_attempt: i32,
    message: Wrapped<'a>,
    subscription: &'a str,
}

/// The message in it; some names come in two forms.
#[derive(Serialize)]
struct Wrapped<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    data: String,
    #[serde(rename = "messageId")]
    message_id: &'a str,
    #[serde(rename = "message_id")]
    message_id_too: &'a str,
    #[serde(rename = "orderingKey", skip_serializing_if = "str::is_empty")]
    ordering_key: &'a str,
    #[serde(rename = "publishTime")]
    publish_time: &'a str,
    #[serde(rename = "publish_time")]
    publish_time_too: &'a str,
}

/// The request with a message and a token, if one is wanted; `None` if the endpoint is no address, or the message cannot be read.
pub(super) fn build(
    subscription: &str,
    config: &PushConfig,
    token: Option<&str>,
    received: &ReceivedMessage,
) -> Option<Request<Full<Bytes>>> {
    let message = PubsubMessage::decode(received.message.clone()).ok()?;
    let time = message.publish_time.map(|time| time.to_string());
    let time = time.unwrap_or_default();
    let mut headers = HeaderMap::new();
    let body = match &config.wrapper {
        Some(Wrapper::NoWrapper(NoWrapper { write_metadata })) => {
            if *write_metadata {
                write(&mut headers, subscription, &message, &time);
            }
            message.data
        }
        _ => {
            let json = HeaderValue::from_static("application/json");
            headers.insert(CONTENT_TYPE, json);
            let envelope = Envelope {
                delivery_attempt: received.delivery_attempt,
                message: Wrapped {
                    attributes: &message.attributes,
                    data: STANDARD.encode(&message.data),
                    message_id: &message.message_id,
                    message_id_too: &message.message_id,
                    ordering_key: &message.ordering_key,
                    publish_time: &time,
                    publish_time_too: &time,
                },
                subscription,
            };
            serde_json::to_vec(&envelope).ok()?.into()
        }
    };
    let agent = HeaderValue::from_static("CloudPubSub-Google");
    headers.insert(USER_AGENT, agent);
    // Last, so that no attribute of a message stands for it.
    headers.remove(AUTHORIZATION);
    if let Some(token) = token {
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = config.push_endpoint.parse().ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

/// Writes what else there is of a message into headers; what no header can hold is left out.
fn write(headers: &mut HeaderMap, subscription: &str, message: &PubsubMessage, time: &str) {
    let metadata = [
        ("x-goog-pubsub-subscription-name", subscription),
        ("x-goog-pubsub-message-id", &message.message_id),
        ("x-goog-pubsub-publish-time", time),
        ("x-goog-pubsub-ordering-key", &message.ordering_key),
    ];
    let metadata = metadata.into_iter().filter(|(_, value)| !value.is_empty());
    let attributes = message.attributes.iter();
    let attributes = attributes.map(|(key, value)| (key.as_str(), value.as_str()));
    for (key, value) in attributes.chain(metadata) {
        let key = HeaderName::from_bytes(key.as_bytes());
        if let (Ok(key), Ok(value)) = (key, HeaderValue::from_str(value)) {
            headers.insert(key, value);
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}
