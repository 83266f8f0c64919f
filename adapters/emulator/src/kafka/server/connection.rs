//! One connection: read a request, answer it, again.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader};
use kafka_protocol::protocol::Decodable;

use crate::kafka::api::api_versions;
use crate::kafka::apis;
use crate::kafka::broker::Broker;
use crate::kafka::call::{Answer, Call, CallError, Peer};

/// Memory set aside for a request before its bytes arrive.
const EAGER: usize = 64 * 1024;

/// Bytes of API key, version and correlation id, which every request begins with.
const MIN_REQUEST: usize = 8;

/// Why a connection is closed by this end.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(
        "a request of {length} bytes, the limit is {limit}; is the client speaking TLS or HTTP?"
    )]
    Length { length: i32, limit: usize },
    #[error("the request type {key} in version {version} is not served")]
    Unserved { key: i16, version: i16 },
    #[error("{key:?} in version {version}: {source}")]
    Call {
        key: ApiKey,
        version: i16,
        source: CallError,
    },
    #[error("a request of type {key} made the emulator fail; this is a defect, please report it")]
    Panic { key: i16 },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves requests until either end closes; says why if it is this one.
pub(super) fn serve(stream: TcpStream, address: SocketAddr, broker: &Broker) {
    let result = requests(stream, address, broker);
    if let Err(fault) = result
        && !is_hang_up(&fault)
    {
        broker.config.notices.say(&format!(
            "kafka: closed the connection from {address}: {fault}"
        ));
    }
}

/// Whether the client just went away.
fn is_hang_up(fault: &Fault) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match fault {
        Fault::Io(error) => matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
        ),
        _ => false,
    }
}

fn requests(mut stream: TcpStream, address: SocketAddr, broker: &Broker) -> Result<(), Fault> {
    stream.set_nodelay(true)?;
    let mut peer = Peer {
        address,
        local: stream.local_addr()?,
    };
    while let Some(request) = read_request(&mut stream, broker.config.limits.request_bytes)? {
        let key = request.as_ref().get_i16();
        let handled = catch_unwind(AssertUnwindSafe(|| handle(request, &mut peer, broker)));
        let answer = handled.map_err(|_| Fault::Panic { key })??;
        if let Some(bytes) = answer {
            stream.write_all(&bytes)?;
        }
        if broker.is_stopping() {
            break;
        }
    }
    Ok(())
}

/// The next request without its length; `None` at the end. Memory grows with what arrives, not with what is announced.
fn read_request(stream: &mut TcpStream, limit: usize) -> Result<Option<Bytes>, Fault> {
    let mut prefix = [0; 4];
    match stream.read_exact(&mut prefix) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let announced = i32::from_be_bytes(prefix);
    let length = usize::try_from(announced).unwrap_or_default();
    if length < MIN_REQUEST || length > limit {
        return Err(Fault::Length {
            length: announced,
            limit,
        });
    }
    let mut request = Vec::with_capacity(length.min(EAGER));
    stream.take(length as u64).read_to_end(&mut request)?;
    if request.len() < length {
        return Err(Fault::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(Some(Bytes::from(request)))
}

fn handle(mut request: Bytes, peer: &mut Peer, broker: &Broker) -> Result<Option<BytesMut>, Fault> {
    let mut start = request.as_ref();
    let (key, version) = (start.get_i16(), start.get_i16());
    let correlation_id = start.get_i32();
    let Some(api) = apis::find(key) else {
        return Err(Fault::Unserved { key, version });
    };
    let mut call = Call {
        broker,
        peer,
        key: api.key,
        version,
        correlation_id,
        client_id: Default::default(),
    };
    let fault = |source| Fault::Call {
        key: api.key,
        version,
        source,
    };
    if !api.versions.contains(&version) {
        if api.key == ApiKey::ApiVersions {
            return api_versions::unsupported(&call).map(Some).map_err(fault);
        }
        return Err(Fault::Unserved { key, version });
    }
    let header = RequestHeader::decode(&mut request, api.key.request_header_version(version))
        .map_err(|error| fault(CallError::Decode(error.to_string())))?;
    call.client_id = header.client_id.unwrap_or_default();
    let answer: Answer = (api.run)(&mut call, &mut request);
    answer.map_err(fault)
}
