//! Connections of Microsoft's client, and what they tell of a hub.
//!
//! The client retries by itself, and after a lost connection it reads again from where it once began.
//! So its retries are off: every connection is used until its first error and then opened anew, and
//! the engine decides when. No request waits for ever, because the client can miss an answer.

mod credential;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use azure_core::credentials::TokenCredential;
use azure_messaging_eventhubs::{ConsumerClient, ProducerClient, RetryOptions};
use ssectl_adapter::{Error, ErrorKind, Result};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::config::{Access, EventHubsConfig, Origin};
use crate::error::{azure, no_answer, request};

/// How long a connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long an answer about a hub or a partition may take, at most: when a connection breaks, the client goes on waiting for it.
const ANSWER: Duration = Duration::from_secs(10);
/// The name under which the service logs this client.
const APPLICATION: &str = "ssectl";

/// A namespace; nothing is asked before it is needed.
pub(crate) struct Service {
    pub(crate) config: EventHubsConfig,
    origin: OnceCell<Origin>,
    credential: OnceCell<Arc<dyn TokenCredential>>,
}

/// What is known of a hub.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    pub(crate) name: Arc<str>,
    /// When it was made: a hub of the same name that was made later is another one.
    pub(crate) created: Option<SystemTime>,
    /// In the order of the service, which keys are spread by.
    pub(crate) partitions: Vec<String>,
}

/// What a partition holds, as sequence numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The oldest event; `end` when there is none.
    pub(crate) first: i64,
    /// The next event to be written.
    pub(crate) end: i64,
}

impl Service {
    pub(crate) fn new(config: EventHubsConfig) -> Self {
        Self {
            config,
            origin: OnceCell::new(),
            credential: OnceCell::new(),
        }
    }

    /// Where the service is; reads environment and files when called first.
    pub(crate) async fn origin(&self) -> Result<&Origin> {
        let find = async { Origin::find(&self.config) };
        self.origin.get_or_try_init(|| find).await
    }

    /// The identity of Entra ID.
    pub(crate) async fn credential(&self) -> Result<Arc<dyn TokenCredential>> {
        let find = async {
            let found = credential::find(self.config.credential);
            found.map_err(|error| azure("choosing a credential of Entra ID", error))
        };
        self.credential.get_or_try_init(|| find).await.cloned()
    }

    /// The endpoint or the namespace, as far as they are known without asking.
    pub(crate) fn place(&self) -> String {
        let options = || {
            self.config
                .endpoint
                .clone()
                .or_else(|| self.config.namespace.clone())
        };
        match self.origin.get() {
            Some(origin) => origin
                .endpoint
                .clone()
                .unwrap_or_else(|| origin.namespace.clone()),
            None => options().unwrap_or_else(|| "the namespace of the environment".to_owned()),
        }
    }

    /// A connection to send by.
    pub(crate) async fn producer(&self, hub: &str) -> Result<ProducerClient> {
        check_name(hub)?;
        let origin = self.origin().await?;
        let mut builder = ProducerClient::builder()
            .with_application_id(APPLICATION.to_owned())
            .with_retry_options(no_retries());
        if let Some(endpoint) = &origin.endpoint {
            builder = builder.with_custom_endpoint(endpoint.clone());
        }
        match &origin.access {
            Access::Shared(string) => {
                let open = builder.open_with_connection_string(string, Some(hub));
                self.connect(open).await
            }
            Access::Entra => {
                let open = builder.open(&origin.namespace, hub, self.credential().await?);
                self.connect(open).await
            }
        }
    }

    /// A connection to read by, and to ask.
    pub(crate) async fn consumer(&self, hub: &str) -> Result<ConsumerClient> {
        check_name(hub)?;
        let origin = self.origin().await?;
        let mut builder = ConsumerClient::builder()
            .with_application_id(APPLICATION.to_owned())
            .with_consumer_group(self.config.consumer_group.clone())
            .with_retry_options(no_retries());
        if let Some(endpoint) = &origin.endpoint {
            builder = builder.with_custom_endpoint(endpoint.clone());
        }
        match &origin.access {
            Access::Shared(string) => {
                let open = builder.open_with_connection_string(string, Some(hub));
                self.connect(open).await
            }
            Access::Entra => {
                let credential = self.credential().await?;
                let open = builder.open(&origin.namespace, hub.to_owned(), credential);
                self.connect(open).await
            }
        }
    }

    async fn connect<T>(
        &self,
        open: impl Future<Output = azure_messaging_eventhubs::Result<T>>,
    ) -> Result<T> {
        let limit = self.config.connect_timeout.as_duration();
        let place = self.place();
        match timeout(limit, open).await {
            Ok(opened) => opened.map_err(|error| request("connecting", error).with("at", place)),
            Err(_) => Err(no_answer("connecting").with("at", place)),
        }
    }

    /// A request that has an end.
    pub(crate) async fn within<T>(
        &self,
        doing: &str,
        asked: impl Future<Output = azure_messaging_eventhubs::Result<T>>,
    ) -> Result<T> {
        ended(doing, self.config.timeout.as_duration(), asked).await
    }

    /// A question about a hub, of which a second one does no harm.
    async fn ask<T>(
        &self,
        doing: &str,
        asked: impl Future<Output = azure_messaging_eventhubs::Result<T>>,
    ) -> Result<T> {
        let limit = self.config.timeout.as_duration().min(ANSWER);
        ended(doing, limit, asked).await
    }

    /// What is known of the hub at the other end of a connection.
    pub(crate) async fn hub(&self, client: &ConsumerClient, name: &str) -> Result<Hub> {
        let asked = client.get_eventhub_properties();
        let answer = self.ask("asking for the hub", asked).await;
        hub_of(answer, name, self.place())
    }

    /// The same by a connection to send by.
    pub(crate) async fn hub_to_write(&self, client: &ProducerClient, name: &str) -> Result<Hub> {
        let asked = client.get_eventhub_properties();
        let answer = self.ask("asking for the hub", asked).await;
        hub_of(answer, name, self.place())
    }

    /// What a partition holds now.
    pub(crate) async fn extent(&self, client: &ConsumerClient, partition: &str) -> Result<Extent> {
        let asked = client.get_partition_properties(partition);
        let answer = self.ask("asking for a partition", asked).await;
        let found = answer.map_err(|error| error.with("partition", partition))?;
        let end = found.last_enqueued_sequence_number.saturating_add(1).max(0);
        let first = match found.is_empty {
            true => end,
            false => found.beginning_sequence_number.clamp(0, end),
        };
        Ok(Extent { first, end })
    }
}

/// What comes of a request within a time.
async fn ended<T>(
    doing: &str,
    limit: Duration,
    asked: impl Future<Output = azure_messaging_eventhubs::Result<T>>,
) -> Result<T> {
    match timeout(limit, asked).await {
        Ok(answer) => answer.map_err(|error| request(doing, error)),
        Err(_) => Err(no_answer(doing)),
    }
}

fn hub_of(
    answer: Result<azure_messaging_eventhubs::models::EventHubProperties>,
    name: &str,
    place: String,
) -> Result<Hub> {
    match answer {
        Ok(found) if found.partition_ids.is_empty() => Err(Error::new(
            ErrorKind::Data,
            format!("the service names no partitions of hub `{name}`"),
        )),
        Ok(found) => Ok(Hub {
            name: name.into(),
            created: found.created_on,
            partitions: found.partition_ids,
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(no_hub(name, place)),
        Err(error) => Err(error.with("hub", name).with("at", place)),
    }
}

/// There is no such hub.
pub(crate) fn no_hub(name: &str, place: String) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no hub `{name}`"))
        .with("at", place)
        .hint("make it with `ssectl streams create`, or check `namespace`")
}

/// A hub's name: letters, digits, `.`, `-` and `_`, a letter or digit at both ends, at most 256.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let sign = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    if bytes.len() <= 256 && ends(bytes.first()) && ends(bytes.last()) && name.bytes().all(sign) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!("`{name}` is no name of an event hub"),
    )
    .hint("1 to 256 letters, digits, `.`, `-` and `_`, with a letter or a digit at both ends"))
}

/// The engine tries again, not the client.
fn no_retries() -> RetryOptions {
    RetryOptions {
        max_retries: 0,
        ..RetryOptions::default()
    }
}

/// Ends a connection. What is lost when that does not work is a goodbye.
pub(crate) async fn close_consumer(client: ConsumerClient) {
    if !matches!(timeout(GOODBYE, client.close()).await, Ok(Ok(()))) {
        log::debug!("a connection ended without a goodbye");
    }
}

/// The same for a connection to send by.
pub(crate) async fn close_producer(client: ProducerClient) {
    if !matches!(timeout(GOODBYE, client.close()).await, Ok(Ok(()))) {
        log::debug!("a connection ended without a goodbye");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_the_service_takes() {
        for name in ["a", "orders", "Orders.v2-x_y", "0"] {
            check_name(name).expect(name);
        }
        for name in ["", "a b", "-a", "a.", "a/b", "ä", &"a".repeat(257)] {
            let error = check_name(name).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }
}
