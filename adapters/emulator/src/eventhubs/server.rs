//! Accepting connections, telling what they speak, what happens at intervals, and an orderly end.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::front::Front;
#[cfg(feature = "kafka")]
use super::kafka_endpoint;
use super::sniff::{Dialect, put_back};
use super::{connection, management};

/// How long a connection may take to say its first byte.
const GREETING: Duration = Duration::from_secs(60);

/// How long connections may take to end when the emulator does.
const DRAIN: Duration = Duration::from_secs(5);

/// How long to wait when the system has no more file descriptors for new connections.
const BREATHER: Duration = Duration::from_millis(50);

/// How often old events are looked for.
const TICK: Duration = Duration::from_secs(1);

/// Serves until `stopped`, then closes the connections and writes everything to disk.
pub(super) async fn run(
    listener: TcpListener,
    front: Arc<Front>,
    mut stopped: watch::Receiver<bool>,
) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return front.say(&format!("cannot serve: {error}")),
    };
    let housekeeping = keep_house(Arc::clone(&front));
    let free = Arc::new(Semaphore::new(front.config.limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = ended(&mut stopped) => break,
        };
        match accepted {
            Err(error) => {
                front.say(&format!("a connection was refused: {error}"));
                sleep(BREATHER).await;
            }
            Ok((stream, peer)) => match Arc::clone(&free).try_acquire_owned() {
                Ok(permit) => {
                    let serving = serve(stream, Arc::clone(&front), stopped.clone());
                    connections.spawn(async move {
                        serving.await;
                        drop(permit);
                    });
                }
                Err(_) => front.say(&format!(
                    "a connection from {peer} was refused: {} are open, the limit",
                    front.config.limits.connections
                )),
            },
        }
    }
    drop(listener);
    #[cfg(feature = "kafka")]
    end_kafka(&front).await;
    drop(
        timeout(DRAIN, async {
            while connections.join_next().await.is_some() {}
        })
        .await,
    );
    connections.shutdown().await;
    housekeeping.abort();
    let last = spawn_blocking(move || front.sync());
    drop(last.await);
}

/// Closes the connections of Kafka, those with TLS from the inside: what passes them on ends with them.
#[cfg(feature = "kafka")]
async fn end_kafka(front: &Arc<Front>) {
    let front = Arc::clone(front);
    drop(spawn_blocking(move || front.kafka.end()).await);
}

/// Serves one connection.
async fn serve(stream: TcpStream, front: Arc<Front>, mut stopped: watch::Receiver<bool>) {
    // Answers are small and clients wait for them; without this they could be held back for 40 ms.
    drop(stream.set_nodelay(true));
    let mut first = [0];
    let peeked = tokio::select! {
        peeked = timeout(GREETING, stream.peek(&mut first)) => peeked,
        () = ended(&mut stopped) => return,
    };
    if !matches!(peeked, Ok(Ok(1))) {
        return;
    }
    match Dialect::of(first[0]) {
        Some(Dialect::Amqp) => connection::serve(stream, BytesMut::new(), front, stopped).await,
        Some(Dialect::Http) => management::serve(stream, front, stopped).await,
        Some(Dialect::Tls) => serve_tls(stream, front, stopped).await,
        #[cfg(feature = "kafka")]
        Some(Dialect::Kafka) => kafka_endpoint::serve(stream, &front),
        None => {}
    }
}

/// Serves a connection with TLS, once it has said what it speaks inside.
async fn serve_tls(stream: TcpStream, front: Arc<Front>, stopped: watch::Receiver<bool>) {
    let acceptor = match front.tls.acceptor() {
        Ok(acceptor) => acceptor,
        Err(error) => return front.say(&format!("no TLS: {error}")),
    };
    #[cfg(feature = "kafka")]
    let ends = stream
        .peer_addr()
        .and_then(|peer| Ok((peer, stream.local_addr()?)));
    let Ok(Ok(mut stream)) = timeout(GREETING, acceptor.accept(stream)).await else {
        // A client that does not trust the certificate says so itself.
        return;
    };
    let mut first = BytesMut::with_capacity(1024);
    let read = timeout(GREETING, stream.read_buf(&mut first)).await;
    if !matches!(read, Ok(Ok(1..))) {
        return;
    }
    match Dialect::of(first[0]) {
        Some(Dialect::Amqp) => connection::serve(stream, first, front, stopped).await,
        Some(Dialect::Http) => {
            let stream = put_back(first.to_vec(), stream);
            management::serve(stream, front, stopped).await;
        }
        #[cfg(feature = "kafka")]
        Some(Dialect::Kafka) => {
            if let Ok(ends) = ends {
                let stream = put_back(first.to_vec(), stream);
                kafka_endpoint::serve_tls(stream, ends, &front).await;
            }
        }
        Some(Dialect::Tls) | None => {}
    }
}

/// Waits for the end of the emulator.
pub(super) async fn ended(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stopped| *stopped).await);
}

/// Drops what is old and writes to disk, at intervals.
fn keep_house(front: Arc<Front>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let sync_interval = front.config.sync_interval();
        let mut ticks = interval(TICK.min(sync_interval));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut next_clean, mut next_sync) = (Instant::now(), Instant::now());
        loop {
            let now = ticks.tick().await;
            let (clean, sync) = (now >= next_clean, now >= next_sync);
            let front = Arc::clone(&front);
            let work = spawn_blocking(move || {
                if clean {
                    front.clean_up();
                }
                if sync {
                    front.sync();
                }
            });
            drop(work.await);
            if clean {
                next_clean = now + TICK;
            }
            if sync {
                next_sync = now + sync_interval;
            }
        }
    })
}
