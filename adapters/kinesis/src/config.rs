//! The options of a Kinesis target.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use ssectl_adapter::{Error, ErrorKind, Result, Span};
use ssectl_aws::check_endpoint;

/// Options of a Kinesis target. Credentials are none of them: they come from AWS's own chain.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct KinesisConfig {
    /// Region of the streams, such as `eu-west-1`; what the environment or the profile says when not said.
    pub region: Option<String>,
    /// URL of another service than Amazon's, such as `http://127.0.0.1:4566`. Default:
    /// `AWS_ENDPOINT_URL_KINESIS` or `AWS_ENDPOINT_URL` of the environment, or the profile's.
    pub endpoint: Option<String>,
    /// Profile of the AWS configuration files. Default: `AWS_PROFILE`, or `default`.
    pub profile: Option<String>,
    /// How long to try to connect before the service counts as unavailable. Default: 10s.
    #[serde(default = "default_connect_timeout")]
    pub connect_timeout: Span,
    /// Requests of a writer under way at once: 1 to 64. Default: 8.
    #[serde(default = "default_requests")]
    #[schemars(range(min = 1, max = 64))]
    pub requests: u8,
    /// Requests a second for the records of one shard, which all readers of a shard share: 1 to 100. Default: 5,
    /// which is all that Amazon gives.
    #[serde(default = "default_reads_per_second")]
    #[schemars(range(min = 1, max = 100))]
    pub reads_per_second: u8,
    /// Reads by enhanced fan-out, as the registered consumer of this name; it is registered where it is not,
    /// and stays.
    pub fan_out: Option<String>,
    /// Where groups keep what they committed: `file` (default), or `dynamodb:TABLE` in a table laid out as that
    /// of the Kinesis Client Library, which is made where it is missing.
    #[serde(default)]
    pub checkpoints: Checkpoints,
    /// Folder of the checkpoints in files. Default: `ssectl/kinesis` in `XDG_STATE_HOME` or `~/.local/state`.
    pub checkpoint_dir: Option<PathBuf>,
    /// URL of the DynamoDB with the table, when it is not Amazon's. Default: `AWS_ENDPOINT_URL_DYNAMODB` or
    /// `AWS_ENDPOINT_URL` of the environment, or the profile's.
    pub checkpoint_endpoint: Option<String>,
    /// A reader of a group in a table that gives no sign of life for so long loses its shards to the others.
    /// Default: 10s.
    #[serde(default = "default_lease_duration")]
    pub lease_duration: Span,
    /// Hash key instead of that of the partition key: a number below 2^128, or `header:NAME` for the number in
    /// a header of the record.
    pub explicit_hash_key: Option<HashKey>,
    /// What becomes of a record that Kinesis cannot hold as it is: `auto` (default) wraps it, but not for its time alone, which
    /// is given up; `with-times` wraps it also for its time; `never` refuses headers and null values, and gives up times.
    #[serde(default)]
    pub envelope: Envelope,
    /// Puts each key only once into a request, so that none can overtake one of its own that is refused. Slow for few keys.
    #[serde(default)]
    pub strict_order: bool,
}

/// Where groups keep their checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) enum Checkpoints {
    /// A file per group on this machine.
    #[default]
    File,
    /// A table of DynamoDB.
    #[cfg(feature = "dynamodb")]
    DynamoDb(String),
}

impl TryFrom<String> for Checkpoints {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let is_table = |name: &str| (3..=255).contains(&name.len()) && name.bytes().all(allowed);
        match (text.as_str(), text.strip_prefix("dynamodb:")) {
            ("file", _) => Ok(Self::File),
            (_, Some(table)) if is_table(table) => Self::in_table(table),
            _ => Err(format!(
                "`{text}` is no place for `checkpoints`: write `file` or `dynamodb:TABLE`"
            )),
        }
    }
}

impl Checkpoints {
    #[cfg(feature = "dynamodb")]
    #[expect(clippy::unnecessary_wraps, reason = "a build without DynamoDB refuses")]
    fn in_table(name: &str) -> Result<Self, String> {
        Ok(Self::DynamoDb(name.to_owned()))
    }

    #[cfg(not(feature = "dynamodb"))]
    fn in_table(name: &str) -> Result<Self, String> {
        Err(format!(
            "`checkpoints: dynamodb:{name}` needs the feature `kinesis-dynamodb`, which this build lacks"
        ))
    }
}

/// Where explicit hash keys come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) enum HashKey {
    /// The same for all records: all go to one shard.
    Fixed(u128),
    /// The number in this header.
    Header(String),
}

impl TryFrom<String> for HashKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match (text.parse(), text.strip_prefix("header:")) {
            (Ok(number), _) => Ok(Self::Fixed(number)),
            (_, Some(name)) if !name.is_empty() => Ok(Self::Header(name.to_owned())),
            _ => Err(format!(
                "`{text}` is no `explicit-hash-key`: write a number below 2^128 or `header:NAME`"
            )),
        }
    }
}

/// What becomes of records that are more than a partition key and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Envelope {
    /// They are wrapped, but not for their time alone.
    #[default]
    Auto,
    /// They are wrapped.
    WithTimes,
    /// Data is the value and nothing else.
    Never,
}

impl KinesisConfig {
    /// Checks what the types do not know.
    pub(crate) fn check(&self) -> Result<()> {
        let fault = |message: String| Err(Error::new(ErrorKind::Config, message));
        if !(1..=64).contains(&self.requests) {
            return fault("`requests` is a number from 1 to 64".to_owned());
        }
        if !(1..=100).contains(&self.reads_per_second) {
            return fault("`reads-per-second` is a number from 1 to 100".to_owned());
        }
        if self.lease_duration.as_duration() < Duration::from_secs(1) {
            return fault("`lease-duration` is at least `1s`".to_owned());
        }
        if let Some(name) = self.fan_out.as_deref().filter(|name| !is_consumer(name)) {
            return fault(format!(
                "`{name}` is no name of a consumer: 1 to 128 letters, digits, `_`, `.` and `-`"
            ));
        }
        check_endpoint("endpoint", self.endpoint.as_deref())?;
        check_endpoint("checkpoint-endpoint", self.checkpoint_endpoint.as_deref())
    }
}

fn is_consumer(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (1..=128).contains(&name.len()) && name.bytes().all(allowed)
}

fn default_connect_timeout() -> Span {
    Span::from_millis(10_000)
}

fn default_requests() -> u8 {
    8
}

fn default_reads_per_second() -> u8 {
    5
}

fn default_lease_duration() -> Span {
    Span::from_millis(10_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ssectl_adapter::{Options, decode};

    use super::*;

    fn config(options: serde_json::Value) -> Result<KinesisConfig> {
        let options: Options = serde_json::from_value(options).expect("a map");
        let config: KinesisConfig = decode("kinesis", &options)?;
        config.check()?;
        Ok(config)
    }

    #[test]
    fn options_have_defaults() {
        let config = config(json!({})).expect("nothing is required");
        assert_eq!(config.checkpoints, Checkpoints::File);
        assert_eq!(config.envelope, Envelope::Auto);
        assert_eq!(config.reads_per_second, 5);
    }

    #[test]
    fn words_are_read_as_what_they_say() {
        let read = config(json!({
            "explicit-hash-key": "340282366920938463463374607431768211455",
        }));
        let config = read.expect("valid options");
        assert_eq!(config.explicit_hash_key, Some(HashKey::Fixed(u128::MAX)));
    }

    #[test]
    #[cfg(feature = "dynamodb")]
    fn checkpoints_can_be_in_a_table() {
        let read = config(json!({"checkpoints": "dynamodb:readers"})).expect("valid options");
        let table = Checkpoints::DynamoDb("readers".to_owned());
        assert_eq!(read.checkpoints, table);
    }

    #[test]
    #[cfg(not(feature = "dynamodb"))]
    fn a_build_without_dynamodb_says_so() {
        let error = config(json!({"checkpoints": "dynamodb:readers"})).expect_err("no DynamoDB");
        assert!(error.to_string().contains("kinesis-dynamodb"), "{error}");
    }

    #[test]
    fn what_kinesis_would_refuse_is_refused_here() {
        for wrong in [
            json!({"requests": 0}),
            json!({"reads-per-second": 101}),
            json!({"lease-duration": "10ms"}),
            json!({"endpoint": "localhost:4566"}),
            json!({"checkpoint-endpoint": "localhost:8000"}),
            json!({"checkpoints": "dynamodb:"}),
            json!({"checkpoints": "redis"}),
            json!({"explicit-hash-key": "340282366920938463463374607431768211456"}),
            json!({"explicit-hash-key": "header:"}),
            json!({"fan-out": "two words"}),
            json!({"envelope": "sometimes"}),
        ] {
            let error = config(wrong.clone()).expect_err("it is wrong");
            assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
        }
    }

    /// One row per option, as the README shows them.
    #[test]
    fn the_readme_shows_every_option() {
        let schema = schemars::schema_for!(KinesisConfig);
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
