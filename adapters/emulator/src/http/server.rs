//! Accepting connections, what happens at intervals, and an orderly end.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::Front;

/// How long a connection may be idle or send the head of a request.
const IDLE: Duration = Duration::from_secs(120);

/// Requests of one HTTP/2 connection at a time.
const STREAMS: u32 = 200;

/// How long requests may take to finish when the emulator ends.
const DRAIN: Duration = Duration::from_secs(5);

/// How long to wait when the system has no more file descriptors for new connections.
const BREATHER: Duration = Duration::from_millis(50);

/// How often [`Front::clean_up`] is called.
const TICK: Duration = Duration::from_secs(1);

/// Serves until `stopped`, then lets the requests under way finish and writes everything to disk.
pub(crate) async fn run<F: Front>(
    listener: TcpListener,
    front: Arc<F>,
    mut stopped: watch::Receiver<bool>,
) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return front.say(&format!("cannot serve: {error}")),
    };
    front.started();
    let housekeeping = keep_house(Arc::clone(&front));
    let connections = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(front.connections()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        match accepted {
            Err(error) => {
                front.say(&format!("a connection was refused: {error}"));
                sleep(BREATHER).await;
            }
            Ok((stream, peer)) => match Arc::clone(&free).try_acquire_owned() {
                Ok(permit) => serve(stream, Arc::clone(&front), &connections, permit),
                Err(_) => front.say(&format!(
                    "a connection from {peer} was refused: {} are open, the limit",
                    front.connections()
                )),
            },
        }
    }
    drop(listener);
    drop(timeout(DRAIN, connections.shutdown()).await);
    housekeeping.abort();
    let last = spawn_blocking(move || front.sync());
    drop(last.await);
}

/// Serves one connection in a task of its own.
fn serve<F: Front>(
    stream: TcpStream,
    front: Arc<F>,
    connections: &GracefulShutdown,
    permit: OwnedSemaphorePermit,
) {
    // Answers are small and clients wait for them; without this they could be held back for 40 ms.
    drop(stream.set_nodelay(true));
    let answer = service_fn(move |request| {
        let front = Arc::clone(&front);
        async move { front.answer(request).await }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS);
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    let connection = connections.watch(connection.into_owned());
    tokio::spawn(async move {
        // A client that breaks off or does not speak HTTP has hyper's answer already.
        drop(connection.await);
        drop(permit);
    });
}

/// Drops what is old and writes to disk, at intervals.
fn keep_house<F: Front>(front: Arc<F>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let sync_interval = front.sync_interval();
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
