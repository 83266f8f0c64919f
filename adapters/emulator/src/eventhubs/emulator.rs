//! A running emulator.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::runtime;
use tokio::sync::watch;

use super::config::Config;
use super::front::Front;
use super::server;
use crate::StartError;

/// Threads that serve connections.
const THREADS: usize = 2;

/// How long the runtime may take to end after the last connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// The longest segment of TCP that is announced, in bytes.
///
/// On the loopback it would be 32,768, which Microsoft's Python client copies to its own socket; Linux takes at most 32,767
/// from it then.
const SEGMENT: u32 = 16 * 1024;

/// A running emulator. It ends when dropped: connections are closed, everything reaches the disk.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    notes: Vec<String>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Starts listening; clients can connect when this returns.
    ///
    /// # Errors
    /// The address is taken or not ours; the data directory is in use, cannot be written, or is damaged; a declared hub
    /// breaks a rule.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let wanted = config.listen;
        let listen_error = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let (stop, stopped) = watch::channel(false);
        let (front, notes) = Front::open(config)?;
        let listener = listen(wanted).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("eventhubs")
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        // A runtime must not be dropped by code that runs in another one, so it lives and ends in a thread of its own.
        let run = move || {
            runtime.block_on(server::run(listener, Arc::new(front), stopped));
            runtime.shutdown_timeout(PATIENCE);
        };
        let thread = thread::Builder::new().name("eventhubs-server".to_owned());
        Ok(Self {
            address,
            notes,
            stop,
            thread: Some(thread.spawn(run).map_err(StartError::Thread)?),
        })
    }

    /// The address that clients connect to, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What had to be mended in the data directory, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Closes the connections, writes everything to disk, and ends; the same as dropping it.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_tcp_mss(SEGMENT)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
