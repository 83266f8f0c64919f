//! What a connection speaks, by its first byte.

use tokio::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, split};

/// A protocol on the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// AMQP 1.0, with its SASL layer.
    Amqp,
    /// TLS, with any of the others inside.
    Tls,
    /// The management API.
    Http,
    /// Kafka, whose requests begin with their length.
    #[cfg(feature = "kafka")]
    Kafka,
}

impl Dialect {
    /// The one that begins with this byte.
    pub(super) fn of(first: u8) -> Option<Self> {
        match first {
            b'A' => Some(Self::Amqp),
            0x16 => Some(Self::Tls),
            b'C' | b'D' | b'G' | b'H' | b'O' | b'P' | b'T' => Some(Self::Http),
            #[cfg(feature = "kafka")]
            0 => Some(Self::Kafka),
            _ => None,
        }
    }
}

/// The stream with bytes put back in front that were read from it.
pub(super) fn put_back<S: AsyncRead + AsyncWrite>(
    read: Vec<u8>,
    stream: S,
) -> impl AsyncRead + AsyncWrite + Unpin {
    let (reader, writer) = split(stream);
    io::join(std::io::Cursor::new(read).chain(reader), writer)
}
