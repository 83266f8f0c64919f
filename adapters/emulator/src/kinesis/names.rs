//! Names: ARNs of streams and consumers, ids of shards, and what a stream is called in the store.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::aws::ACCOUNT;

/// How the names of streams of the store begin that are streams of Kinesis.
const PREFIX: &str = "kinesis/";

/// What the store calls a stream: the one place that knows.
pub(crate) fn stored(region: &str, name: &str) -> String {
    format!("{PREFIX}{region}/{name}")
}

/// Whether a stream of the store is one of Kinesis.
pub(crate) fn is_stored(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The ARN of a stream.
pub(super) fn stream_arn(region: &str, name: &str) -> String {
    format!("arn:aws:kinesis:{region}:{ACCOUNT}:stream/{name}")
}

/// The ARN of a consumer, which ends with when it was registered.
pub(super) fn consumer_arn(region: &str, stream: &str, consumer: &str, created_ms: i64) -> String {
    let stream = stream_arn(region, stream);
    format!("{stream}/consumer/{consumer}:{}", created_ms / 1000)
}

/// What an ARN names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arn<'a> {
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) stream: &'a str,
    /// A consumer's name, and when it was registered in Unix seconds.
    pub(super) consumer: Option<(&'a str, i64)>,
}

impl<'a> Arn<'a> {
    /// Reads the ARN of a stream or of a consumer.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("arn:aws")?;
        let (_partition, rest) = rest.split_once(':')?;
        let rest = rest.strip_prefix("kinesis:")?;
        let (region, rest) = rest.split_once(':')?;
        let (account, rest) = rest.split_once(':')?;
        let path = rest.strip_prefix("stream/")?;
        let (stream, consumer) = match path.split_once("/consumer/") {
            None => (path, None),
            Some((stream, consumer)) => {
                let (name, created) = consumer.split_once(':')?;
                (stream, Some((name, created.parse().ok()?)))
            }
        };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_named = is_name(stream) && consumer.is_none_or(|(name, _)| is_name(name));
        (is_account && is_named).then_some(Self {
            region,
            account,
            stream,
            consumer,
        })
    }
}

/// Whether a stream can be called so.
pub(super) fn is_name(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    (1..=128).contains(&text.len()) && text.chars().all(is_plain)
}

/// The id of a shard, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ShardId(pub(super) u32);

impl ShardId {
    /// Reads an id, which AWS accepts in a short form, too.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("shardId-").unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok().map(Self))?
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

impl Serialize for ShardId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_name_streams_and_consumers() {
        let arn = consumer_arn("eu-west-1", "s", "c", 12_345);
        let parsed = Arn::parse(&arn).unwrap();
        assert_eq!((parsed.region, parsed.stream), ("eu-west-1", "s"));
        assert_eq!(parsed.consumer, Some(("c", 12)));
        assert_eq!(Arn::parse(&stream_arn("r", "a.b")).unwrap().stream, "a.b");
        for text in [
            "",
            "arn:aws:sqs:r:000000000000:s",
            "arn:aws:kinesis:r:1:stream/s",
            "arn:aws:kinesis:r:000000000000:stream/",
        ] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn shards_are_numbered() {
        assert_eq!(ShardId(7).to_string(), "shardId-000000000007");
        for text in ["shardId-000000000007", "shardId-7", "7"] {
            assert_eq!(ShardId::parse(text), Some(ShardId(7)), "{text}");
        }
        for text in ["", "shardId-", "shardId--1", "x", "99999999999"] {
            assert_eq!(ShardId::parse(text), None, "{text}");
        }
    }
}
