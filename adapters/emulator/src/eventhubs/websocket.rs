//! AMQP over WebSocket (RFC 6455), for clients that may only speak HTTP: a request whose connection goes on as AMQP.
//!
//! Where a message ends means nothing; their bytes, one after the other, are what a plain connection would carry.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderName, Method, Request, Response, StatusCode};
use http_body_util::Full;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::{Front, connection};

/// Where the service waits for WebSockets.
const PATH: &str = "/$servicebus/websocket";

/// What the protocol inside is called: by Microsoft's clients, and by the AMQP WebSocket Binding.
const PROTOCOLS: [&str; 2] = ["AMQPWSB10", "amqp"];

/// The longest message, in bytes; frames of AMQP have at most 64 KiB.
const MAX_MESSAGE: usize = 2 << 20;

/// Bytes on their way between the socket and the protocol.
const PIPE: usize = 64 * 1024;

/// How long a client may take to close its end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Whether a request is for a WebSocket.
pub(super) fn is_wanted<B>(request: &Request<B>) -> bool {
    let path = request.uri().path().replace("%24", "$");
    path.eq_ignore_ascii_case(PATH)
}

/// The answer after which the connection is a WebSocket.
///
/// # Errors
/// Why it cannot be one.
pub(super) fn accept<B>(request: &Request<B>) -> Result<Response<Full<Bytes>>, String> {
    let text = |name: &HeaderName| {
        let value = request.headers().get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    };
    if request.method() != Method::GET || !text(&UPGRADE).eq_ignore_ascii_case("websocket") {
        return Err("a WebSocket is asked for by `GET` with `Upgrade: websocket`".to_owned());
    }
    let key = text(&SEC_WEBSOCKET_KEY);
    if key.is_empty() || text(&SEC_WEBSOCKET_VERSION) != "13" {
        return Err("`Sec-WebSocket-Key` or `Sec-WebSocket-Version: 13` is missing".to_owned());
    }
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim));
    let protocol = offered
        .find(|name| PROTOCOLS.contains(name))
        .ok_or_else(|| format!("the protocol inside is `{}`", PROTOCOLS[0]))?;
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .header(SEC_WEBSOCKET_PROTOCOL, protocol)
        .body(Full::default())
        .map_err(|error| error.to_string())
}

/// Serves a connection that was accepted, until either end closes it.
pub(super) async fn serve<S>(stream: S, front: Arc<Front>, stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (inner, outer) = duplex(PIPE);
    let engine = connection::serve(inner, BytesMut::new(), front, stopped);
    let passing = pass_on(socket, outer);
    tokio::pin!(passing);
    tokio::select! {
        () = engine => drop(timeout(FAREWELL, passing).await),
        // Nobody is there any more to hear the rest.
        () = &mut passing => {}
    }
}

/// Passes bytes on in both directions, until both ends have closed.
async fn pass_on<S>(socket: WebSocketStream<S>, engine: DuplexStream)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut to_client, mut from_client) = socket.split();
    let (mut from_engine, mut to_engine) = split(engine);
    let inward = async {
        while let Some(Ok(message)) = from_client.next().await {
            let passed = match message {
                Message::Binary(bytes) => to_engine.write_all(&bytes).await,
                // Pings are answered where they are read.
                Message::Ping(_) | Message::Pong(_) => Ok(()),
                Message::Text(_) | Message::Close(_) | Message::Frame(_) => break,
            };
            if passed.is_err() {
                break;
            }
        }
        // The engine may have gone first.
        drop(to_engine.shutdown().await);
        from_client
    };
    let outward = async {
        let mut bytes = BytesMut::with_capacity(PIPE);
        while let Ok(1..) = from_engine.read_buf(&mut bytes).await {
            let message = Message::Binary(bytes.split().freeze());
            if to_client.send(message).await.is_err() {
                break;
            }
            bytes.reserve(PIPE);
        }
        drop(to_client.close().await);
    };
    let (mut from_client, ()) = tokio::join!(inward, outward);
    // A socket dropped before the client's own close was read would be reset under the client's hands (RFC 6455, 7.1.1).
    let goodbye = async { while let Some(Ok(_)) = from_client.next().await {} };
    drop(timeout(FAREWELL, goodbye).await);
}
