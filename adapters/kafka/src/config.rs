//! The options of a Kafka target.

mod brokers;
mod sasl;
mod secret;
mod text;
mod tls;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use ssectl_adapter::{Error, ErrorKind, Result, Span};

pub(crate) use brokers::Brokers;
pub(crate) use sasl::{Mechanism, Sasl, TokenSource};
pub(crate) use secret::Secret;
pub(crate) use text::Text;
pub(crate) use tls::Tls;

/// Options of a Kafka target.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct KafkaConfig {
    /// Addresses to connect to first, `HOST` or `HOST:PORT` (9092), as a list or with commas.
    pub brokers: Brokers,
    /// Name under which brokers log this client. Default: `ssectl`.
    #[serde(default = "default_client_id")]
    pub client_id: Text,
    /// `true`, or the certificates to use; plain text when not said.
    #[serde(default)]
    pub tls: Tls,
    /// How to log in; nobody is asked when not said.
    pub sasl: Option<Sasl>,
    /// Consumer group of reads that name none.
    pub group: Option<Text>,
    /// How a group shares partitions: `range` (default), `roundrobin` or `cooperative-sticky`. All
    /// members of a group must agree; `range` is what other clients offer by default.
    #[serde(default)]
    pub assignment: Assignment,
    /// `classic` (default), or `consumer` for the protocol of Kafka 4 (KIP-848).
    #[serde(default)]
    pub group_protocol: GroupProtocol,
    /// Fixed name of this member, so that a short restart moves no partitions.
    pub group_instance: Option<Text>,
    /// How long a member may be silent before its partitions go to others; `classic` only.
    /// Default: 45s.
    pub session_timeout: Option<Span>,
    /// `read-committed` (default) hides records of aborted and of open transactions;
    /// `read-uncommitted` shows them.
    #[serde(default)]
    pub isolation: Isolation,
    /// What to do when the position to read is gone: `error` (default), or go on at the `earliest`
    /// or the `latest` record.
    #[serde(default)]
    pub offset_reset: OffsetReset,
    /// Who must have a record before it counts as written: `all` in-sync replicas (default), or
    /// the leader alone (`1`).
    #[serde(default, deserialize_with = "text::word")]
    pub acks: Acks,
    /// Retries of the producer neither repeat nor reorder records; on unless `acks` is 1.
    pub idempotence: Option<bool>,
    /// `none` (default), `gzip`, `snappy`, `lz4` or `zstd`.
    #[serde(default)]
    pub compression: Compression,
    /// How long to wait for more records to share a request with. Default: 0.
    #[serde(default = "default_linger")]
    pub linger: Span,
    /// How keys choose partitions: `murmur2-random` (default) as Java clients do,
    /// `consistent-random` as librdkafka, `fnv1a-random` as Sarama, or `random`.
    #[serde(default)]
    pub partitioner: Partitioner,
    /// How long to try to reach the cluster before it counts as unavailable. Default: 10s.
    #[serde(default = "default_connect_timeout")]
    pub connect_timeout: Span,
    /// How long to try to deliver a record, over outages and changes of leaders. Default: 2m.
    #[serde(default = "default_delivery_timeout")]
    pub delivery_timeout: Span,
    /// Replicas of topics made here; the cluster's default when not said.
    pub replication: Option<u16>,
    /// Lists the cluster's own topics (`__consumer_offsets` ...) too.
    #[serde(default)]
    pub internal_topics: bool,
    /// Properties of librdkafka as they are, for what has no option here.
    #[serde(default)]
    pub librdkafka: BTreeMap<String, Text>,
}

impl KafkaConfig {
    /// Checks what no single option can know.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(sasl) = &self.sasl {
            sasl.check()?;
        }
        self.tls.check()?;
        if self.idempotence == Some(true) && self.acks != Acks::All {
            return Err(
                Error::new(ErrorKind::Config, "`idempotence: true` needs `acks: all`")
                    .hint("leave one of them out"),
            );
        }
        if self.session_timeout.is_some() && self.group_protocol == GroupProtocol::Consumer {
            return Err(Error::new(
                ErrorKind::Config,
                "`session-timeout` is the broker's affair with `group-protocol: consumer`",
            ));
        }
        Ok(())
    }
}

/// An option with a few words to choose from, and the librdkafka value each stands for.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The value of librdkafka's property.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $value,)* }
            }
        }
    };
}

choice! {
    /// Who must have a record before it counts as written.
    Acks {
        /// All in-sync replicas.
        #[default]
        All = "all",
        /// The leader of the partition.
        #[serde(rename = "1")]
        Leader = "1",
    }
}

choice! {
    /// Compression of record batches.
    Compression {
        /// As they are.
        #[default]
        None = "none",
        /// RFC 1952.
        Gzip = "gzip",
        /// Fast.
        Snappy = "snappy",
        /// Fast.
        Lz4 = "lz4",
        /// Small.
        Zstd = "zstd",
    }
}

choice! {
    /// How the key chooses the partition.
    Partitioner {
        /// As Java clients do: murmur2 of the key; without one, a random partition for a while.
        #[default]
        Murmur2Random = "murmur2_random",
        /// As librdkafka does by default: CRC-32 of the key.
        ConsistentRandom = "consistent_random",
        /// As Sarama (Go) does: FNV-1a of the key.
        Fnv1aRandom = "fnv1a_random",
        /// Any partition, whatever the key.
        Random = "random",
    }
}

choice! {
    /// Which records of transactions are read.
    Isolation {
        /// Those of committed transactions.
        #[default]
        ReadCommitted = "read_committed",
        /// All.
        ReadUncommitted = "read_uncommitted",
    }
}

choice! {
    /// What to do when a position is gone.
    OffsetReset {
        /// Say so and stop.
        #[default]
        Error = "error",
        /// Go on with the oldest record there is.
        Earliest = "earliest",
        /// Go on with the next record that comes.
        Latest = "latest",
    }
}

choice! {
    /// How members of a group share partitions.
    Assignment {
        /// `range`, and `roundrobin` where all members know it.
        #[default]
        Range = "range,roundrobin",
        /// Round robin, and `range` where all members know it.
        Roundrobin = "roundrobin,range",
        /// Keeps partitions where they are; cannot mix with the other two.
        CooperativeSticky = "cooperative-sticky",
    }
}

choice! {
    /// The protocol between group members and the broker.
    GroupProtocol {
        /// Understood by every broker.
        #[default]
        Classic = "classic",
        /// KIP-848, from Kafka 4.0 on.
        Consumer = "consumer",
    }
}

fn default_client_id() -> Text {
    Text::from("ssectl")
}

fn default_linger() -> Span {
    Span::from_millis(0)
}

fn default_connect_timeout() -> Span {
    Span::from_millis(10_000)
}

fn default_delivery_timeout() -> Span {
    Span::from_millis(120_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row per option, as the README shows them.
    fn rows<T: JsonSchema>(prefix: &str) -> String {
        let schema = schemars::schema_for!(T);
        let options = schema.get("properties").and_then(|p| p.as_object());
        let rows = options.into_iter().flatten().map(|(name, option)| {
            let words = option["description"].as_str().unwrap_or_default();
            let words = words.replace('\n', " ");
            format!("| `{prefix}{name}` | {words} |\n")
        });
        rows.collect()
    }

    #[test]
    fn the_readme_shows_every_option() {
        let readme = include_str!("../README.md");
        for (rows, what) in [
            (rows::<KafkaConfig>(""), "options"),
            (rows::<Sasl>("sasl."), "sasl"),
            (rows::<tls::TlsOptions>("tls."), "tls"),
        ] {
            assert!(
                readme.contains(&rows),
                "the table of {what} should be:\n{rows}"
            );
        }
    }
}
