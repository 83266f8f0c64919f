//! Messages: a row of sections.

use bytes::{BufMut, BytesMut};

use super::{DecodeError, Value, decode, decode_all, described, encode, skip};

/// Codes of the sections' descriptors, in the order in which sections follow each other.
pub(crate) mod code {
    pub(crate) const HEADER: u64 = 0x70;
    pub(crate) const DELIVERY_ANNOTATIONS: u64 = 0x71;
    pub(crate) const MESSAGE_ANNOTATIONS: u64 = 0x72;
    pub(crate) const PROPERTIES: u64 = 0x73;
    pub(crate) const APPLICATION_PROPERTIES: u64 = 0x74;
    pub(crate) const DATA: u64 = 0x75;
    pub(crate) const SEQUENCE: u64 = 0x76;
    pub(crate) const VALUE: u64 = 0x77;
    pub(crate) const FOOTER: u64 = 0x78;
}

/// One section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a> {
    /// Which one.
    pub(crate) code: u64,
    /// Descriptor and value.
    pub(crate) whole: &'a [u8],
    /// The value.
    pub(crate) content: &'a [u8],
}

impl<'a> Section<'a> {
    /// The bytes of a data section.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn data(&self) -> Result<&'a [u8], DecodeError> {
        match self.content {
            [0xA0, _, data @ ..] | [0xB0, _, _, _, _, data @ ..] => Ok(data),
            _ => Err(DecodeError::WrongType("the body's data")),
        }
    }
}

/// The sections of an encoded message, in order; nothing is copied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sections<'a>(&'a [u8]);

impl<'a> Sections<'a> {
    /// Those of this message.
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn read(&mut self) -> Result<Section<'a>, DecodeError> {
        let start = self.0;
        let mut rest = start
            .strip_prefix(&[0])
            .ok_or(DecodeError::WrongType("a section"))?;
        let code = match decode(&mut rest)? {
            Value::Uint { value, .. } => Some(value),
            Value::Symbol(name) => code_of(&name),
            _ => None,
        };
        let code = code.filter(|code| (code::HEADER..=code::FOOTER).contains(code));
        let code = code.ok_or(DecodeError::WrongType("a section's descriptor"))?;
        let before = rest;
        skip(&mut rest)?;
        self.0 = rest;
        Ok(Section {
            code,
            whole: &start[..start.len() - rest.len()],
            content: &before[..before.len() - rest.len()],
        })
    }
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.0 = &[];
        }
        Some(read)
    }
}

/// The code that a descriptor's name stands for.
fn code_of(name: &str) -> Option<u64> {
    Some(match name {
        "amqp:header:list" => code::HEADER,
        "amqp:delivery-annotations:map" => code::DELIVERY_ANNOTATIONS,
        "amqp:message-annotations:map" => code::MESSAGE_ANNOTATIONS,
        "amqp:properties:list" => code::PROPERTIES,
        "amqp:application-properties:map" => code::APPLICATION_PROPERTIES,
        "amqp:data:binary" => code::DATA,
        "amqp:amqp-sequence:list" => code::SEQUENCE,
        "amqp:amqp-value:*" => code::VALUE,
        "amqp:footer:map" => code::FOOTER,
        _ => return None,
    })
}

/// The body of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Body {
    /// None at all.
    #[default]
    Empty,
    /// Bytes, those of several sections joined.
    Data(Vec<u8>),
    /// A value, or a sequence of them.
    Value(Value),
}

/// A message, decoded as a whole; for the few that the emulator itself reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    pub(crate) annotations: Vec<(Value, Value)>,
    /// By position: message-id, user-id, to, subject, reply-to, correlation-id, content-type, ...
    pub(crate) properties: Vec<Value>,
    pub(crate) application_properties: Vec<(Value, Value)>,
    pub(crate) body: Body,
}

impl Message {
    /// Reads an encoded message.
    ///
    /// # Errors
    /// It is not sound.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut message = Self::default();
        for section in Sections::of(bytes) {
            message.note(section?)?;
        }
        Ok(message)
    }

    /// A field of the properties.
    pub(crate) fn property(&self, index: usize) -> &Value {
        self.properties.get(index).unwrap_or(&Value::Null)
    }

    /// An application property.
    pub(crate) fn application_property(&self, name: &str) -> Option<&Value> {
        let mut pairs = self.application_properties.iter();
        pairs.find_map(|(key, value)| (key.as_text() == Some(name)).then_some(value))
    }

    fn note(&mut self, section: Section<'_>) -> Result<(), DecodeError> {
        if section.code == code::DATA {
            return self.note_data(section.data()?);
        }
        let value = decode_all(section.content)?;
        match (section.code, value) {
            (code::MESSAGE_ANNOTATIONS, Value::Map(pairs)) => self.annotations = pairs,
            (code::PROPERTIES, Value::List(fields)) => self.properties = fields,
            (code::APPLICATION_PROPERTIES, Value::Map(pairs)) => {
                self.application_properties = pairs;
            }
            (code::VALUE | code::SEQUENCE, value) => self.body = Body::Value(value),
            (code::HEADER | code::DELIVERY_ANNOTATIONS | code::FOOTER, _) => {}
            _ => return Err(DecodeError::WrongType("a section")),
        }
        Ok(())
    }

    fn note_data(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        match &mut self.body {
            Body::Data(known) => known.extend_from_slice(data),
            body => *body = Body::Data(data.to_vec()),
        }
        Ok(())
    }

    /// Appends the message.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        if !self.annotations.is_empty() {
            put_section(
                code::MESSAGE_ANNOTATIONS,
                &Value::Map(self.annotations.clone()),
                out,
            );
        }
        if !self.properties.is_empty() {
            put_section(code::PROPERTIES, &Value::List(self.properties.clone()), out);
        }
        if !self.application_properties.is_empty() {
            put_section(
                code::APPLICATION_PROPERTIES,
                &Value::Map(self.application_properties.clone()),
                out,
            );
        }
        match &self.body {
            Body::Empty => put_data(&[], out),
            Body::Data(data) => put_data(data, out),
            Body::Value(value) => put_section(code::VALUE, value, out),
        }
    }
}

/// Appends a section.
pub(crate) fn put_section(code: u64, value: &Value, out: &mut BytesMut) {
    described(code, out);
    encode(value, out);
}

/// Appends a data section.
pub(crate) fn put_data(data: &[u8], out: &mut BytesMut) {
    described(code::DATA, out);
    match u8::try_from(data.len()) {
        Ok(length) => {
            out.put_u8(0xA0);
            out.put_u8(length);
        }
        Err(_) => {
            out.put_u8(0xB0);
            out.put_u32(data.len() as u32);
        }
    }
    out.put_slice(data);
}
