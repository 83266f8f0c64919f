//! The SDK's client, made when a stream is first opened, and queues by their names.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use ssectl_adapter::{Error, ErrorKind, Result, closest};
use ssectl_aws::Access;
use tokio::sync::OnceCell;

use crate::config::SqsConfig;
use crate::error::request;
use crate::locate::is_url;

/// Where queues live; connects when first used.
pub(crate) struct Service {
    pub(crate) config: SqsConfig,
    client: OnceCell<(Client, String)>,
}

/// A queue that is there.
#[derive(Clone)]
pub(crate) struct Queue {
    pub(crate) client: Client,
    pub(crate) url: Arc<str>,
    /// The name the stream was asked for by.
    pub(crate) name: Arc<str>,
    pub(crate) fifo: bool,
}

/// How many messages a queue holds, as far as it knows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Can be received.
    pub(crate) visible: u64,
    /// Leased by a reader.
    pub(crate) in_flight: u64,
    /// Cannot be received yet.
    pub(crate) delayed: u64,
}

impl Service {
    pub(crate) fn new(config: SqsConfig) -> Self {
        Self {
            config,
            client: OnceCell::new(),
        }
    }

    /// The client; finds region and credentials when called first.
    pub(crate) async fn client(&self) -> Result<&Client> {
        self.connected().await.map(|(client, _)| client)
    }

    /// The region.
    pub(crate) async fn region(&self) -> Result<&str> {
        self.connected().await.map(|(_, region)| region.as_str())
    }

    async fn connected(&self) -> Result<&(Client, String)> {
        let connect = async {
            let (sdk, region) = access(&self.config).connect().await?;
            Ok((Client::new(&sdk), region))
        };
        self.client.get_or_try_init(|| connect).await
    }

    /// The endpoint or the region, as far as they are known without asking.
    pub(crate) fn place(&self) -> String {
        let connected = self.client.get().map(|(_, region)| region.as_str());
        access(&self.config).place(connected)
    }

    /// The queue's own name for a stream: `.fifo` is added where the target says so.
    pub(crate) fn queue_name(&self, stream: &str) -> String {
        if self.config.fifo && !stream.ends_with(".fifo") {
            format!("{stream}.fifo")
        } else {
            stream.to_owned()
        }
    }

    /// Finds a queue by name or by URL; `NotFound` names the nearest one there is.
    pub(crate) async fn queue(&self, stream: &str) -> Result<Queue> {
        let client = self.client().await?.clone();
        let name = self.queue_name(stream);
        let url = if is_url(stream) {
            stream.to_owned()
        } else {
            let found = client
                .get_queue_url()
                .queue_name(&name)
                .set_queue_owner_aws_account_id(self.config.account.clone())
                .send()
                .await;
            match found {
                Ok(found) => found.queue_url.unwrap_or_default(),
                Err(error) => {
                    return Err(self
                        .explain(&name, request("finding the queue", error))
                        .await);
                }
            }
        };
        Ok(Queue {
            client,
            fifo: url.ends_with(".fifo"),
            url: url.into(),
            name: stream.into(),
        })
    }

    /// Adds the name, and what it may have been meant to be.
    async fn explain(&self, name: &str, error: Error) -> Error {
        if error.kind() != ErrorKind::NotFound {
            return error.with("queue", name).with("at", self.place());
        }
        let error = Error::new(ErrorKind::NotFound, format!("there is no queue `{name}`"))
            .with("at", self.place());
        // Who may not list queues gets no suggestion.
        let names = self.names().await.unwrap_or_default();
        match closest(name, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => {
                error.hint("make it with `ssectl streams create`, or check `region` and `account`")
            }
        }
    }

    /// The names of all queues, sorted.
    pub(crate) async fn names(&self) -> Result<Vec<String>> {
        let client = self.client().await?;
        let mut pages = client.list_queues().into_paginator().page_size(1000).send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| request("listing queues", error))?;
            let urls = page.queue_urls.unwrap_or_default();
            names.extend(
                urls.iter()
                    .map(|url| url.rsplit('/').next().unwrap_or(url).to_owned()),
            );
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

impl Queue {
    /// The attributes that were asked for.
    pub(crate) async fn attributes(
        &self,
        names: Vec<QueueAttributeName>,
    ) -> Result<std::collections::HashMap<QueueAttributeName, String>> {
        let asked = self.client.get_queue_attributes().queue_url(&*self.url);
        let answer = asked.set_attribute_names(Some(names)).send().await;
        match answer {
            Ok(answer) => Ok(answer.attributes.unwrap_or_default()),
            Err(error) => Err(self.fault("asking for the queue's attributes", error)),
        }
    }

    /// How many messages it holds.
    pub(crate) async fn depth(&self) -> Result<Depth> {
        use QueueAttributeName as Name;
        let (visible, in_flight, delayed) = (
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        );
        let asked = vec![visible.clone(), in_flight.clone(), delayed.clone()];
        let answer = self.attributes(asked).await?;
        let count = |name| {
            answer
                .get(&name)
                .and_then(|count| count.parse().ok())
                .unwrap_or(0)
        };
        Ok(Depth {
            visible: count(visible),
            in_flight: count(in_flight),
            delayed: count(delayed),
        })
    }

    /// A failed request with the queue's name.
    pub(crate) fn fault<E>(
        &self,
        doing: &str,
        error: aws_sdk_sqs::error::SdkError<E, aws_sdk_sqs::config::http::HttpResponse>,
    ) -> Error
    where
        E: aws_sdk_sqs::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        request(doing, error).with("queue", &self.name)
    }
}

/// An answer to a long poll may be this late before the service counts as gone.
const LATE: Duration = Duration::from_secs(10);

fn access(config: &SqsConfig) -> Access {
    Access {
        service: "SQS",
        region: config.region.clone(),
        endpoint: config.endpoint.clone(),
        profile: config.profile.clone(),
        connect_timeout: config.connect_timeout.as_duration(),
        read_timeout: config.wait.as_duration() + LATE,
    }
}
