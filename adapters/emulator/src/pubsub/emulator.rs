//! A running emulator.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;
use tonic::Code;

use super::call::Call;
use super::config::Config;
use super::front::Front;
use super::service::PubSub;
use super::{declare, operations};
use crate::StartError;
use crate::http::Service;

/// A running emulator. It ends when dropped: requests under way are answered, everything reaches the disk.
#[derive(Debug)]
pub struct Emulator {
    service: Service,
    pubsub: Arc<PubSub>,
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
        let pubsub = front.service();
        Ok(Self {
            service: Service::start("pubsub", wanted, Arc::new(front), stop)?,
            pubsub,
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

    /// Creates the schema `projects/PROJECT/schemas/ID`, unless it is there with the same definition. `json` is the body
    /// of the REST request that creates it, with its `type` and its `definition`.
    ///
    /// # Errors
    /// The service refuses the name or the definition, or the schema is there with another one.
    pub fn declare_schema(&self, name: &str, json: &[u8]) -> Result<(), String> {
        let declared = declare::schema(&self.call(), name, json);
        declared.map_err(|status| format!("`{name}`: {}", status.message()))
    }

    /// Creates the topic `projects/PROJECT/topics/ID`, unless it is there with the same options. `json` is the body of
    /// the REST request that creates it; `{}` or nothing gives the defaults.
    ///
    /// # Errors
    /// The service refuses the name or the options, or the topic is there with others.
    pub fn declare_topic(&self, name: &str, json: &[u8]) -> Result<(), String> {
        self.declare("CreateTopic", "google.pubsub.v1.Publisher", name, json)
    }

    /// Creates the subscription `projects/PROJECT/subscriptions/ID`, unless it is there with the same options. `json` is
    /// the body of the REST request that creates it, with its `topic`.
    ///
    /// # Errors
    /// The service refuses the name or the options, or the subscription is there with others.
    pub fn declare_subscription(&self, name: &str, json: &[u8]) -> Result<(), String> {
        let service = "google.pubsub.v1.Subscriber";
        self.declare("CreateSubscription", service, name, json)
    }

    /// Answers the requests that are under way, writes everything to disk, and ends; the same as dropping it.
    pub fn shutdown(self) {
        drop(self);
    }

    fn call(&self) -> Call {
        Call {
            service: Arc::clone(&self.pubsub),
            deadline: None,
        }
    }

    fn declare(&self, method: &str, service: &str, name: &str, json: &[u8]) -> Result<(), String> {
        let operation = operations::find(service, method)
            .ok_or_else(|| format!("there is no operation `{method}`"))?;
        let call = self.call();
        match declare::create(operation, &call, name, json) {
            Err(status) if status.code() == Code::AlreadyExists => {
                match declare::is_same(&call, name, json) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(format!("`{name}` is there already, with other options")),
                    Err(status) => Err(format!("`{name}`: {}", status.message())),
                }
            }
            Err(status) => Err(format!("`{name}`: {}", status.message())),
            Ok(()) => Ok(()),
        }
    }
}
