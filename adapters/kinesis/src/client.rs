//! The SDK's clients, made when a stream is first opened, and streams by their names.

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::Credentials;
use aws_sdk_kinesis::types::{StreamDescriptionSummary, StreamStatus};
use ssectl_adapter::{Error, ErrorKind, Result, closest};
use tokio::sync::OnceCell;

use crate::config::KinesisConfig;
use crate::error::request;
use crate::locate::{is_arn, is_loopback};

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
            let sdk = load(&self.config, endpoint(&self.config)).await;
            let Some(region) = sdk.region() else {
                return Err(Error::new(ErrorKind::Config, "no AWS region")
                    .hint("set the option `region`, or `AWS_REGION`"));
            };
            let region = region.to_string();
            let mut client = aws_sdk_kinesis::config::Builder::from(&sdk);
            client.set_endpoint_url(
                endpoint(&self.config).or_else(|| sdk.endpoint_url().map(str::to_owned)),
            );
            Ok(Connected {
                client: Client::from_conf(client.build()),
                region,
            })
        };
        self.connected.get_or_try_init(|| connect).await
    }

    /// A client of DynamoDB, for checkpoints.
    pub(crate) async fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let at = self
            .config
            .checkpoint_endpoint
            .clone()
            .or_else(|| variable("AWS_ENDPOINT_URL_DYNAMODB"));
        let at = at.or_else(|| variable("AWS_ENDPOINT_URL"));
        let sdk = load(&self.config, at.clone()).await;
        let mut client = aws_sdk_dynamodb::config::Builder::from(&sdk);
        client.set_endpoint_url(at.or_else(|| sdk.endpoint_url().map(str::to_owned)));
        aws_sdk_dynamodb::Client::from_conf(client.build())
    }

    /// The endpoint or the region, as far as they are known without asking.
    pub(crate) fn place(&self) -> String {
        let region = || self.config.region.clone();
        let connected = || {
            self.connected
                .get()
                .map(|connected| connected.region.clone())
        };
        let place = endpoint(&self.config).or_else(region).or_else(connected);
        place.unwrap_or_else(|| "the usual region".to_owned())
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

async fn load(config: &KinesisConfig, endpoint: Option<String>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(config.connect_timeout.as_duration())
        .read_timeout(LATE)
        .build();
    // The engine tries again, and a fan-out without records is no stalled stream.
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &config.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if endpoint.is_some_and(|url| is_local(&url)) {
        loader = local(loader, config);
    }
    loader.load().await
}

/// The endpoint of the options, or of the environment as the SDK reads it.
fn endpoint(config: &KinesisConfig) -> Option<String> {
    let named = config.endpoint.clone();
    named
        .or_else(|| variable("AWS_ENDPOINT_URL_KINESIS"))
        .or_else(|| variable("AWS_ENDPOINT_URL"))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_local(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    is_loopback(host.split('/').next().unwrap_or(host))
}

/// An emulator on this machine takes any credentials and region, so nobody is asked for them over
/// the network.
fn local(loader: ConfigLoader, config: &KinesisConfig) -> ConfigLoader {
    let mut credentials = ProfileFileCredentialsProvider::builder();
    let mut region = ProfileFileRegionProvider::builder();
    if let Some(name) = &config.profile {
        credentials = credentials.profile_name(name);
        region = region.profile_name(name);
    }
    let anyone = Credentials::new("ssectl", "ssectl", None, None, "emulator");
    let credentials = CredentialsProviderChain::first_try(
        "Environment",
        EnvironmentVariableCredentialsProvider::new(),
    )
    .or_else("Profile", credentials.build())
    .or_else("Emulator", anyone);
    let region = RegionProviderChain::first_try(config.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(region.build())
        .or_else("us-east-1");
    loader.region(region).credentials_provider(credentials)
}
