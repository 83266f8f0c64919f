//! The options of an SQS target.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use ssectl_adapter::{Error, ErrorKind, Result, Span};
use ssectl_aws::check_endpoint;

/// Options of an SQS target. Credentials are none of them: they come from AWS's own chain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SqsConfig {
    /// Region of the queues, such as `eu-west-1`; what the environment or the profile says when not said.
    pub region: Option<String>,
    /// URL of another service than Amazon's, such as `http://127.0.0.1:4566`. Default:
    /// `AWS_ENDPOINT_URL_SQS` or `AWS_ENDPOINT_URL` of the environment, or the profile's.
    pub endpoint: Option<String>,
    /// Profile of the AWS configuration files. Default: `AWS_PROFILE`, or `default`.
    pub profile: Option<String>,
    /// Account that owns the queues, when it is another one than ours: 12 digits in quotes.
    pub account: Option<String>,
    /// How long a message that we read stays hidden from others; extended for as long as we work on
    /// it. After a crash it comes again no earlier. Default: 1m.
    #[serde(default = "default_visibility_timeout")]
    pub visibility_timeout: Span,
    /// Longest wait of one request for messages, at most 20s. Waits begin at 1s and double while the
    /// queue is silent. Default: 20s.
    #[serde(default = "default_wait")]
    pub wait: Span,
    /// Requests under way at once, of a reader as of a writer: 1 to 64. Default: 8.
    #[serde(default = "default_requests")]
    #[schemars(range(min = 1, max = 64))]
    pub requests: u8,
    /// Deletes what is done with also when a read names no group; such a read leaves everything in
    /// the queue otherwise.
    #[serde(default)]
    pub consume: bool,
    /// Streams are FIFO queues: `.fifo` is added to names that lack it.
    #[serde(default)]
    pub fifo: bool,
    /// Message group of records without a key in FIFO queues. Default: `ssectl`.
    #[serde(default = "default_message_group")]
    pub message_group: String,
    /// Deduplication ids in FIFO queues: `unique` (default) keeps every record, `content` leaves it to
    /// the queue's own comparison of bodies, `header:NAME` takes a header of the record.
    #[serde(default)]
    pub deduplication: Deduplication,
    /// How long to try to connect before the service counts as unavailable. Default: 10s.
    #[serde(default = "default_connect_timeout")]
    pub connect_timeout: Span,
}

/// Where deduplication ids come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) enum Deduplication {
    /// A new one for every record.
    #[default]
    Unique,
    /// None: the queue compares bodies.
    Content,
    /// The value of this header.
    Header(String),
}

impl TryFrom<String> for Deduplication {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match (text.as_str(), text.strip_prefix("header:")) {
            ("unique", _) => Ok(Self::Unique),
            ("content", _) => Ok(Self::Content),
            (_, Some(name)) if !name.is_empty() => Ok(Self::Header(name.to_owned())),
            _ => Err(format!(
                "`{text}` is no `deduplication`: write `unique`, `content` or `header:NAME`"
            )),
        }
    }
}

/// SQS hides a message no longer than this after it was received.
pub(crate) const LONGEST_VISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

impl SqsConfig {
    /// Checks what the types do not know.
    pub(crate) fn check(&self) -> Result<()> {
        let fault = |message: String| Err(Error::new(ErrorKind::Config, message));
        let visibility = self.visibility_timeout.as_duration();
        if visibility < Duration::from_secs(2) || visibility > LONGEST_VISIBILITY {
            return fault("`visibility-timeout` is at least `2s` and at most `12h`".to_owned());
        }
        if self.wait.as_duration() > Duration::from_secs(20) {
            return fault("`wait` is at most `20s`".to_owned());
        }
        if !(1..=64).contains(&self.requests) {
            return fault("`requests` is a number from 1 to 64".to_owned());
        }
        let digits = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        if let Some(account) = self.account.as_deref().filter(|account| !digits(account)) {
            return fault(format!("`account` is 12 digits, not `{account}`"));
        }
        if !crate::message::is_group_id(&self.message_group) {
            return fault(
                "`message-group` is 1 to 128 letters, digits and punctuation marks".to_owned(),
            );
        }
        check_endpoint("endpoint", self.endpoint.as_deref())
    }

    /// Whole seconds, as SQS wants them, rounded up.
    pub(crate) fn visibility_seconds(&self) -> i32 {
        let millis = self.visibility_timeout.as_millis();
        i32::try_from(millis.div_ceil(1000)).unwrap_or(i32::MAX)
    }
}

fn default_visibility_timeout() -> Span {
    Span::from_millis(60_000)
}

fn default_wait() -> Span {
    Span::from_millis(20_000)
}

fn default_requests() -> u8 {
    8
}

fn default_message_group() -> String {
    "ssectl".to_owned()
}

fn default_connect_timeout() -> Span {
    Span::from_millis(10_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ssectl_adapter::{Options, decode};

    use super::*;

    fn config(options: serde_json::Value) -> Result<SqsConfig> {
        let options: Options = serde_json::from_value(options).expect("a map");
        let config: SqsConfig = decode("sqs", &options)?;
        config.check()?;
        Ok(config)
    }

    #[test]
    fn options_have_defaults() {
        let config = config(json!({})).expect("nothing is required");
        assert_eq!(config.visibility_seconds(), 60);
        assert_eq!(config.deduplication, Deduplication::Unique);
        assert!(!config.consume);
    }

    #[test]
    fn what_sqs_would_refuse_is_refused_here() {
        for wrong in [
            json!({"visibility-timeout": "13h"}),
            json!({"visibility-timeout": 10}),
            json!({"wait": "21s"}),
            json!({"requests": 0}),
            json!({"account": "12"}),
            json!({"endpoint": "localhost:4566"}),
            json!({"message-group": "two words"}),
            json!({"deduplication": "body"}),
            json!({"deduplication": "header:"}),
        ] {
            let error = config(wrong.clone()).expect_err("it is wrong");
            assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
        }
    }

    #[test]
    fn a_misspelt_option_is_named_with_the_one_meant() {
        let error = config(json!({"visibilty-timeout": "1m"})).expect_err("misspelt");
        let hint = error.hint_text().unwrap_or_default();
        assert!(hint.contains("`visibility-timeout`"), "{hint}");
    }

    /// One row per option, as the README shows them.
    #[test]
    fn the_readme_shows_every_option() {
        let schema = schemars::schema_for!(SqsConfig);
        let options = schema.get("properties").and_then(|p| p.as_object());
        let rows: String = options
            .into_iter()
            .flatten()
            .map(|(name, option)| {
                let words = option["description"].as_str().unwrap_or_default();
                format!("| `{name}` | {} |\n", words.replace('\n', " "))
            })
            .collect();
        let readme = include_str!("../README.md");
        assert!(readme.contains(&rows), "the table should be:\n{rows}");
    }
}
