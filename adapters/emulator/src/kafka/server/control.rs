//! HTTP on the port of Kafka, for test suites that share an emulator: a request of Kafka begins with its length, and no
//! length that is allowed reads as `GET ` or `POST`.
//!
//! - `POST /_ssectl/reset` deletes all topics, groups and transactions.
//! - `GET /health` says that the emulator is there.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::kafka::broker::Broker;

/// The longest head of a request.
const HEAD: u64 = 8 * 1024;

/// The methods that are known, as they look where a length is expected.
pub(super) const METHODS: [[u8; 4]; 2] = [*b"GET ", *b"POST"];

/// Answers the request whose first four bytes were read already, and ends the connection.
///
/// # Errors
/// The client went away, or sent something else.
pub(super) fn answer(stream: &mut TcpStream, method: [u8; 4], broker: &Broker) -> io::Result<()> {
    let mut head = BufReader::new(stream.try_clone()?.take(HEAD));
    let mut target = String::new();
    head.read_line(&mut target)?;
    let mut line = String::new();
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = target.split_ascii_whitespace().next().unwrap_or_default();
    let (status, body) = match (&method, path) {
        (b"POST", "/_ssectl/reset") => match broker.reset() {
            Ok(()) => ("200 OK", String::new()),
            Err(error) => ("500 Internal Server Error", error.to_string()),
        },
        (b"GET ", "/health") => ("200 OK", r#"{"status":"healthy"}"#.to_owned()),
        _ => (
            "404 Not Found",
            "this port speaks Kafka; over HTTP there are POST /_ssectl/reset and GET /health\n"
                .to_owned(),
        ),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
