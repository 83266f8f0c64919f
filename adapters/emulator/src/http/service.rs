//! A port that is served by threads of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::watch;

use super::{Front, server};
use crate::StartError;

/// Threads that answer requests.
const THREADS: usize = 2;

/// How long the runtime may take to end after the last request.
const PATIENCE: Duration = Duration::from_secs(2);

/// A port that is listened on. It ends when dropped: requests under way are answered, everything reaches the disk.
#[derive(Debug)]
pub(crate) struct Service {
    address: SocketAddr,
    handle: Handle,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts listening; clients can connect when this returns. What waits has to end when `stop` becomes true.
    ///
    /// # Errors
    /// The address is taken or not ours, or there are no threads.
    pub(crate) fn start<F: Front>(
        name: &str,
        wanted: SocketAddr,
        front: Arc<F>,
        stop: watch::Sender<bool>,
    ) -> Result<Self, StartError> {
        let listen_error = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).map_err(listen_error)?;
        listener.set_nonblocking(true).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name(name)
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let stopped = stop.subscribe();
        let handle = runtime.handle().clone();
        // A runtime must not be dropped by code that runs in another one, so it lives and ends in a thread of its own.
        let run = move || {
            runtime.block_on(server::run(listener, front, stopped));
            runtime.shutdown_timeout(PATIENCE);
        };
        let thread = thread::Builder::new().name(format!("{name}-server"));
        Ok(Self {
            address,
            handle,
            stop,
            thread: Some(thread.spawn(run).map_err(StartError::Thread)?),
        })
    }

    /// The address that clients connect to, with the port that was picked.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The runtime that serves, for work that must not run elsewhere.
    #[cfg(feature = "aws")]
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
