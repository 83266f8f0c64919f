//! The wire format of AMQP 1.0: values, frames, performatives, messages.
//!
//! The codec is our own for two reasons. Some clients of Event Hubs read the fields of a performative by position, so all
//! of them have to be written, trailing nulls too, which no encoder that elides them can do. And what comes from the network
//! is hostile until read: every length is checked before it is believed, nesting is bounded, nothing panics.
//!
//! Specification: OASIS AMQP 1.0, parts 1 (types), 2 (transport), 3 (messaging), 5 (security).

mod decode;
mod encode;
mod error;
mod frame;
mod message;
mod performative;
mod terminus;
mod value;

pub(crate) use decode::{DecodeError, decode, decode_all, skip};
pub(crate) use encode::{described, encode, put_list};
pub(crate) use error::{AmqpError, condition};
pub(crate) use frame::{Frame, FrameKind, PROTOCOL, SASL, frame, heartbeat, next_frame};
pub(crate) use message::{Body, Message, Sections, code, put_section};
pub(crate) use performative::{
    Attach, Begin, Detach, Disposition, Flow, Open, Performative, Role, Transfer, put_last,
    read_list,
};
pub(crate) use terminus::Terminus;
pub(crate) use value::Value;
