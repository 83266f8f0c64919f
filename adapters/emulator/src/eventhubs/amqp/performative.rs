//! What peers tell each other: the bodies of frames.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{DecodeError, Terminus, Value, decode, described, put_list};

/// Which end of a link somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Sends messages.
    Sender,
    /// Receives them.
    Receiver,
}

/// Opens a connection.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) container_id: String,
    pub(crate) max_frame_size: u32,
    pub(crate) channel_max: u16,
    /// Milliseconds after which a silent connection is given up.
    pub(crate) idle_time_out: Option<u32>,
}

/// Begins a session.
#[derive(Clone, Debug)]
pub(crate) struct Begin {
    pub(crate) remote_channel: Option<u16>,
    pub(crate) next_outgoing_id: u32,
    pub(crate) incoming_window: u32,
    pub(crate) outgoing_window: u32,
    pub(crate) handle_max: u32,
}

/// Attaches a link.
#[derive(Clone, Debug)]
pub(crate) struct Attach {
    pub(crate) name: String,
    pub(crate) handle: u32,
    pub(crate) role: Role,
    pub(crate) snd_settle_mode: u8,
    pub(crate) source: Option<Terminus>,
    pub(crate) target: Option<Terminus>,
    pub(crate) initial_delivery_count: Option<u32>,
    pub(crate) max_message_size: u64,
    pub(crate) desired_capabilities: Value,
    pub(crate) properties: Value,
}

/// Tells windows and credit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flow {
    pub(crate) next_incoming_id: Option<u32>,
    pub(crate) incoming_window: u32,
    pub(crate) next_outgoing_id: u32,
    pub(crate) outgoing_window: u32,
    pub(crate) handle: Option<u32>,
    pub(crate) delivery_count: Option<u32>,
    pub(crate) link_credit: Option<u32>,
    pub(crate) available: Option<u32>,
    pub(crate) drain: bool,
    pub(crate) echo: bool,
}

/// Carries (a part of) a message.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) handle: u32,
    pub(crate) delivery_id: Option<u32>,
    pub(crate) message_format: Option<u32>,
    pub(crate) settled: bool,
    pub(crate) more: bool,
    pub(crate) aborted: bool,
    pub(crate) payload: Bytes,
}

/// Tells the outcome of deliveries.
#[derive(Clone, Debug)]
pub(crate) struct Disposition {
    pub(crate) role: Role,
    pub(crate) first: u32,
    pub(crate) settled: bool,
    pub(crate) state: Value,
}

/// Detaches a link.
#[derive(Clone, Debug)]
pub(crate) struct Detach {
    pub(crate) handle: u32,
    pub(crate) closed: bool,
    pub(crate) error: Value,
}

/// Any of them, as they come in.
#[derive(Clone, Debug)]
pub(crate) enum Performative {
    Open(Open),
    Begin(Begin),
    Attach(Box<Attach>),
    Flow(Flow),
    Transfer(Transfer),
    /// Outcomes of what was sent; the log does not care.
    Disposition,
    Detach(Detach),
    End,
    Close,
}

impl Performative {
    /// Reads the body of a frame.
    ///
    /// # Errors
    /// It is not a sound performative.
    pub(crate) fn read(body: &Bytes) -> Result<Self, DecodeError> {
        let mut rest = &body[..];
        let (code, fields) = read_list(&mut rest)?;
        let fields = Fields(&fields);
        Ok(match code {
            0x10 => Self::Open(fields.open()?),
            0x11 => Self::Begin(fields.begin()?),
            0x12 => Self::Attach(Box::new(fields.attach()?)),
            0x13 => Self::Flow(fields.flow()?),
            0x14 => {
                let mut payload = body.clone();
                payload.advance(body.len() - rest.len());
                Self::Transfer(fields.transfer(payload)?)
            }
            0x15 => Self::Disposition,
            0x16 => Self::Detach(fields.detach()?),
            0x17 => Self::End,
            0x18 => Self::Close,
            _ => return Err(DecodeError::WrongType("the performative")),
        })
    }
}

/// The described list at the start of `bytes`: the number of its descriptor, and its fields.
pub(crate) fn read_list(bytes: &mut &[u8]) -> Result<(u64, Vec<Value>), DecodeError> {
    let Value::Described(described) = decode(bytes)? else {
        return Err(DecodeError::WrongType("the performative"));
    };
    match *described {
        (Value::Uint { value, .. }, Value::List(fields)) => Ok((value, fields)),
        _ => Err(DecodeError::WrongType("the performative")),
    }
}

/// Fields by their position; missing ones are null.
struct Fields<'a>(&'a [Value]);

impl Fields<'_> {
    fn at(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Null)
    }

    fn number(&self, index: usize) -> Option<u32> {
        self.at(index).as_u32()
    }

    fn needed(&self, index: usize, name: &'static str) -> Result<u32, DecodeError> {
        self.number(index).ok_or(DecodeError::WrongType(name))
    }

    fn flag(&self, index: usize) -> bool {
        self.at(index).as_bool().unwrap_or(false)
    }

    fn text(&self, index: usize, name: &'static str) -> Result<String, DecodeError> {
        let text = self.at(index).as_text();
        text.map(str::to_owned).ok_or(DecodeError::WrongType(name))
    }

    fn open(&self) -> Result<Open, DecodeError> {
        Ok(Open {
            container_id: self.text(0, "container-id")?,
            max_frame_size: self.number(2).unwrap_or(u32::MAX),
            channel_max: u16::try_from(self.number(3).unwrap_or(u16::MAX.into()))
                .unwrap_or(u16::MAX),
            idle_time_out: self.number(4),
        })
    }

    fn begin(&self) -> Result<Begin, DecodeError> {
        let remote_channel = self.number(0).and_then(|number| u16::try_from(number).ok());
        Ok(Begin {
            remote_channel,
            next_outgoing_id: self.needed(1, "next-outgoing-id")?,
            incoming_window: self.needed(2, "incoming-window")?,
            outgoing_window: self.needed(3, "outgoing-window")?,
            handle_max: self.number(4).unwrap_or(u32::MAX),
        })
    }

    fn attach(&self) -> Result<Attach, DecodeError> {
        Ok(Attach {
            name: self.text(0, "name")?,
            handle: self.needed(1, "handle")?,
            role: self.role(2)?,
            snd_settle_mode: self.number(3).unwrap_or(2) as u8,
            source: Terminus::read(self.at(5)),
            target: Terminus::read(self.at(6)),
            initial_delivery_count: self.number(9),
            max_message_size: self.at(10).as_i64().unwrap_or_default().max(0) as u64,
            desired_capabilities: self.at(12).clone(),
            properties: self.at(13).clone(),
        })
    }

    fn role(&self, index: usize) -> Result<Role, DecodeError> {
        match self.at(index).as_bool() {
            Some(true) => Ok(Role::Receiver),
            Some(false) => Ok(Role::Sender),
            None => Err(DecodeError::WrongType("role")),
        }
    }

    fn flow(&self) -> Result<Flow, DecodeError> {
        Ok(Flow {
            next_incoming_id: self.number(0),
            incoming_window: self.needed(1, "incoming-window")?,
            next_outgoing_id: self.needed(2, "next-outgoing-id")?,
            outgoing_window: self.needed(3, "outgoing-window")?,
            handle: self.number(4),
            delivery_count: self.number(5),
            link_credit: self.number(6),
            available: self.number(7),
            drain: self.flag(8),
            echo: self.flag(9),
        })
    }

    fn transfer(&self, payload: Bytes) -> Result<Transfer, DecodeError> {
        Ok(Transfer {
            handle: self.needed(0, "handle")?,
            delivery_id: self.number(1),
            message_format: self.number(3),
            settled: self.flag(4),
            more: self.flag(5),
            aborted: self.flag(9),
            payload,
        })
    }

    fn detach(&self) -> Result<Detach, DecodeError> {
        Ok(Detach {
            handle: self.needed(0, "handle")?,
            closed: self.flag(1),
            error: self.at(2).clone(),
        })
    }
}

fn number(value: Option<u32>) -> Value {
    value.map_or(Value::Null, Value::uint)
}

impl Open {
    /// Appends it with all fields.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        let properties = vec![
            (Value::symbol("product"), Value::string("ssectl")),
            (
                Value::symbol("version"),
                Value::string(env!("CARGO_PKG_VERSION")),
            ),
        ];
        described(0x10, out);
        put_list(
            &[
                Value::string(self.container_id.clone()),
                Value::Null,
                Value::uint(self.max_frame_size),
                Value::ushort(self.channel_max),
                number(self.idle_time_out),
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Map(properties),
            ],
            out,
        );
    }
}

impl Begin {
    /// Appends it with all fields.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        described(0x11, out);
        put_list(
            &[
                self.remote_channel.map_or(Value::Null, Value::ushort),
                Value::uint(self.next_outgoing_id),
                Value::uint(self.incoming_window),
                Value::uint(self.outgoing_window),
                Value::uint(self.handle_max),
                Value::Null,
                Value::Null,
                Value::Map(Vec::new()),
            ],
            out,
        );
    }
}

impl Attach {
    /// Appends it with all fields.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        let terminus = |terminus: &Option<Terminus>, code| {
            let terminus = terminus.as_ref();
            terminus.map_or(Value::Null, |terminus| terminus.to_value(code))
        };
        described(0x12, out);
        put_list(
            &[
                Value::string(self.name.clone()),
                Value::uint(self.handle),
                Value::Bool(self.role == Role::Receiver),
                Value::ubyte(self.snd_settle_mode),
                // Event Hubs settles first, whatever is asked for.
                Value::ubyte(0),
                terminus(&self.source, Terminus::SOURCE),
                terminus(&self.target, Terminus::TARGET),
                Value::Map(Vec::new()),
                Value::Bool(false),
                number(self.initial_delivery_count),
                Value::ulong(self.max_message_size),
                Value::Null,
                self.desired_capabilities.clone(),
                self.properties.clone(),
            ],
            out,
        );
    }
}

impl Flow {
    /// Appends it with all fields.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        described(0x13, out);
        put_list(
            &[
                number(self.next_incoming_id),
                Value::uint(self.incoming_window),
                Value::uint(self.next_outgoing_id),
                Value::uint(self.outgoing_window),
                number(self.handle),
                number(self.delivery_count),
                number(self.link_credit),
                number(self.available),
                Value::Bool(self.drain),
                Value::Bool(self.echo),
                Value::Map(Vec::new()),
            ],
            out,
        );
    }
}

impl Transfer {
    /// Appends it with all fields, without the payload. The tag is the delivery's number.
    pub(crate) fn put(&self, tag: u32, out: &mut BytesMut) {
        described(0x14, out);
        put_list(
            &[
                Value::uint(self.handle),
                number(self.delivery_id),
                Value::Binary(tag.to_be_bytes().to_vec()),
                number(self.message_format),
                Value::Bool(self.settled),
                Value::Bool(self.more),
                Value::Null,
                Value::Null,
                Value::Bool(false),
                Value::Bool(self.aborted),
                // Clients may settle in batches.
                Value::Bool(true),
            ],
            out,
        );
        out.put_slice(&self.payload);
    }
}

impl Disposition {
    /// Appends it with all fields.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        described(0x15, out);
        put_list(
            &[
                Value::Bool(self.role == Role::Receiver),
                Value::uint(self.first),
                Value::uint(self.first),
                Value::Bool(self.settled),
                self.state.clone(),
                Value::Bool(false),
            ],
            out,
        );
    }
}

impl Detach {
    /// Appends it with all fields.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        described(0x16, out);
        let handle = Value::uint(self.handle);
        put_list(&[handle, Value::Bool(self.closed), self.error.clone()], out);
    }
}

/// Appends an `end` (0x17) or `close` (0x18).
pub(crate) fn put_last(code: u64, error: Value, out: &mut BytesMut) {
    described(code, out);
    put_list(&[error], out);
}
