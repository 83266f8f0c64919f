//! Region, credentials and endpoint of a client: from the options, the environment, the AWS configuration files.

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
use aws_credential_types::Credentials;
use ssectl_adapter::{Error, ErrorKind, Result, is_loopback_url};

/// What the options of a target say about the way to a service.
#[derive(Debug, Clone)]
pub struct Access {
    /// The service as the environment names it: `SQS` in `AWS_ENDPOINT_URL_SQS`.
    pub service: &'static str,
    /// Region, instead of that of the environment or the profile.
    pub region: Option<String>,
    /// URL of the service, instead of that of the environment, the profile or Amazon.
    pub endpoint: Option<String>,
    /// Profile of the AWS configuration files, instead of `AWS_PROFILE`.
    pub profile: Option<String>,
    /// How long to try to connect.
    pub connect_timeout: Duration,
    /// How long a request may go without an answer.
    pub read_timeout: Duration,
}

impl Access {
    /// The endpoint of the options, or of the environment as the SDK reads it.
    pub fn endpoint(&self) -> Option<String> {
        let of = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        self.endpoint
            .clone()
            .or_else(|| of(&format!("AWS_ENDPOINT_URL_{}", self.service)))
            .or_else(|| of("AWS_ENDPOINT_URL"))
    }

    /// The endpoint or the region for messages, as far as they are known without asking; `connected` is the region of
    /// the client, once there is one.
    pub fn place(&self, connected: Option<&str>) -> String {
        self.endpoint()
            .or_else(|| self.region.clone())
            .or_else(|| connected.map(str::to_owned))
            .unwrap_or_else(|| "the usual region".to_owned())
    }

    /// The configuration of a client and its region. Credentials are asked for with the first request.
    ///
    /// # Errors
    ///
    /// Nothing names a region: `Config`.
    pub async fn connect(&self) -> Result<(SdkConfig, String)> {
        let sdk = self.load().await;
        match sdk.region().map(ToString::to_string) {
            Some(region) => Ok((sdk, region)),
            None => Err(Error::new(ErrorKind::Config, "no AWS region")
                .hint("set the option `region`, or `AWS_REGION`")),
        }
    }

    /// The configuration of a client, with a region or without.
    async fn load(&self) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.read_timeout)
            .build();
        // The engine tries again, and an answer that waits for records is no stalled stream.
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if self.endpoint().is_some_and(|url| is_loopback_url(&url)) {
            loader = self.local(loader);
        }
        loader.load().await
    }

    /// An emulator on this machine takes any credentials and region, so nobody is asked for them over the network.
    fn local(&self, loader: ConfigLoader) -> ConfigLoader {
        let mut credentials = ProfileFileCredentialsProvider::builder();
        let mut region = ProfileFileRegionProvider::builder();
        if let Some(name) = &self.profile {
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
        let region = RegionProviderChain::first_try(self.region.clone().map(Region::new))
            .or_else(EnvironmentVariableRegionProvider::new())
            .or_else(region.build())
            .or_else("us-east-1");
        loader.region(region).credentials_provider(credentials)
    }
}
