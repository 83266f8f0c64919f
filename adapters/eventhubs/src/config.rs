//! The options of an Event Hubs target.

mod origin;

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use ssectl_adapter::{Error, ErrorKind, Result, Span};

pub(crate) use origin::{Access, Origin};

/// Options of an Event Hubs target. Secrets are none of them: a connection string comes from the
/// environment or a file, anything else from Entra ID.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct EventHubsConfig {
    /// Namespace, `orders` or `orders.servicebus.windows.net`; that of the connection string when not said.
    pub namespace: Option<String>,
    /// Where to connect to instead of the namespace's own address: `amqp://127.0.0.1:5672` without TLS,
    /// `amqps://HOST:PORT` with it.
    pub endpoint: Option<String>,
    /// Environment variable that holds the connection string. Default: `EVENTHUBS_CONNECTION_STRING`.
    pub connection_string_env: Option<String>,
    /// File that holds the connection string.
    pub connection_string_file: Option<PathBuf>,
    /// Who we are in Entra ID: `auto` (default), `environment`, `workload`, `managed` or `developer`.
    #[serde(default)]
    pub credential: Credential,
    /// The service's consumer group that reads go through. Default: `$Default`.
    #[serde(default = "default_consumer_group")]
    pub consumer_group: String,
    /// Owner level (epoch) of reads: while it is set, readers of a lower level or of none are
    /// disconnected from the partitions we read.
    pub owner_level: Option<u32>,
    /// Events that the service may send ahead of us, per partition: 1 to 5000. Default: 300.
    #[serde(default = "default_prefetch")]
    #[schemars(range(min = 1, max = 5000))]
    pub prefetch: u16,
    /// What to do when the position to read is gone: `error` (default), or go on at the `earliest`
    /// or the `latest` event.
    #[serde(default)]
    pub offset_reset: OffsetReset,
    /// Directory of the checkpoints of groups. Default: `ssectl/eventhubs` in `XDG_STATE_HOME`, or in
    /// `~/.local/state`.
    pub checkpoint_dir: Option<PathBuf>,
    /// URL of a blob container that keeps the checkpoints instead, as those of Microsoft's clients:
    /// `https://ACCOUNT.blob.core.windows.net/CONTAINER`.
    pub checkpoint_container: Option<String>,
    /// Subscription to make and delete hubs in, by Azure Resource Manager; with `resource-group`.
    pub subscription: Option<String>,
    /// Resource group of the namespace; with `subscription`.
    pub resource_group: Option<String>,
    /// How long one request may take, a send among them; then its outcome is not known.
    /// Default: 30s.
    #[serde(default = "default_timeout")]
    pub timeout: Span,
    /// How long to try to connect before the service counts as unavailable. Default: 10s.
    #[serde(default = "default_connect_timeout")]
    pub connect_timeout: Span,
}

/// Where the token of Entra ID comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Credential {
    /// The first of the others whose variables are set; else the developer's tools.
    #[default]
    Auto,
    /// A client secret: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`.
    Environment,
    /// A federated token: `AZURE_FEDERATED_TOKEN_FILE` (Kubernetes).
    Workload,
    /// The identity of the machine or container; `AZURE_CLIENT_ID` names one assigned by a user.
    Managed,
    /// Whoever is logged in with `az` or `azd`.
    Developer,
}

/// What to do about a position that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OffsetReset {
    /// Say so.
    #[default]
    Error,
    /// Go on with what is left.
    Earliest,
    /// Go on with what comes.
    Latest,
}

impl EventHubsConfig {
    /// Checks what the types do not know.
    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=5000).contains(&self.prefetch) {
            return Err(fault("`prefetch` is a number from 1 to 5000"));
        }
        if self.timeout.as_duration() < Duration::from_millis(100) {
            return Err(fault("`timeout` is at least `100ms`"));
        }
        if self.consumer_group.is_empty() || self.consumer_group.contains('/') {
            return Err(fault("`consumer-group` is a name without `/`"));
        }
        if self.subscription.is_some() != self.resource_group.is_some() {
            return Err(fault("`subscription` and `resource-group` need each other"));
        }
        if let Some(url) = &self.checkpoint_container
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            return Err(fault(format!(
                "`checkpoint-container` is no URL of a container: `{url}`"
            )));
        }
        if self.checkpoint_container.is_some() && self.checkpoint_dir.is_some() {
            return Err(fault(
                "checkpoints are kept in `checkpoint-dir` or in `checkpoint-container`, not in both",
            ));
        }
        match self.endpoint.as_deref() {
            Some(url) if !(url.starts_with("amqp://") || url.starts_with("amqps://")) => {
                Err(fault(format!("`endpoint` is no URL: `{url}`"))
                    .hint(format!("write `amqp://{url}` or `amqps://{url}`")))
            }
            _ => Ok(()),
        }
    }
}

fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

fn default_consumer_group() -> String {
    "$Default".to_owned()
}

fn default_prefetch() -> u16 {
    300
}

fn default_timeout() -> Span {
    Span::from_millis(30_000)
}

fn default_connect_timeout() -> Span {
    Span::from_millis(10_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ssectl_adapter::{Options, decode};

    use super::*;

    fn config(options: serde_json::Value) -> Result<EventHubsConfig> {
        let options: Options = serde_json::from_value(options).expect("a map");
        let config: EventHubsConfig = decode("eventhubs", &options)?;
        config.check()?;
        Ok(config)
    }

    #[test]
    fn options_have_defaults() {
        let config = config(json!({})).expect("nothing is required");
        assert_eq!(config.consumer_group, "$Default");
        assert_eq!(config.offset_reset, OffsetReset::Error);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for wrong in [
            json!({"prefetch": 0}),
            json!({"timeout": "1ms"}),
            json!({"endpoint": "localhost:5672"}),
            json!({"endpoint": "http://localhost:5672"}),
            json!({"consumer-group": "a/b"}),
            json!({"subscription": "s"}),
            json!({"checkpoint-container": "container"}),
            json!({"checkpoint-container": "https://a/c", "checkpoint-dir": "/tmp"}),
            json!({"credential": "password"}),
            json!({"owner-level": -1}),
        ] {
            let error = config(wrong.clone()).expect_err("it is wrong");
            assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
        }
    }

    #[test]
    fn a_connection_string_is_no_option() {
        let error = config(json!({"connection-string": "Endpoint=..."})).expect_err("a secret");
        let hint = error.hint_text().unwrap_or_default();
        assert!(hint.contains("`connection-string-env`"), "{hint}");
    }

    #[test]
    fn the_readme_shows_every_option() {
        let readme = include_str!("../README.md");
        ssectl_testkit::support::assert_options_are_shown(&crate::adapter(), readme);
    }
}
