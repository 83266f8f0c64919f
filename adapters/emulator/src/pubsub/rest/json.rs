//! JSON of protobuf messages.

use bytes::Bytes;
use prost::Message;
use prost_reflect::{
    Cardinality, DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MapKey,
    MessageDescriptor, ReflectMessage, SerializeOptions, Value,
};
use serde_json::{Deserializer, Serializer, json};
use tonic::Status;

use super::routes::{Body, Route};
use crate::pubsub::descriptors::pool;
use crate::pubsub::error::invalid;
use crate::pubsub::proto::rpc;

/// How values of enumerations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enums {
    Names,
    Numbers,
}

impl Enums {
    /// What the request wants, by `$alt=json;enum-encoding=int`.
    pub(super) fn wanted(query: &[(impl AsRef<str>, impl AsRef<str>)]) -> Self {
        let is_int = query.iter().any(|(name, value)| {
            name.as_ref() == "$alt" && value.as_ref().ends_with("enum-encoding=int")
        });
        if is_int { Self::Numbers } else { Self::Names }
    }
}

/// The request that a path, a query and a body make, as bytes.
///
/// # Errors
/// The body or the query does not fit the message.
pub(super) fn request(
    route: &Route,
    path: &[(&str, String)],
    query: &[(impl AsRef<str>, impl AsRef<str>)],
    body: &[u8],
) -> Result<Bytes, Status> {
    let input = route.method.input();
    let mut message = match &route.body {
        Body::Whole => read(input, body)?,
        Body::None => DynamicMessage::new(input),
        Body::Field(name) => {
            let mut message = DynamicMessage::new(input.clone());
            let field = input.get_field_by_name(name);
            if let Some((field, Kind::Message(kind))) =
                field.map(|field| (field.clone(), field.kind()))
            {
                message.set_field(&field, Value::Message(read(kind, body)?));
            }
            message
        }
    };
    for (name, value) in query {
        // System parameters, such as `$alt` and `key`, are for the server.
        let (name, value) = (name.as_ref(), value.as_ref());
        if !name.starts_with('$') && !SYSTEM.contains(&name) {
            set(&mut message, name, value)?;
        }
    }
    for (name, value) in path {
        set(&mut message, name, value)?;
    }
    Ok(message.encode_to_vec().into())
}

/// Parameters of all of Google's REST services.
const SYSTEM: [&str; 9] = [
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
];

/// An answer as JSON.
///
/// # Errors
/// It cannot be written, which is a fault of the emulator.
pub(super) fn answer(
    output: &MessageDescriptor,
    bytes: &[u8],
    enums: Enums,
) -> Result<Vec<u8>, Status> {
    let internal = |error: &dyn std::fmt::Display| Status::internal(error.to_string());
    let message =
        DynamicMessage::decode(output.clone(), bytes).map_err(|error| internal(&error))?;
    let options = SerializeOptions::new().use_enum_numbers(enums == Enums::Numbers);
    let mut json = Vec::new();
    let written = message.serialize_with_options(&mut Serializer::pretty(&mut json), &options);
    written.map_err(|error| internal(&error))?;
    json.push(b'\n');
    Ok(json)
}

/// An error as JSON.
pub(super) fn error(status: &Status, http: u16) -> Vec<u8> {
    let details = rpc::Status::decode(status.details()).unwrap_or_default();
    let details: Vec<_> = details.details.iter().filter_map(detail).collect();
    let mut error = json!({
        "code": http,
        "message": status.message(),
        "status": name(status.code()),
    });
    if !details.is_empty() {
        error["details"] = details.into();
    }
    let mut json = json!({ "error": error }).to_string().into_bytes();
    json.push(b'\n');
    json
}

fn detail(any: &prost_types::Any) -> Option<serde_json::Value> {
    let kind = any.type_url.rsplit('/').next()?;
    let descriptor = pool().get_message_by_name(kind)?;
    let message = DynamicMessage::decode(descriptor, any.value.as_slice()).ok()?;
    let mut json = serde_json::to_value(message).ok()?;
    json["@type"] = any.type_url.clone().into();
    Some(json)
}

/// The name of a code, as in google/rpc/code.proto.
fn name(code: tonic::Code) -> &'static str {
    use tonic::Code::{
        Aborted, AlreadyExists, Cancelled, DataLoss, DeadlineExceeded, FailedPrecondition,
        Internal, InvalidArgument, NotFound, Ok, OutOfRange, PermissionDenied, ResourceExhausted,
        Unauthenticated, Unavailable, Unimplemented, Unknown,
    };
    match code {
        Ok => "OK",
        Cancelled => "CANCELLED",
        Unknown => "UNKNOWN",
        InvalidArgument => "INVALID_ARGUMENT",
        DeadlineExceeded => "DEADLINE_EXCEEDED",
        NotFound => "NOT_FOUND",
        AlreadyExists => "ALREADY_EXISTS",
        PermissionDenied => "PERMISSION_DENIED",
        ResourceExhausted => "RESOURCE_EXHAUSTED",
        FailedPrecondition => "FAILED_PRECONDITION",
        Aborted => "ABORTED",
        OutOfRange => "OUT_OF_RANGE",
        Unimplemented => "UNIMPLEMENTED",
        Internal => "INTERNAL",
        Unavailable => "UNAVAILABLE",
        DataLoss => "DATA_LOSS",
        Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Reads a message; no text is one without fields.
///
/// # Errors
/// The text is no such message.
pub(in crate::pubsub) fn read(
    descriptor: MessageDescriptor,
    text: &[u8],
) -> Result<DynamicMessage, Status> {
    if text.trim_ascii().is_empty() {
        return Ok(DynamicMessage::new(descriptor));
    }
    let wrong =
        |error: serde_json::Error| invalid(format!("Invalid JSON payload received. {error}"));
    let mut reader = Deserializer::from_slice(text);
    let options = DeserializeOptions::new();
    let message = DynamicMessage::deserialize_with_options(descriptor, &mut reader, &options);
    let message = message.map_err(wrong)?;
    reader.end().map_err(wrong)?;
    Ok(message)
}

/// Sets a field, which may lie deep, from text; a repeated one gets one more.
fn set(message: &mut DynamicMessage, path: &str, text: &str) -> Result<(), Status> {
    let unknown = || {
        invalid(format!(
            "Invalid JSON payload received. Unknown name \"{path}\": Cannot bind query parameter."
        ))
    };
    let (name, deeper) = match path.split_once('.') {
        Some((name, deeper)) => (name, Some(deeper)),
        None => (path, None),
    };
    let descriptor = message.descriptor();
    let by_name = descriptor.get_field_by_name(name);
    let field = by_name.or_else(|| descriptor.get_field_by_json_name(name));
    let field = field.ok_or_else(unknown)?;
    if let Some(deeper) = deeper {
        return match message.get_field_mut(&field) {
            Value::Message(inner) => set(inner, deeper, text),
            Value::Map(map) => {
                let value = Value::String(text.to_owned());
                map.insert(MapKey::String(deeper.to_owned()), value);
                Ok(())
            }
            _ => Err(unknown()),
        };
    }
    let value = value(&field, text).ok_or_else(unknown)?;
    if field.cardinality() == Cardinality::Repeated {
        match message.get_field_mut(&field) {
            Value::List(list) => list.push(value),
            _ => return Err(unknown()),
        }
    } else {
        message.set_field(&field, value);
    }
    Ok(())
}

/// The value of a field from text.
fn value(field: &FieldDescriptor, text: &str) -> Option<Value> {
    Some(match field.kind() {
        Kind::String => Value::String(text.to_owned()),
        Kind::Bool => Value::Bool(text.parse().ok()?),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(text.parse().ok()?),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(text.parse().ok()?),
        Kind::Enum(kind) => {
            let named = kind.get_value_by_name(text).map(|value| value.number());
            Value::EnumNumber(named.or_else(|| text.parse().ok())?)
        }
        // Durations, times and field masks are texts in JSON.
        Kind::Message(kind) => Value::Message(read(kind, json!(text).to_string().as_bytes()).ok()?),
        _ => return None,
    })
}
