//! AMQP over WebSocket, through a client that only knows WebSockets.

use std::net::TcpStream;
use std::time::Duration;

use ssectl_emulator::eventhubs::Emulator;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::{HeaderValue, StatusCode};
use tungstenite::{Bytes, ClientHandshake, Error, HandshakeError, Message, WebSocket, client};

use super::start;

/// How long an answer may take; only what hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

type Refusal = Box<HandshakeError<ClientHandshake<TcpStream>>>;

fn connect(emulator: &Emulator, protocol: &'static str) -> Result<WebSocket<TcpStream>, Refusal> {
    let address = emulator.address();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let url = format!("ws://{address}/$servicebus/websocket");
    let mut request = url.into_client_request().unwrap();
    let protocol = HeaderValue::from_static(protocol);
    let headers = request.headers_mut();
    headers.insert("Sec-WebSocket-Protocol", protocol);
    let connected = client(request, stream).map_err(Box::new);
    connected.map(|(socket, _)| socket)
}

#[test]
fn messages_are_the_bytes_of_a_connection_wherever_they_end() {
    let emulator = start(|_| {});
    let mut socket = connect(&emulator, "AMQPWSB10").unwrap();
    for part in [&b"AM"[..], b"", b"QP\x03\x01", b"\x00\x00"] {
        let message = Message::Binary(Bytes::copy_from_slice(part));
        socket.send(message).unwrap();
    }
    let answer = socket.read().unwrap().into_data();
    assert!(answer.starts_with(b"AMQP\x03\x01\x00\x00"), "{answer:?}");
    // The mechanisms follow; then the client leaves in an orderly way.
    socket.close(None).unwrap();
    let end = loop {
        match socket.read() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(end, Error::ConnectionClosed), "{end}");
}

#[test]
fn another_protocol_is_refused() {
    let emulator = start(|_| {});
    let refusal = *connect(&emulator, "mqtt").err().unwrap();
    let HandshakeError::Failure(Error::Http(answer)) = refusal else {
        panic!("{refusal}");
    };
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn the_emulator_ends_while_one_is_open() {
    let emulator = start(|_| {});
    let mut socket = connect(&emulator, "amqp").unwrap();
    emulator.shutdown();
    while socket.read().is_ok() {}
}
