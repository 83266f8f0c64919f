//! The Kafka endpoint: the Kafka dialect over the same store, for connections that begin like Kafka.
//!
//! It starts with the first such connection. The dialect serves a connection with a thread that reads and writes a socket, so
//! one with TLS is passed on over a pair of sockets of the loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::config::Config;
use super::{AccessKey, Front, hub};
use crate::StartError;
use crate::kafka::{self, Broker, Cluster, Door, Guests, Housekeeper, Rebuilt};
use crate::store::{Attributes, LockExt, LogSettings, Store, StoreError, Visitor, frame};

/// The user of everybody who logs in with a connection string.
const USER: &str = "$ConnectionString";

/// Two ends of a connection: the client's, and ours.
type Ends = (SocketAddr, SocketAddr);

/// What the logs tell of Kafka's producers, and of hubs.
pub(super) struct Producers(Rebuilt);

impl Producers {
    /// Nothing yet.
    pub(super) fn new(now_ms: i64) -> Self {
        Self(Rebuilt::new(now_ms))
    }
}

impl Visitor for Producers {
    fn settings(&mut self, _stream: &str, attributes: &Attributes) -> LogSettings {
        hub::log_settings(attributes)
    }

    fn frame(&mut self, stream: &str, partition: u32, header: &frame::Header, payload: &[u8]) {
        self.0.frame(stream, partition, header, payload);
    }
}

/// The endpoint, once it is needed.
#[derive(Debug)]
pub(super) struct KafkaEndpoint {
    config: kafka::Config,
    key: Option<AccessKey>,
    store: Arc<Store>,
    rebuilt: Mutex<Option<Rebuilt>>,
    running: OnceLock<Result<Running, String>>,
}

#[derive(Debug)]
struct Running {
    // Dropped in this order: no more requests, then the last sync.
    guests: Guests,
    _housekeeper: Housekeeper,
}

impl KafkaEndpoint {
    /// As the rest of the emulator is configured.
    pub(super) fn new(config: &Config, store: &Arc<Store>, producers: Producers) -> Self {
        let notices = config.notices.clone();
        Self {
            config: kafka::Config {
                listen: config.listen,
                medium: config.medium.clone(),
                auto_create: config.auto_create,
                default_partitions: config.default_partitions,
                limits: kafka::Limits {
                    connections: config.limits.connections,
                    ..kafka::Limits::default()
                },
                notices,
                faults: config.faults.clone(),
                bridge: config.bridge.clone(),
                clock: Arc::clone(&config.clock),
                ..kafka::Config::default()
            },
            key: config.access_key.clone(),
            store: Arc::clone(store),
            rebuilt: Mutex::new(Some(producers.0)),
            running: OnceLock::new(),
        }
    }

    /// Deletes groups, transactions and topics, if anybody ever asked for them.
    ///
    /// # Errors
    /// A deletion cannot be remembered.
    pub(super) fn reset(&self) -> Result<(), StoreError> {
        match self.running.get() {
            Some(Ok(running)) => running.guests.broker().reset(),
            _ => Ok(()),
        }
    }

    /// Answers the requests that are under way, and closes all connections of Kafka.
    pub(super) fn end(&self) {
        if let Some(Ok(running)) = self.running.get() {
            running.guests.end();
        }
    }

    fn guests(&self) -> Result<&Guests, &str> {
        let running = self
            .running
            .get_or_init(|| self.start().map_err(|error| error.to_string()));
        let running = running.as_ref();
        running
            .map(|running| &running.guests)
            .map_err(String::as_str)
    }

    fn start(&self) -> Result<Running, StartError> {
        let key = self.key.clone();
        let door = Door::new(move |user, password| may_enter(user, password, key.as_ref()));
        let cluster = match &self.config.bridge {
            Some(bridge) => bridge.cluster().clone(),
            None => {
                let now_ms = self.config.clock.now_ms();
                let rebuilt = self.rebuilt.locked().take();
                let rebuilt = rebuilt.unwrap_or_else(|| Rebuilt::new(now_ms));
                let delay = self.config.initial_rebalance_delay;
                Cluster::open(Arc::clone(&self.store), rebuilt, delay)?
            }
        };
        let broker = Arc::new(Broker::of(self.config.clone(), cluster, Some(door)));
        Ok(Running {
            guests: Guests::new(Arc::clone(&broker)),
            _housekeeper: Housekeeper::start(broker)?,
        })
    }
}

/// Whether a password is a connection string, and has the configured key if there is one.
fn may_enter(user: &str, password: &str, key: Option<&AccessKey>) -> bool {
    let field = |name: &str| {
        let mut pairs = password.split(';').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(known, value)| known.trim().eq_ignore_ascii_case(name).then_some(value))
    };
    let (Some(_), Some(name), Some(secret)) = (
        field("Endpoint"),
        field("SharedAccessKeyName"),
        field("SharedAccessKey"),
    ) else {
        return false;
    };
    user == USER && key.is_none_or(|key| name == key.name && secret == key.key)
}

/// Hands a connection over.
pub(super) fn serve(stream: TcpStream, front: &Front) {
    let ends = stream
        .peer_addr()
        .and_then(|peer| Ok((peer, stream.local_addr()?)));
    let welcomed = ends.and_then(|ends| welcome(stream, ends, front));
    if let Err(error) = welcomed {
        front.say(&format!("a connection of Kafka was refused: {error}"));
    }
}

/// Hands one with TLS over, and passes on what is said until either end closes.
pub(super) async fn serve_tls<S>(mut stream: S, ends: Ends, front: &Front)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let passed = async {
        let (mut inner, outer) = pair().await?;
        welcome(outer, ends, front)?;
        copy_bidirectional(&mut stream, &mut inner).await
    };
    // Either end went away; there is nobody to tell.
    drop(passed.await);
}

fn welcome(stream: TcpStream, ends: Ends, front: &Front) -> io::Result<()> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    let guests = front.kafka.guests().map_err(io::Error::other)?;
    guests.welcome(stream, ends)
}

/// Two sockets that are connected with each other, and with nobody else.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let inner = TcpStream::connect(listener.local_addr()?).await?;
    inner.set_nodelay(true)?;
    let own = inner.local_addr()?;
    loop {
        let (outer, peer) = listener.accept().await?;
        if peer == own {
            return Ok((inner, outer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_opens_the_door() {
        let text = "Endpoint=sb://localhost;SharedAccessKeyName=root;SharedAccessKey=a=b=;UseDevelopmentEmulator=true;";
        assert!(may_enter(USER, text, None));
        assert!(!may_enter("root", text, None) && !may_enter(USER, "secret", None));
        let key = |key: &str| AccessKey {
            name: "root".to_owned(),
            key: key.to_owned(),
        };
        assert!(may_enter(USER, text, Some(&key("a=b="))));
        assert!(!may_enter(USER, text, Some(&key("other"))));
    }
}
