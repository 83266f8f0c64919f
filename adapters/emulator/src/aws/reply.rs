//! Answers as HTTP responses.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::AwsError;
use super::request::Protocol;
use super::xml::Xml;

/// What is sent back.
pub(super) type Reply = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// What a service answers.
#[derive(Debug)]
pub(super) enum Answer {
    /// A document in the request's protocol.
    Document(Vec<u8>),
    /// Messages of an event stream, as they come.
    Events(mpsc::Receiver<Bytes>),
}

/// A successful answer.
pub(super) fn success(protocol: Protocol, answer: Answer, request_id: &str) -> Reply {
    match answer {
        Answer::Document(body) => respond(StatusCode::OK, protocol, body, request_id),
        Answer::Events(events) => {
            let body = Events(events).boxed_unsync();
            let content_type = "application/vnd.amazon.eventstream";
            with_headers(Response::new(body), content_type, request_id)
        }
    }
}

/// A body that comes in pieces.
#[derive(Debug)]
struct Events(mpsc::Receiver<Bytes>);

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(context);
        next.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
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
        Protocol::Json { .. } => json!({"__type": error.kind, "message": error.message})
            .to_string()
            .into_bytes(),
        Protocol::Cbor => error_cbor(error),
        // What AWS answers to a URL that asks for nothing.
        Protocol::Query if error.status == 404 && error.code == "InvalidAction" => {
            b"<UnknownOperationException/>\n".to_vec()
        }
        Protocol::Query => error_xml(error, namespace, request_id).into_bytes(),
    };
    let mut reply = respond(status, protocol, body, request_id);
    // Only services that once had the query protocol say what the code was there.
    if protocol == (Protocol::Json { version: 0 }) {
        let header = format!("{};{}", error.code, error.fault());
        if let Ok(header) = HeaderValue::from_str(&header) {
            reply.headers_mut().insert("x-amzn-query-error", header);
        }
    }
    reply
}

/// An answer without a body, for what is no request of AWS.
pub(super) fn plain(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default().boxed_unsync());
    *reply.status_mut() = status;
    reply
}

fn respond(status: StatusCode, protocol: Protocol, body: Vec<u8>, request_id: &str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)).boxed_unsync());
    *reply.status_mut() = status;
    with_headers(reply, protocol.content_type(), request_id)
}

fn with_headers(mut reply: Reply, content_type: &'static str, request_id: &str) -> Reply {
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    reply
}

fn error_cbor(error: &AwsError) -> Vec<u8> {
    #[derive(Serialize)]
    struct View<'a> {
        #[serde(rename = "__type")]
        kind: &'a str,
        message: &'a str,
    }
    let view = View {
        kind: &error.kind,
        message: &error.message,
    };
    let mut bytes = Vec::new();
    // Two texts can be written, and a vector takes them.
    drop(ciborium::into_writer(&view, &mut bytes));
    bytes
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
