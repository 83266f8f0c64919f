//! The SDK's clients, made when a stream is first opened, and streams by their names.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{StreamDescriptionSummary, StreamStatus};
use ssectl_adapter::{Error, ErrorKind, Result, closest};
use ssectl_aws::Access;
use tokio::sync::OnceCell;

use crate::config::KinesisConfig;
use crate::error::request;
use crate::locate::is_arn;

/// Where streams live; connects when first used.
pub(crate) struct Service {
    pub(crate) config: KinesisConfig,
    connected: OnceCell<Connected>,
}

struct Connected {
    client: Client,
    region: String,
}

/// A stream that is there.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) client: Client,
    /// The name the stream was asked for by; an ARN in streams of other accounts.
    pub(crate) name: Arc<str>,
    pub(crate) arn: Arc<str>,
    /// When it was made, in milliseconds: tells it from an earlier one of its name.
    pub(crate) created: i64,
    /// The largest record with its partition key, in bytes.
    pub(crate) largest: usize,
}

/// The largest record unless the stream says otherwise.
const USUAL_LARGEST: usize = 1 << 20;

impl Service {
    pub(crate) fn new(config: KinesisConfig) -> Self {
        Self {
            config,
            connected: OnceCell::new(),
        }
    }

    /// The client; finds region and credentials when called first.
    pub(crate) async fn client(&self) -> Result<&Client> {
        self.connected().await.map(|connected| &connected.client)
    }

    /// The region.
    pub(crate) async fn region(&self) -> Result<&str> {
        self.connected()
            .await
            .map(|connected| connected.region.as_str())
    }

    async fn connected(&self) -> Result<&Connected> {
        let connect = async {
            let (sdk, region) = access(&self.config).connect().await?;
            Ok(Connected {
                client: Client::new(&sdk),
                region,
            })
        };
        self.connected.get_or_try_init(|| connect).await
    }

    /// A client of DynamoDB, for checkpoints.
    #[cfg(feature = "dynamodb")]
    pub(crate) async fn dynamodb(&self) -> Result<aws_sdk_dynamodb::Client> {
        let access = Access {
            service: "DYNAMODB",
            endpoint: self.config.checkpoint_endpoint.clone(),
            ..access(&self.config)
        };
        let (sdk, _) = access.connect().await?;
        Ok(aws_sdk_dynamodb::Client::new(&sdk))
    }

    /// The endpoint or the region, as far as they are known without asking.
    pub(crate) fn place(&self) -> String {
        let connected = self.connected.get();
        access(&self.config).place(connected.map(|connected| connected.region.as_str()))
    }

    /// What the service says of a stream; `NotFound` names the nearest one there is.
    pub(crate) async fn summary(&self, stream: &str) -> Result<StreamDescriptionSummary> {
        let (name, arn) = names(stream);
        let asked = self.client().await?.describe_stream_summary();
        match asked.set_stream_name(name).set_stream_arn(arn).send().await {
            Ok(answer) => answer.stream_description_summary.ok_or_else(|| {
                Error::new(ErrorKind::Other, "the service describes nothing").with("stream", stream)
            }),
            Err(error) => Err(self
                .explain(stream, request("finding the stream", error))
                .await),
        }
    }

    /// Finds a stream that can be read and written.
    pub(crate) async fn stream(&self, stream: &str) -> Result<Stream> {
        let summary = self.summary(stream).await?;
        match summary.stream_status {
            StreamStatus::Deleting => return Err(self.missing(stream).await),
            StreamStatus::Creating => {
                let error = Error::new(ErrorKind::Unavailable, "the stream is still being made");
                return Err(error.with("stream", stream).temporary());
            }
            _ => {}
        }
        let kib = summary
            .max_record_size_in_kib
            .and_then(|kib| usize::try_from(kib).ok());
        Ok(Stream {
            client: self.client().await?.clone(),
            name: stream.into(),
            arn: summary.stream_arn.into(),
            created: summary.stream_creation_timestamp.to_millis().unwrap_or(0),
            largest: kib.map_or(USUAL_LARGEST, |kib| kib << 10),
        })
    }

    /// Adds the name, and what it may have been meant to be.
    async fn explain(&self, stream: &str, error: Error) -> Error {
        match error.kind() {
            ErrorKind::NotFound => self.missing(stream).await,
            _ => error.with("stream", stream).with("at", self.place()),
        }
    }

    async fn missing(&self, stream: &str) -> Error {
        let message = format!("there is no stream `{stream}`");
        let error = Error::new(ErrorKind::NotFound, message).with("at", self.place());
        // Who may not list streams gets no suggestion.
        let names = self.names().await.unwrap_or_default();
        let others = names
            .iter()
            .map(String::as_str)
            .filter(|name| *name != stream);
        match closest(stream, others) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("make it with `ssectl streams create`, or check `region`"),
        }
    }

    /// The names of all streams, sorted.
    pub(crate) async fn names(&self) -> Result<Vec<String>> {
        let client = self.client().await?;
        let mut names: Vec<String> = Vec::new();
        loop {
            // Services of old know no tokens, but where to go on.
            let asked = client
                .list_streams()
                .set_exclusive_start_stream_name(names.last().cloned());
            let page = asked
                .send()
                .await
                .map_err(|error| request("listing streams", error))?;
            let found = page.stream_names.len();
            names.extend(page.stream_names);
            if !page.has_more_streams || found == 0 {
                break;
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

impl Stream {
    /// Name and ARN for a request; one of them.
    pub(crate) fn names(&self) -> (Option<String>, Option<String>) {
        names(&self.name)
    }
}

/// A stream by name or by ARN, for requests that take either.
pub(crate) fn names(stream: &str) -> (Option<String>, Option<String>) {
    match is_arn(stream) {
        true => (None, Some(stream.to_owned())),
        false => (Some(stream.to_owned()), None),
    }
}

/// How long a request may go without an answer.
const LATE: Duration = Duration::from_secs(20);

fn access(config: &KinesisConfig) -> Access {
    Access {
        service: "KINESIS",
        region: config.region.clone(),
        endpoint: config.endpoint.clone(),
        profile: config.profile.clone(),
        connect_timeout: config.connect_timeout.as_duration(),
        read_timeout: LATE,
    }
}
