//! One connection: read a request, answer it, again.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::sleep;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader};
use kafka_protocol::protocol::Decodable;

use super::control;
use super::in_flight::{InFlight, Share};
use crate::faults::DropAt;
use crate::kafka::api::api_versions;
use crate::kafka::apis;
use crate::kafka::broker::Broker;
use crate::kafka::call::{Answer, Authentication, Call, CallError, Peer};
use crate::kafka::wire;

/// Memory set aside for a request before its bytes arrive.
const EAGER: usize = 128 * 1024;

/// Bytes of API key, version and correlation id, which every request begins with.
const MIN_REQUEST: usize = 8;

/// Why a connection is closed by this end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(
        "a request of {length} bytes, the limit is {limit}; is the client speaking TLS or HTTP?"
    )]
    Length { length: i32, limit: usize },
    #[error("requests of {limit} bytes are under way, the limit")]
    InFlight { limit: usize },
    #[error("the request type {key} in version {version} is not served")]
    Unserved { key: i16, version: i16 },
    #[error("{key:?} in version {version}: {source}")]
    Call {
        key: ApiKey,
        version: i16,
        source: CallError,
    },
    #[error("{key:?} came before the client had authenticated")]
    Unauthenticated { key: ApiKey },
    #[error("the client did not authenticate: wrong user or password")]
    WrongPassword,
    #[error("a request of type {key} made the emulator fail; this is a defect, please report it")]
    Panic { key: i16 },
    #[error("a planned fault")]
    Planned,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Serves requests until either end closes; says why if it is this one.
pub(super) fn serve(
    stream: TcpStream,
    ends: (SocketAddr, SocketAddr),
    broker: &Broker,
    in_flight: &InFlight,
) {
    let address = ends.0;
    let result = requests(stream, ends, broker, in_flight);
    if let Err(fault) = result
        && !is_expected(&fault)
    {
        broker
            .refusals
            .say(format!("closed the connection from {address}: {fault}"));
    }
}

/// Whether the client just went away, or was sent away on purpose.
fn is_expected(fault: &Fault) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match fault {
        Fault::Planned => true,
        Fault::Io(error) => matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
        ),
        _ => false,
    }
}

fn requests(
    mut stream: TcpStream,
    (address, local): (SocketAddr, SocketAddr),
    broker: &Broker,
    in_flight: &InFlight,
) -> Result<(), Fault> {
    stream.set_nodelay(true)?;
    let mut peer = Peer {
        address,
        local,
        authentication: broker.authentication(),
        muted: Duration::ZERO,
    };
    while !broker.is_stopping()
        && let Some(opening) = read_opening(&mut stream, broker.config.limits.request_bytes)?
    {
        let length = match opening {
            Opening::Kafka(length) => length,
            Opening::Http(method) => return Ok(control::answer(&mut stream, method, broker)?),
        };
        let mut share = in_flight.share();
        let request = read_request(
            &mut stream,
            length,
            &mut share,
            broker.config.limits.total_request_bytes,
        )?;
        if peer.authentication == (Authentication::Expected { bare: true }) {
            peer.authentication = broker.authenticate(&request);
            stream.write_all(&[0; 4])?;
        } else {
            answer(&mut stream, request, &mut peer, broker)?;
        }
        if peer.authentication == Authentication::Failed {
            return Err(Fault::WrongPassword);
        }
    }
    Ok(())
}

/// Answers a request, with the faults that are planned for it.
fn answer(
    stream: &mut TcpStream,
    request: Bytes,
    peer: &mut Peer,
    broker: &Broker,
) -> Result<(), Fault> {
    let faults = &broker.config.faults;
    let drops = faults.drops();
    if drops == Some(DropAt::Before) {
        return Err(Fault::Planned);
    }
    let answer = guarded(request, peer, broker)?;
    if let Some(delay) = faults.delay() {
        sleep(delay);
    }
    if drops == Some(DropAt::After) {
        return Err(Fault::Planned);
    }
    if let Some(answer) = answer {
        stream.write_all(&answer)?;
    }
    sleep(std::mem::take(&mut peer.muted));
    Ok(())
}

/// How a request begins.
enum Opening {
    /// With its length.
    Kafka(usize),
    /// With a method of HTTP.
    Http([u8; 4]),
}

/// The first bytes of the next request; `None` at the end.
fn read_opening(stream: &mut TcpStream, limit: usize) -> Result<Option<Opening>, Fault> {
    let mut prefix = [0; 4];
    match stream.read_exact(&mut prefix) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    if control::METHODS.contains(&prefix) {
        return Ok(Some(Opening::Http(prefix)));
    }
    let announced = i32::from_be_bytes(prefix);
    let length = usize::try_from(announced).unwrap_or_default();
    if length > limit || announced <= 0 {
        return Err(Fault::Length {
            length: announced,
            limit,
        });
    }
    Ok(Some(Opening::Kafka(length)))
}

/// The next request without its length. What it takes grows with what arrives, not with what is announced, so that a
/// connection that stalls holds no more than it sent twice over.
fn read_request(
    stream: &mut TcpStream,
    length: usize,
    share: &mut Share<'_>,
    limit: usize,
) -> Result<Bytes, Fault> {
    let mut request = Vec::new();
    while request.len() < length {
        let step = request.len().max(EAGER).min(length - request.len());
        if !share.grow(step, limit) {
            return Err(Fault::InFlight { limit });
        }
        request.reserve_exact(step);
        if stream.take(step as u64).read_to_end(&mut request)? < step {
            return Err(Fault::Io(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    Ok(Bytes::from(request))
}

/// Handles a request; a defect in a handler costs this connection only.
fn guarded(request: Bytes, peer: &mut Peer, broker: &Broker) -> Result<Option<BytesMut>, Fault> {
    let key = request.as_ref().try_get_i16().unwrap_or(-1);
    let handled = catch_unwind(AssertUnwindSafe(|| handle(request, peer, broker)));
    handled.map_err(|_| Fault::Panic { key })?
}

pub(super) fn handle(
    mut request: Bytes,
    peer: &mut Peer,
    broker: &Broker,
) -> Result<Option<BytesMut>, Fault> {
    if request.len() < MIN_REQUEST {
        return Err(Fault::Length {
            length: request.len() as i32,
            limit: broker.config.limits.request_bytes,
        });
    }
    let mut start = request.as_ref();
    let (key, version, correlation_id) = (start.get_i16(), start.get_i16(), start.get_i32());
    let Some(api) = apis::find(key) else {
        return Err(Fault::Unserved { key, version });
    };
    if !may_call(api.key, peer.authentication) {
        return Err(Fault::Unauthenticated { key: api.key });
    }
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
    let header_version = api.key.request_header_version(version);
    let flexible = header_version >= 2;
    let misshapen = |error| fault(CallError::Misshapen(error));
    let body = wire::walk_header(flexible, &request).map_err(misshapen)?;
    wire::walk(api.shape, version, flexible, &request[body..]).map_err(misshapen)?;
    let header = RequestHeader::decode(&mut request, header_version)
        .map_err(|error| fault(CallError::Decode(error.to_string())))?;
    call.client_id = header.client_id.unwrap_or_default();
    let answer: Answer = (api.run)(&mut call, &mut request);
    answer.map_err(fault)
}

/// Whether a connection may send this request yet.
fn may_call(key: ApiKey, authentication: Authentication) -> bool {
    let before = matches!(
        key,
        ApiKey::ApiVersions | ApiKey::SaslHandshake | ApiKey::SaslAuthenticate
    );
    before
        || matches!(
            authentication,
            Authentication::NotRequired | Authentication::Done
        )
}
