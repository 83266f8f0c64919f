//! What a request asks for, in which protocol.

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HOST};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::AwsError;
use super::authorization::{Scope, scope};
use super::query::{self, Names};

/// How a request is written, and how its answer will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.`version`.
    Json {
        /// 0 or 1.
        version: u8,
    },
    /// AWS CBOR 1.1: JSON 1.1 with another notation.
    Cbor,
    /// The query protocol: a form, answered with XML.
    Query,
}

impl Protocol {
    /// What its documents are declared to be.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json { version: 0 } => "application/x-amz-json-1.0",
            Self::Json { .. } => "application/x-amz-json-1.1",
            Self::Cbor => "application/x-amz-cbor-1.1",
            Self::Query => "text/xml",
        }
    }
}

/// A request, before its parameters are looked at.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) protocol: Protocol,
    /// The service, as `X-Amz-Target` or `Version` names it.
    pub(super) service: String,
    pub(super) operation: String,
    pub(super) scope: Scope,
    /// Scheme, host and port that the client used.
    pub(super) origin: String,
    pub(super) path: String,
    /// The trace that the request is part of, as X-Ray's header has it.
    pub(super) trace: Option<String>,
    pub(super) body: Body,
}

/// The parameters of a request.
#[derive(Debug)]
pub(super) enum Body {
    /// A document, in JSON or in CBOR.
    Document(Bytes),
    Form(Vec<(String, String)>),
}

impl Request {
    /// A request of this process to a service, which `X-Amz-Target` would name as `service`.
    pub(super) fn local(
        origin: String,
        service: &str,
        region: &str,
        operation: &str,
        json: &[u8],
    ) -> Self {
        Self {
            protocol: Protocol::Json { version: 1 },
            service: service.to_owned(),
            operation: operation.to_owned(),
            scope: Scope {
                region: region.to_owned(),
                service: None,
            },
            origin,
            path: "/".to_owned(),
            trace: None,
            body: Body::Document(Bytes::copy_from_slice(json)),
        }
    }

    /// The protocol that the headers speak of.
    pub(super) fn protocol(parts: &Parts) -> Protocol {
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let content_type = header(CONTENT_TYPE.as_str()).unwrap_or_default();
        match header("x-amz-target") {
            _ if content_type.starts_with("application/x-amz-json-1.0") => {
                Protocol::Json { version: 0 }
            }
            _ if content_type.starts_with("application/x-amz-json-1.1") => {
                Protocol::Json { version: 1 }
            }
            _ if content_type.starts_with("application/x-amz-cbor-1.") => Protocol::Cbor,
            Some(_) => Protocol::Json { version: 0 },
            None => Protocol::Query,
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// It names no operation, or nobody signed it.
    pub(super) fn read(parts: &Parts, body: Bytes) -> Result<Self, AwsError> {
        let protocol = Self::protocol(parts);
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let authority = parts.uri.authority().map(|authority| authority.as_str());
        let host = authority.or(header(HOST.as_str())).unwrap_or("localhost");
        let in_url = parse_form(parts.uri.query().unwrap_or_default().as_bytes());
        let (service, operation, scope, body) = match protocol {
            Protocol::Json { .. } | Protocol::Cbor => {
                let target = header("x-amz-target").and_then(|target| target.split_once('.'));
                let (service, operation) = target.ok_or_else(no_operation)?;
                let scope = scope(&parts.headers, &in_url)?;
                (
                    service.to_owned(),
                    operation.to_owned(),
                    scope,
                    Body::Document(body),
                )
            }
            Protocol::Query => {
                let mut form = in_url;
                form.extend(parse_form(&body));
                let find = |name: &str| form.iter().find(|(key, _)| key == name);
                let action = find("Action").ok_or_else(|| no_action(&parts.method))?;
                let operation = action.1.clone();
                let scope = scope(&parts.headers, &form)?;
                let version = find("Version").map(|(_, version)| version.clone());
                (
                    version.unwrap_or_default(),
                    operation,
                    scope,
                    Body::Form(form),
                )
            }
        };
        Ok(Self {
            protocol,
            service,
            operation,
            scope,
            origin: format!("http://{host}"),
            path: parts.uri.path().to_owned(),
            trace: header("x-amzn-trace-id").map(str::to_owned),
            body,
        })
    }
}

fn parse_form(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn no_operation() -> AwsError {
    AwsError::coral(400, "InvalidAction", "the request names no operation")
}

/// A form without an action. What was only looked at in a browser is nothing that a service could have.
fn no_action(method: &Method) -> AwsError {
    match *method {
        Method::GET => AwsError::coral(404, "InvalidAction", "the request names no operation"),
        _ => AwsError::coral(
            400,
            "MissingAction",
            "The request must contain the parameter Action.",
        ),
    }
}

/// Reads a parameter that may be missing; `null` stands for that, too.
///
/// # Errors
/// It is of another type.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The parameters of an operation.
#[derive(Debug)]
pub(crate) enum Input {
    /// A JSON document.
    Json(Bytes),
    /// A form, as the JSON document that would say the same.
    Form(Value),
}

impl Input {
    /// Takes the parameters; the names of a form are those of `names`.
    pub(super) fn new(body: Body, names: &Names) -> Self {
        match body {
            Body::Document(bytes) => Self::Json(bytes),
            Body::Form(form) => Self::Form(query::to_json(form, names)),
        }
    }

    /// Adds a parameter that a form left out.
    pub(crate) fn add(&mut self, name: &str, value: impl FnOnce() -> Option<String>) {
        if let Self::Form(Value::Object(fields)) = self
            && !fields.contains_key(name)
            && let Some(value) = value()
        {
            fields.insert(name.to_owned(), Value::String(value));
        }
    }

    /// Reads them.
    ///
    /// # Errors
    /// They are not JSON, or of another type.
    pub(crate) fn parse<T: DeserializeOwned>(self) -> Result<T, AwsError> {
        let parsed = match self {
            Self::Json(bytes) if bytes.is_empty() => serde_json::from_slice(b"{}"),
            Self::Json(bytes) => serde_json::from_slice(&bytes),
            Self::Form(value) => serde_json::from_value(value),
        };
        parsed.map_err(AwsError::malformed)
    }
}
