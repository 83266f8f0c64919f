//! Accepting connections, and ending them in an orderly way.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::connection;
use super::in_flight::InFlight;
use crate::StartError;
use crate::kafka::broker::Broker;
use crate::store::LockExt;

/// Enough for the deepest request; it is address space, not memory, until used.
const STACK: usize = 512 * 1024;

/// How long connections may take to finish their current request when the emulator ends.
const DRAIN: Duration = Duration::from_secs(5);

/// How long to wait when the system has no more file descriptors for new connections.
const BREATHER: Duration = Duration::from_millis(50);

/// The listening socket and its connections.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    broker: Arc<Broker>,
    connections: Arc<Connections>,
    acceptor: Option<JoinHandle<()>>,
}

/// The open connections, by a running number.
#[derive(Debug, Default)]
struct Connections {
    open: Mutex<HashMap<u64, TcpStream>>,
    in_flight: InFlight,
    closed: Condvar,
}

impl Server {
    /// Binds the address and starts to accept.
    pub(crate) fn start(broker: Arc<Broker>) -> Result<Self, StartError> {
        let wanted = broker.config.listen;
        let listen_error = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let connections = Arc::<Connections>::default();
        let acceptor = {
            let (broker, connections) = (Arc::clone(&broker), Arc::clone(&connections));
            thread::Builder::new()
                .name("kafka-accept".to_owned())
                .stack_size(STACK)
                .spawn(move || accept(&listener, &broker, &connections))
                .map_err(StartError::Thread)?
        };
        Ok(Self {
            address,
            broker,
            connections,
            acceptor: Some(acceptor),
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connects once, so that the accepting thread wakes up and sees that it should end.
    fn wake_acceptor(&self) {
        let mut target = self.address;
        if target.ip().is_unspecified() {
            match target {
                SocketAddr::V4(_) => target.set_ip(Ipv4Addr::LOCALHOST.into()),
                SocketAddr::V6(_) => target.set_ip(Ipv6Addr::LOCALHOST.into()),
            }
        }
        drop(TcpStream::connect_timeout(&target, Duration::from_secs(1)));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.broker.stop();
        self.wake_acceptor();
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
        self.connections.drain(DRAIN);
    }
}

impl Connections {
    /// Lets every connection finish the request that it is at, then closes it.
    fn drain(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut open = self.open.locked();
        for stream in open.values() {
            drop(stream.shutdown(Shutdown::Read));
        }
        while !open.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            open = self
                .closed
                .wait_timeout(open, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        for stream in open.values() {
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Takes a connection off the list.
    fn remove(&self, number: u64) {
        self.open.locked().remove(&number);
        self.closed.notify_all();
    }
}

fn accept(listener: &TcpListener, broker: &Arc<Broker>, connections: &Arc<Connections>) {
    for number in 0.. {
        let accepted = listener.accept();
        if broker.is_stopping() {
            return;
        }
        let opened = accepted.and_then(|(stream, peer)| {
            let ends = (peer, stream.local_addr()?);
            open(number, stream, ends, broker, connections)
        });
        if let Err(error) = opened {
            broker
                .refusals
                .say(format!("a connection was refused: {error}"));
            thread::sleep(BREATHER);
        }
    }
}

/// Starts the thread of one connection, unless there are too many.
fn open(
    number: u64,
    stream: TcpStream,
    (peer, local): (SocketAddr, SocketAddr),
    broker: &Arc<Broker>,
    connections: &Arc<Connections>,
) -> io::Result<()> {
    let limit = broker.config.limits.connections;
    let mut list = connections.open.locked();
    if list.len() >= limit {
        broker.refusals.say(format!(
            "a connection from {peer} was refused: {limit} are open, the limit"
        ));
        return Ok(());
    }
    list.insert(number, stream.try_clone()?);
    drop(list);
    let (broker, connections_of) = (Arc::clone(broker), Arc::clone(connections));
    let run = move || {
        connection::serve(stream, (peer, local), &broker, &connections_of.in_flight);
        // Whoever waits for the last connection may open the data directory again.
        drop(broker);
        connections_of.remove(number);
    };
    let spawned = thread::Builder::new()
        .name(format!("kafka-{number}"))
        .stack_size(STACK)
        .spawn(run);
    spawned
        .map(drop)
        .inspect_err(|_| connections.remove(number))
}

/// Connections that somebody else accepts.
#[cfg(feature = "eventhubs")]
#[derive(Debug)]
pub(crate) struct Guests {
    broker: Arc<Broker>,
    connections: Arc<Connections>,
    next: std::sync::atomic::AtomicU64,
}

#[cfg(feature = "eventhubs")]
impl Guests {
    /// None yet.
    pub(crate) fn new(broker: Arc<Broker>) -> Self {
        Self {
            broker,
            connections: Arc::default(),
            next: Default::default(),
        }
    }

    /// Serves a connection between these two addresses.
    ///
    /// # Errors
    /// There is no thread for it.
    pub(crate) fn welcome(
        &self,
        stream: TcpStream,
        ends: (SocketAddr, SocketAddr),
    ) -> io::Result<()> {
        let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        open(number, stream, ends, &self.broker, &self.connections)
    }

    /// The broker that they talk to.
    pub(crate) fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Answers the requests that are under way, and closes all connections.
    pub(crate) fn end(&self) {
        self.broker.stop();
        self.connections.drain(DRAIN);
    }
}

#[cfg(feature = "eventhubs")]
impl Drop for Guests {
    fn drop(&mut self) {
        self.end();
    }
}
