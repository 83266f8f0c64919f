//! One request on its way from bytes to bytes.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};

use super::broker::Broker;
use super::wire::Misshapen;
use crate::faults::Fault;

/// What is known about the other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Where it connects from.
    pub(crate) address: SocketAddr,
    /// The local address that it connected to.
    pub(crate) local: SocketAddr,
    pub(crate) authentication: Authentication,
    /// For how long nothing is read from it after the answer, because it was told to wait.
    pub(crate) muted: Duration,
}

/// For how long a client is told to wait when it is throttled on purpose.
const THROTTLE: Duration = Duration::from_millis(100);

/// How far a connection is with proving who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// Nobody has to.
    NotRequired,
    /// It has to, and has not begun.
    Missing,
    /// Its token comes next; `bare` without a Kafka header.
    Expected { bare: bool },
    /// It did.
    Done,
    /// It failed; the connection is closed after the answer.
    Failed,
}

/// One request: who asks whom, and how.
pub(crate) struct Call<'a> {
    pub(crate) broker: &'a Broker,
    pub(crate) peer: &'a mut Peer,
    pub(crate) key: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) client_id: StrBytes,
}

/// Why a request gets no answer; its connection is closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("it cannot be decoded: {0}")]
    Misshapen(#[from] Misshapen),
    #[error("it cannot be decoded: {0}")]
    Decode(String),
    #[error("its answer cannot be encoded: {0}")]
    Encode(String),
}

/// The bytes of an answer, or none if the client wants none.
pub(crate) type Answer = Result<Option<BytesMut>, CallError>;

impl Call<'_> {
    /// Decodes the request, lets `handler` answer it, encodes the answer.
    pub(crate) fn answer<Q, R>(
        &mut self,
        body: &mut Bytes,
        handler: impl FnOnce(&mut Self, Q) -> R,
    ) -> Answer
    where
        Q: Decodable,
        R: Encodable,
    {
        self.answer_some(body, |call, request| Some(handler(call, request)))
    }

    /// The same for requests that may go without an answer.
    pub(crate) fn answer_some<Q, R>(
        &mut self,
        body: &mut Bytes,
        handler: impl FnOnce(&mut Self, Q) -> Option<R>,
    ) -> Answer
    where
        Q: Decodable,
        R: Encodable,
    {
        let request =
            Q::decode(body, self.version).map_err(|error| CallError::Decode(error.to_string()))?;
        let response = handler(self, request);
        response
            .map(|response| self.encode(&response, self.version))
            .transpose()
    }

    /// The whole answer: length, header, body.
    pub(crate) fn encode(
        &self,
        response: &impl Encodable,
        version: i16,
    ) -> Result<BytesMut, CallError> {
        let failed = |error: &dyn std::fmt::Display| CallError::Encode(error.to_string());
        let body_len = response
            .compute_size(version)
            .map_err(|error| failed(&error))?;
        let mut bytes = BytesMut::with_capacity(body_len + 16);
        bytes.put_i32(0);
        let header = ResponseHeader::default().with_correlation_id(self.correlation_id);
        header
            .encode(&mut bytes, self.key.response_header_version(version))
            .map_err(|error| failed(&error))?;
        response
            .encode(&mut bytes, version)
            .map_err(|error| failed(&error))?;
        let length = u32::try_from(bytes.len() - 4).map_err(|error| failed(&error))?;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        Ok(bytes)
    }
}

impl Call<'_> {
    /// The `throttle_time_ms` of this answer: not 0 when a fault is planned. As Kafka does, the broker answers at once
    /// and reads nothing from the client meanwhile (KIP-219).
    pub(crate) fn throttle_ms(&mut self) -> i32 {
        if self.broker.config.faults.strikes(Fault::Throttle) {
            self.peer.muted = THROTTLE;
        }
        self.peer.muted.as_millis() as i32
    }

    /// The host and port that this client should connect to.
    pub(crate) fn advertised(&self) -> (StrBytes, i32) {
        let (host, port) = match &self.broker.config.advertised {
            Some((host, port)) => (host.clone(), *port),
            None => (
                self.peer.local.ip().to_canonical().to_string(),
                self.peer.local.port(),
            ),
        };
        (StrBytes::from_string(host), i32::from(port))
    }
}
