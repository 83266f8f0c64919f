//! A schema's definition, of either type.

use super::{avro, protobuf};
use crate::pubsub::proto::pubsub::Encoding;
use crate::pubsub::proto::pubsub::schema::Type;

/// A definition that was understood.
#[derive(Debug)]
pub(super) enum Definition {
    Avro(avro::Definition),
    Protobuf(protobuf::Definition),
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// It is none of that type; says why.
    pub(super) fn parse(kind: Type, text: &str) -> Result<Self, String> {
        match kind {
            Type::Avro => avro::Definition::parse(text).map(Self::Avro),
            Type::ProtocolBuffer => protobuf::Definition::parse(text).map(Self::Protobuf),
            Type::Unspecified => Err("its type must be given".to_owned()),
        }
    }

    /// Checks a message.
    ///
    /// # Errors
    /// It is none of this schema; says why.
    pub(super) fn check(&self, data: &[u8], encoding: Encoding) -> Result<(), String> {
        match (self, encoding) {
            (_, Encoding::Unspecified) => Err("the encoding must be given".to_owned()),
            (Self::Avro(schema), Encoding::Json) => schema.check_json(data),
            (Self::Avro(schema), Encoding::Binary) => schema.check_binary(data),
            (Self::Protobuf(schema), Encoding::Json) => schema.check_json(data),
            (Self::Protobuf(schema), Encoding::Binary) => schema.check_binary(data),
        }
    }

    /// Checks that another definition may follow this one as a revision of the same schema.
    ///
    /// # Errors
    /// It may not; says why.
    pub(super) fn check_successor(&self, new: &Self) -> Result<(), String> {
        match (self, new) {
            (Self::Avro(old), Self::Avro(new)) => old.check_successor(new),
            (Self::Protobuf(old), Self::Protobuf(new)) => old.check_successor(new),
            _ => Err("the type of a schema cannot be changed".to_owned()),
        }
    }

    /// What the service gives as the reason when a message is refused.
    pub(super) fn refusal(&self, encoding: Encoding) -> &'static str {
        match (self, encoding) {
            (Self::Avro(_), Encoding::Binary) => "INVALID_BINARY_AVRO_MESSAGE",
            (Self::Avro(_), _) => "INVALID_JSON_AVRO_MESSAGE",
            (Self::Protobuf(_), Encoding::Binary) => "INVALID_BINARY_PROTO_MESSAGE",
            (Self::Protobuf(_), _) => "INVALID_JSON_PROTO_MESSAGE",
        }
    }
}
