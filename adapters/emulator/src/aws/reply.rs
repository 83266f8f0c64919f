//! Answers as HTTP responses.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::AwsError;
use super::request::Protocol;
use super::xml::Xml;

/// What is sent back.
pub(super) type Reply = Response<Full<Bytes>>;

/// A successful answer with a body in the request's protocol.
pub(super) fn success(protocol: Protocol, body: Vec<u8>, request_id: &str) -> Reply {
    respond(StatusCode::OK, protocol, body, request_id)
}

/// An error answer.
pub(super) fn failure(
    protocol: Protocol,
    namespace: &str,
    error: &AwsError,
    request_id: &str,
) -> Reply {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = match protocol {
        Protocol::Json { .. } => {
            json!({"__type": error.kind, "message": error.message}).to_string()
        }
        Protocol::Query => error_xml(error, namespace, request_id),
    };
    let mut reply = respond(status, protocol, body.into_bytes(), request_id);
    if let Protocol::Json { .. } = protocol {
        let header = format!("{};{}", error.code, error.fault());
        if let Ok(header) = HeaderValue::from_str(&header) {
            reply.headers_mut().insert("x-amzn-query-error", header);
        }
    }
    reply
}

/// An answer without a body, for what is no request of AWS.
pub(super) fn plain(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

fn respond(status: StatusCode, protocol: Protocol, body: Vec<u8>, request_id: &str) -> Reply {
    let content_type = match protocol {
        Protocol::Json { version: 0 } => "application/x-amz-json-1.0",
        Protocol::Json { .. } => "application/x-amz-json-1.1",
        Protocol::Query => "text/xml",
    };
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    reply
}

fn error_xml(error: &AwsError, namespace: &str, request_id: &str) -> String {
    let mut xml = Xml::document();
    xml.open_with("ErrorResponse", namespace);
    xml.open("Error");
    xml.text("Type", error.fault());
    xml.text("Code", error.code);
    xml.text("Message", &error.message);
    xml.open("Detail");
    xml.close("Detail");
    xml.close("Error");
    xml.text("RequestId", request_id);
    xml.close("ErrorResponse");
    xml.finish()
}
