//! A running emulator.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};

use tokio::sync::watch;

use super::config::Config;
use super::front::Front;
use super::request::Request;
use crate::http::Service;
use crate::{StartError, kinesis, sqs};

/// A running emulator. It ends when dropped: requests under way are answered, everything reaches the disk.
#[derive(Debug)]
pub struct Emulator {
    service: Service,
    front: Arc<Front>,
    notes: Vec<String>,
}

impl Emulator {
    /// Starts listening; clients can connect when this returns.
    ///
    /// # Errors
    /// The address is taken or not ours; the data directory is in use, cannot be written, or is damaged.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let wanted = config.listen;
        let (stop, stopped) = watch::channel(false);
        let (front, notes) = Front::open(config, stopped)?;
        let front = Arc::new(front);
        Ok(Self {
            service: Service::start("aws", wanted, Arc::clone(&front), stop)?,
            front,
            notes,
        })
    }

    /// The address that clients connect to, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.service.address()
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
        let origin = format!("http://{}", self.address());
        let request = Request::local(origin, target, region, operation, json);
        let (sender, receiver) = mpsc::sync_channel(1);
        let front = Arc::clone(&self.front);
        self.service.handle().spawn(async move {
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
