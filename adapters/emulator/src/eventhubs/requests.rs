//! Requests in messages, and their answers: `$cbs` and `$management`.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::amqp::{AmqpError, Body, DecodeError, Message, Value, condition};
use super::hub::{OpenHub, state_of};
use super::tokens::{self, Grants};
use super::{AccessKey, Front, Operation};

/// Where fields stand in the properties of a message.
mod property {
    pub(super) const MESSAGE_ID: usize = 0;
    pub(super) const REPLY_TO: usize = 4;
    pub(super) const CORRELATION_ID: usize = 5;
}

/// Fields of the properties up to the correlation id.
const PROPERTIES: usize = 6;

/// A request that was read.
pub(crate) struct Request {
    message: Message,
}

/// The outcome of a request.
struct Outcome {
    status: i32,
    description: String,
    condition: Option<&'static str>,
    body: Value,
}

impl Outcome {
    fn done(status: i32, body: Value) -> Self {
        Self {
            status,
            description: if status == 200 { "OK" } else { "Accepted" }.to_owned(),
            condition: None,
            body,
        }
    }

    fn refused(status: i32, condition: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            description: description.into(),
            condition: Some(condition),
            body: Value::Null,
        }
    }
}

impl From<AmqpError> for Outcome {
    fn from(error: AmqpError) -> Self {
        let status = match error.condition {
            condition::NOT_FOUND => 404,
            condition::UNAUTHORIZED => 401,
            condition::ARGUMENT | condition::ARGUMENT_RANGE => 400,
            condition::SERVER_BUSY => 503,
            _ => 500,
        };
        Self::refused(status, error.condition, error.description)
    }
}

impl Request {
    /// Reads a message.
    ///
    /// # Errors
    /// It is not sound.
    pub(crate) fn read(message: &[u8]) -> Result<Self, DecodeError> {
        let message = Message::read(message)?;
        Ok(Self { message })
    }

    /// The address that the answer should go to.
    pub(crate) fn reply_to(&self) -> Option<&str> {
        self.message.property(property::REPLY_TO).as_text()
    }

    fn text(&self, name: &str) -> &str {
        let value = self.message.application_property(name);
        value.and_then(Value::as_text).unwrap_or_default()
    }

    /// Answers a request to `$cbs`.
    pub(crate) fn put_token(
        &self,
        grants: &mut Grants,
        key: Option<&AccessKey>,
        now_ms: i64,
    ) -> Bytes {
        let outcome = match Operation::find("$cbs", self.text("operation"), "") {
            Some(Operation::PutToken) => self.try_put_token(grants, key, now_ms),
            _ => unknown_operation(self.text("operation")),
        };
        self.answer(outcome)
    }

    fn try_put_token(&self, grants: &mut Grants, key: Option<&AccessKey>, now_ms: i64) -> Outcome {
        let token = match &self.message.body {
            Body::Value(value) => value.as_text().unwrap_or_default(),
            _ => "",
        };
        match grants.put(self.text("type"), self.text("name"), token, key, now_ms) {
            Ok(()) => Outcome::done(202, Value::Null),
            Err(reason) => Outcome::refused(401, condition::UNAUTHORIZED, reason),
        }
    }

    /// Answers a request to `$management`.
    pub(crate) fn manage(&self, front: &Front, grants: &Grants) -> Bytes {
        let (operation, kind) = (self.text("operation"), self.text("type"));
        let outcome = match Operation::find("$management", operation, kind) {
            Some(Operation::ReadHub) => self.hub(front, grants).map(|hub| describe(&hub)),
            Some(Operation::ReadPartition) => self.partition(front, grants),
            _ => return self.answer(unknown_operation(operation)),
        };
        let outcome = outcome.map(|body| Outcome::done(200, body));
        self.answer(outcome.unwrap_or_else(Outcome::from))
    }

    fn hub(&self, front: &Front, grants: &Grants) -> Result<Arc<OpenHub>, AmqpError> {
        let name = self.text("name");
        if !self.may_read(name, front, grants) {
            let reason =
                format!("Unauthorized access. 'Listen' claim(s) are required for '{name}'.");
            return Err(AmqpError::new(condition::UNAUTHORIZED, reason));
        }
        front.hubs.get_or_create(name)
    }

    /// Whether a token of the connection is for this hub, or else the one of the request.
    fn may_read(&self, hub: &str, front: &Front, grants: &Grants) -> bool {
        let now_ms = front.hubs.now_ms();
        let key = front.config.access_key.as_ref();
        let token = self.text("security_token");
        grants.allow(&format!("{hub}/$management"), now_ms)
            // Microsoft's client for Rust has a token for `HUB/ConsumerGroups/GROUP/$management`,
            || grants.allow_a_part(hub, now_ms)
            // and the one for Java puts none before it asks.
            || tokens::check(token, hub, key, now_ms).is_ok()
    }

    fn partition(&self, front: &Front, grants: &Grants) -> Result<Value, AmqpError> {
        let hub = self.hub(front, grants)?;
        let number = match self.message.application_property("partition") {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.as_i64().map(|n| n.to_string()).unwrap_or_default(),
            None => String::new(),
        };
        let (number, partition) = hub.partition(&number)?;
        let state = state_of(&partition);
        Ok(map(vec![
            ("name", Value::string(hub.name())),
            ("type", Value::string("com.microsoft:partition")),
            ("partition", Value::string(number.to_string())),
            ("begin_sequence_number", Value::long(state.begin)),
            ("last_enqueued_sequence_number", Value::long(state.last)),
            (
                "last_enqueued_offset",
                Value::string(state.last.to_string()),
            ),
            (
                "last_enqueued_time_utc",
                Value::Timestamp(state.last_enqueued_ms),
            ),
            ("is_partition_empty", Value::Bool(state.is_empty())),
            ("begin_sequence_number_epoch", Value::int(-1)),
            ("last_enqueued_sequence_number_epoch", Value::int(-1)),
        ]))
    }

    /// The message that answers with this outcome.
    fn answer(&self, outcome: Outcome) -> Bytes {
        let mut properties = vec![Value::Null; PROPERTIES];
        let correlation = match self.message.property(property::CORRELATION_ID) {
            Value::Null => self.message.property(property::MESSAGE_ID),
            given => given,
        };
        properties[property::CORRELATION_ID] = correlation.clone();
        let text = |name: &str, value: Value| (Value::string(name), value);
        let mut application_properties = vec![
            text("status-code", Value::int(outcome.status)),
            text("status-description", Value::string(outcome.description)),
        ];
        if let Some(condition) = outcome.condition {
            application_properties.push(text("error-condition", Value::symbol(condition)));
        }
        let message = Message {
            properties,
            application_properties,
            body: Body::Value(outcome.body),
            ..Message::default()
        };
        let mut out = BytesMut::new();
        message.put(&mut out);
        out.freeze()
    }
}

fn unknown_operation(operation: &str) -> Outcome {
    let reason = format!("There is no operation '{operation}' of that type here.");
    Outcome::refused(501, condition::NOT_IMPLEMENTED, reason)
}

fn describe(hub: &OpenHub) -> Value {
    let count = hub.stream.partition_count();
    let ids = (0..count).map(|number| Value::string(number.to_string()));
    map(vec![
        ("name", Value::string(hub.name())),
        ("type", Value::string("com.microsoft:eventhub")),
        ("created_at", Value::Timestamp(hub.about().created_ms)),
        ("partition_count", Value::int(count as i32)),
        ("partition_ids", Value::Array(ids.collect())),
        ("georeplication_factor", Value::int(1)),
    ])
}

fn map(pairs: Vec<(&str, Value)>) -> Value {
    let pairs = pairs.into_iter();
    Value::Map(
        pairs
            .map(|(name, value)| (Value::string(name), value))
            .collect(),
    )
}
