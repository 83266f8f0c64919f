//! A running emulator.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::watch;

use super::config::Config;
use super::front::Front;
use super::request::Request;
use super::server;
use crate::{StartError, kinesis, sqs};

/// Threads that answer requests.
const THREADS: usize = 2;

/// How long the runtime may take to end after the last request.
const PATIENCE: Duration = Duration::from_secs(2);

/// A running emulator. It ends when dropped: requests under way are answered, everything reaches the disk.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    notes: Vec<String>,
    front: Arc<Front>,
    handle: Handle,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// Starts listening; clients can connect when this returns.
    ///
    /// # Errors
    /// The address is taken or not ours; the data directory is in use, cannot be written, or is damaged.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let wanted = config.listen;
        let listen_error = |source| StartError::Listen {
            address: wanted,
            source,
        };
        let (stop, stopped) = watch::channel(false);
        let (front, notes) = Front::open(config, stopped.clone())?;
        let listener = TcpListener::bind(wanted).map_err(listen_error)?;
        listener.set_nonblocking(true).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("aws")
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let (front, handle) = (Arc::new(front), runtime.handle().clone());
        let served = Arc::clone(&front);
        // A runtime must not be dropped by code that runs in another one, so it lives and ends in a thread of its own.
        let run = move || {
            runtime.block_on(server::run(listener, served, stopped));
            runtime.shutdown_timeout(PATIENCE);
        };
        let thread = thread::Builder::new().name("aws-server".to_owned());
        Ok(Self {
            address,
            notes,
            front,
            handle,
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

    /// Calls an operation of a service, `kinesis` or `sqs`, in a region, without a connection; parameters and result are
    /// JSON documents. Blocks until there is a result.
    ///
    /// # Errors
    /// What the service says against it: the error's code and message.
    pub fn call(
        &self,
        service: &str,
        region: &str,
        operation: &str,
        json: &[u8],
    ) -> Result<Vec<u8>, String> {
        let target = match service {
            "kinesis" => kinesis::TARGET,
            "sqs" => sqs::TARGET,
            other => {
                return Err(format!(
                    "there is no service `{other}`: use `kinesis` or `sqs`"
                ));
            }
        };
        let origin = format!("http://{}", self.address);
        let request = Request::local(origin, target, region, operation, json);
        let (sender, receiver) = mpsc::sync_channel(1);
        let front = Arc::clone(&self.front);
        self.handle.spawn(async move {
            // The caller waits, unless the emulator ends.
            drop(sender.send(front.call(request).await));
        });
        let result = receiver
            .recv()
            .map_err(|_| "the emulator ends".to_owned())?;
        result.map_err(|error| format!("{}: {}", error.code, error.message))
    }

    /// Answers the requests that are under way, writes everything to disk, and ends; the same as dropping it.
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
