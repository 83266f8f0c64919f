//! The options of a Pub/Sub target.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use ssectl_adapter::{Error, ErrorKind, Result, Span};

/// Options of a Pub/Sub target. Credentials are none of them: they come from Google's own chain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PubsubConfig {
    /// Project of the topics. Default: `GOOGLE_CLOUD_PROJECT` or `GCLOUD_PROJECT`; `ssectl-local` at an emulator.
    pub project: Option<String>,
    /// URL of another service than Google's, such as `http://127.0.0.1:8085`. Default: `PUBSUB_EMULATOR_HOST` of
    /// the environment. Without TLS (`http`) no credentials are sent.
    pub endpoint: Option<String>,
    /// Keeps the order of each key: it is published as the ordering key, and subscriptions are made with message ordering.
    /// Records without a key have no order.
    #[serde(default)]
    pub ordering: bool,
    /// Subscriptions that are made for groups deliver exactly once, within a region.
    #[serde(default)]
    pub exactly_once: bool,
    /// Acknowledgement deadline: 10s to 10m. It is extended for as long as we work on a message; after a crash it
    /// comes again when it is over. Default: 1m.
    #[serde(default = "default_ack_deadline")]
    pub ack_deadline: Span,
    /// Messages a reader may have that are not acknowledged: 1 to 100000. Default: 10000.
    #[serde(default = "default_outstanding")]
    #[schemars(range(min = 1, max = 100_000))]
    pub outstanding: u32,
    /// Messages a writer may have under way: 1 to 100000. Default: 2000.
    #[serde(default = "default_in_flight")]
    #[schemars(range(min = 1, max = 100_000))]
    pub in_flight: u32,
    /// A bounded read is at its end when nothing came for so long; twice as long before the first message.
    /// Default: 10s; 1s at a service on this machine, without `data-only`.
    pub quiet: Option<Span>,
    /// Topic for messages of groups that were delivered too often, when their subscription is made here.
    pub dead_letter_topic: Option<String>,
    /// Deliveries before a message goes to `dead-letter-topic`: 5 to 100. Default: 5.
    #[serde(default = "default_attempts")]
    #[schemars(range(min = 5, max = 100))]
    pub dead_letter_attempts: u8,
    /// Filter of subscriptions that are made here, such as `attributes.kind = "order"`.
    pub filter: Option<String>,
    /// Labels of topics and subscriptions that are made here, beside `ssectl`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Reads from the start begin at this snapshot.
    pub snapshot: Option<String>,
    /// Takes topics and subscriptions as they are named and asks for nothing but messages: for services without REST, and for
    /// who may only publish or consume. A group is then the name of a subscription.
    #[serde(default)]
    pub data_only: bool,
    /// How long a request may take before the service counts as unavailable. Default: 10s.
    #[serde(default = "default_timeout")]
    pub timeout: Span,
}

impl PubsubConfig {
    /// Checks what the types do not know.
    pub(crate) fn check(&self) -> Result<()> {
        let fault = |message: String| Err(Error::new(ErrorKind::Config, message));
        let deadline = self.ack_deadline.as_duration();
        if deadline < Duration::from_secs(10) || deadline > Duration::from_secs(600) {
            return fault("`ack-deadline` is at least `10s` and at most `10m`".to_owned());
        }
        for (name, count) in [
            ("outstanding", self.outstanding),
            ("in-flight", self.in_flight),
        ] {
            if !(1..=100_000).contains(&count) {
                return fault(format!("`{name}` is a number from 1 to 100000"));
            }
        }
        if !(5..=100).contains(&self.dead_letter_attempts) {
            return fault("`dead-letter-attempts` is a number from 5 to 100".to_owned());
        }
        if self.timeout.as_duration() < Duration::from_millis(100) {
            return fault("`timeout` is at least `100ms`".to_owned());
        }
        match self.endpoint.as_deref() {
            Some(url) if !(url.starts_with("http://") || url.starts_with("https://")) => Err(
                Error::new(ErrorKind::Config, format!("`endpoint` is no URL: `{url}`"))
                    .hint(format!("write `http://{url}` or `https://{url}`")),
            ),
            _ => Ok(()),
        }
    }

    /// The acknowledgement deadline in whole seconds, rounded up.
    pub(crate) fn deadline_seconds(&self) -> i32 {
        let millis = self.ack_deadline.as_millis();
        i32::try_from(millis.div_ceil(1000)).unwrap_or(600)
    }
}

fn default_ack_deadline() -> Span {
    Span::from_millis(60_000)
}

fn default_outstanding() -> u32 {
    10_000
}

fn default_in_flight() -> u32 {
    2000
}

fn default_attempts() -> u8 {
    5
}

fn default_timeout() -> Span {
    Span::from_millis(10_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ssectl_adapter::{Options, decode};

    use super::*;

    fn config(options: serde_json::Value) -> Result<PubsubConfig> {
        let options: Options = serde_json::from_value(options).expect("a map");
        let config: PubsubConfig = decode("pubsub", &options)?;
        config.check()?;
        Ok(config)
    }

    #[test]
    fn options_have_defaults() {
        let config = config(json!({})).expect("nothing is required");
        assert_eq!(config.deadline_seconds(), 60);
        assert!(!config.ordering && !config.exactly_once && !config.data_only);
    }

    #[test]
    fn what_pubsub_would_refuse_is_refused_here() {
        for wrong in [
            json!({"ack-deadline": "9s"}),
            json!({"ack-deadline": "11m"}),
            json!({"outstanding": 0}),
            json!({"in-flight": 100_001}),
            json!({"dead-letter-attempts": 4}),
            json!({"timeout": 5}),
            json!({"endpoint": "localhost:8085"}),
        ] {
            let error = config(wrong.clone()).expect_err("it is wrong");
            assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
        }
    }

    #[test]
    fn a_misspelt_option_is_named_with_the_one_meant() {
        let error = config(json!({"ack-deadlin": "1m"})).expect_err("misspelt");
        let hint = error.hint_text().unwrap_or_default();
        assert!(hint.contains("`ack-deadline`"), "{hint}");
    }

    #[test]
    fn the_readme_shows_every_option() {
        let readme = include_str!("../README.md");
        ssectl_testkit::support::assert_options_are_shown(&crate::adapter(), readme);
    }
}
