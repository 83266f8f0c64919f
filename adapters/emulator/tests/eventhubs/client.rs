//! A bare client of AMQP 1.0, just enough to send and receive, and to see every frame that comes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Codes of performatives.
pub(crate) mod code {
    pub(crate) const OPEN: u8 = 0x10;
    pub(crate) const BEGIN: u8 = 0x11;
    pub(crate) const ATTACH: u8 = 0x12;
    pub(crate) const FLOW: u8 = 0x13;
    pub(crate) const TRANSFER: u8 = 0x14;
    pub(crate) const DISPOSITION: u8 = 0x15;
    pub(crate) const DETACH: u8 = 0x16;
    pub(crate) const CLOSE: u8 = 0x18;
}

/// A frame that came: the code of its performative, and everything behind the descriptor. A heartbeat has no code.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) code: Option<u8>,
    pub(crate) body: Vec<u8>,
}

impl Frame {
    /// Whether these bytes are somewhere in it.
    pub(crate) fn has(&self, text: &str) -> bool {
        let mut windows = self.body.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    }
}

/// A connection with one session.
pub(crate) struct Client {
    stream: TcpStream,
    next_delivery: u32,
}

pub(crate) fn text(value: &str) -> Vec<u8> {
    [&[0xA1, value.len() as u8], value.as_bytes()].concat()
}

pub(crate) fn symbol(value: &str) -> Vec<u8> {
    [&[0xA3, value.len() as u8], value.as_bytes()].concat()
}

pub(crate) fn uint(value: u32) -> Vec<u8> {
    [&[0x70][..], &value.to_be_bytes()].concat()
}

fn long(value: i64) -> Vec<u8> {
    [&[0x81][..], &value.to_be_bytes()].concat()
}

const NULL: &[u8] = &[0x40];
const TRUE: &[u8] = &[0x41];
const FALSE: &[u8] = &[0x42];

fn compound(constructor: u8, fields: &[&[u8]]) -> Vec<u8> {
    let content = fields.concat();
    let size = (content.len() + 4) as u32;
    let count = (fields.len() as u32).to_be_bytes();
    [&[constructor][..], &size.to_be_bytes(), &count, &content].concat()
}

/// A described list.
pub(crate) fn list(code: u8, fields: &[&[u8]]) -> Vec<u8> {
    [vec![0, 0x53, code], compound(0xD0, fields)].concat()
}

/// A message with a body of bytes.
pub(crate) fn message(body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&[0, 0x53, 0x75, 0xB0][..], &length, body].concat()
}

impl Client {
    /// Connects, logs in with SASL PLAIN, opens and begins.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("the emulator answers")
    }

    /// The same; `None` if the emulator is gone.
    pub(crate) fn try_connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_nodelay(true).ok()?;
        let mut client = Self {
            stream,
            next_delivery: 0,
        };
        client.write(b"AMQP\x03\x01\x00\x00")?;
        let response = [&[0xA0, 9][..], b"\0user\0key"].concat();
        let init = list(0x41, &[&symbol("PLAIN"), &response]);
        client.send_frame(1, &init)?;
        client.write(b"AMQP\x00\x01\x00\x00")?;
        client.send_frame(0, &list(code::OPEN, &[&text("test"), NULL]))?;
        let window = uint(5000);
        client.send_frame(0, &list(code::BEGIN, &[NULL, &uint(0), &window, &window]))?;
        let mut greeting = [0; 8];
        client.stream.read_exact(&mut greeting).ok()?;
        client.frame()?;
        client.frame()?;
        client.stream.read_exact(&mut greeting).ok()?;
        client.until(code::BEGIN)?;
        Some(client)
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).ok()
    }

    /// Sends a frame on the first channel.
    pub(crate) fn send_frame(&mut self, kind: u8, body: &[u8]) -> Option<()> {
        let size = (body.len() as u32 + 8).to_be_bytes();
        self.write(&[&size[..], &[2, kind, 0, 0], body].concat())
    }

    /// The next frame; `None` at the end.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        let mut header = [0; 8];
        self.stream.read_exact(&mut header).ok()?;
        let size = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let mut body = vec![0; size as usize - 8];
        self.stream.read_exact(&mut body).ok()?;
        match body.first_chunk::<3>() {
            Some([0, 0x53, code]) => Some(Frame {
                code: Some(*code),
                body: body.split_off(3),
            }),
            _ => Some(Frame { code: None, body }),
        }
    }

    /// The next frame with this performative; others are passed over.
    pub(crate) fn until(&mut self, code: u8) -> Option<Frame> {
        loop {
            let frame = self.frame()?;
            if frame.code == Some(code) {
                return Some(frame);
            }
        }
    }

    /// Attaches a sender to an address.
    pub(crate) fn attach_sender(&mut self, handle: u32, address: &str) -> Option<Frame> {
        let source = list(0x28, &[&text("here")]);
        let target = list(0x29, &[&text(address)]);
        let name = text(&format!("sender {handle}"));
        let fields = [
            &name[..],
            &uint(handle),
            FALSE,
            NULL,
            NULL,
            &source,
            &target,
        ];
        self.send_frame(0, &list(code::ATTACH, &fields))?;
        self.until(code::ATTACH)
    }

    /// Attaches a receiver of all events of an address, and gives it credit.
    pub(crate) fn attach_receiver(
        &mut self,
        handle: u32,
        address: &str,
        epoch: Option<i64>,
        credit: u32,
    ) -> Option<Frame> {
        let source = list(0x28, &[&text(address)]);
        let target = list(0x29, &[&text("here")]);
        let properties = match epoch {
            Some(epoch) => compound(0xD1, &[&symbol("com.microsoft:epoch"), &long(epoch)]),
            None => NULL.to_vec(),
        };
        let name = text(&format!("receiver {handle}"));
        let fields = [
            &name[..],
            &uint(handle),
            TRUE,
            NULL,
            NULL,
            &source,
            &target,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            &properties,
        ];
        self.send_frame(0, &list(code::ATTACH, &fields))?;
        let attached = self.until(code::ATTACH)?;
        self.grant(handle, 0, credit)?;
        Some(attached)
    }

    /// Grants credit from this delivery count on.
    pub(crate) fn grant(&mut self, handle: u32, count: u32, credit: u32) -> Option<()> {
        let window = uint(1_000_000);
        let fields = [
            &uint(0)[..],
            &window,
            &uint(0),
            &window,
            &uint(handle),
            &uint(count),
            &uint(credit),
        ];
        self.send_frame(0, &list(code::FLOW, &fields))
    }

    /// Sends a message without waiting for its outcome.
    pub(crate) fn transfer(&mut self, handle: u32, message: &[u8]) -> Option<()> {
        let id = self.next_delivery;
        self.next_delivery += 1;
        let tag = [&[0xA0, 4][..], &id.to_be_bytes()].concat();
        let fields = [&uint(handle)[..], &uint(id), &tag, &uint(0), FALSE, FALSE];
        let transfer = list(code::TRANSFER, &fields);
        self.send_frame(0, &[&transfer, message].concat())
    }

    /// Sends a message; true if it was accepted, false if it was refused, `None` if the emulator is gone.
    pub(crate) fn send(&mut self, handle: u32, body: &[u8]) -> Option<Result<(), Frame>> {
        self.transfer(handle, &message(body))?;
        let outcome = self.until(code::DISPOSITION)?;
        let accepted = [0, 0x53, 0x24];
        let is_accepted = outcome.body.windows(3).any(|window| window == accepted);
        Some(if is_accepted { Ok(()) } else { Err(outcome) })
    }

    /// The body of the next event.
    pub(crate) fn receive(&mut self) -> Option<Vec<u8>> {
        let frame = self.until(code::TRANSFER)?;
        let data = [0, 0x53, 0x75];
        let at = frame.body.windows(3).rposition(|window| window == data)?;
        match &frame.body[at + 3..] {
            [0xA0, _, body @ ..] | [0xB0, _, _, _, _, body @ ..] => Some(body.to_vec()),
            _ => None,
        }
    }
}
