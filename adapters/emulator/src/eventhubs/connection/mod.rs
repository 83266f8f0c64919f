//! One AMQP connection: from bytes to bytes, and the loop that moves them.
//!
//! [`Engine`] is the protocol without a socket: it takes what came, and leaves what is to be sent in its
//! [`Outbox`](outbox::Outbox). [`serve`] reads and writes. While a client does not read what is waiting for it, nothing more
//! is read from it nor prepared for it, so memory stays bounded.

mod engine;
mod incoming;
mod outbox;
mod outgoing;
mod sasl;
mod session;

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Front;
use super::server::ended;
use crate::store::Waiter;
use engine::Engine;
pub(super) use sasl::MECHANISMS;

/// Bytes that wait for the client, beyond which nothing more is prepared for it.
const HIGH_WATER: usize = 256 * 1024;

/// Bytes to read at a time.
const CHUNK: usize = 32 * 1024;

/// How long the last words may take to be sent.
const FAREWELL: std::time::Duration = std::time::Duration::from_secs(2);

/// Serves a connection until either end closes it; `input` was read from it already.
pub(crate) async fn serve<S>(
    stream: S,
    mut input: BytesMut,
    front: Arc<Front>,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite,
{
    let (mut reader, mut writer) = split(stream);
    let woken = Arc::new(Notify::new());
    let waker = Arc::clone(&woken);
    let waiter = Arc::new(Waiter::calling(move || waker.notify_one()));
    let mut engine = Engine::new(front, waiter, Instant::now());
    loop {
        engine.work(&mut input, Instant::now());
        if engine.is_over() {
            // The last words follow; who does not read them is not waited for.
            break;
        }
        let may_read = engine.outbox.has_room();
        let deadline = engine.deadline();
        tokio::select! {
            written = writer.write_buf(engine.outbox.bytes()), if !engine.outbox.is_empty() => match written {
                Ok(_) => {}
                Err(_) => return,
            },
            read = read_some(&mut reader, &mut input), if may_read => match read {
                Ok(1..) => {}
                _ => return,
            },
            () = woken.notified() => engine.wake(),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            () = ended(&mut stopped) => {
                engine.shut_down();
                break;
            }
        }
    }
    let farewell = async {
        drop(writer.write_all(engine.outbox.bytes()).await);
        drop(writer.shutdown().await);
    };
    drop(timeout_at(Instant::now() + FAREWELL, farewell).await);
}

/// Reads what is there; 0 bytes at the end.
async fn read_some(
    reader: &mut (impl AsyncRead + Unpin),
    input: &mut BytesMut,
) -> std::io::Result<usize> {
    input.reserve(CHUNK);
    reader.read_buf(input).await
}
