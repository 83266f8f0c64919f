//! DescribeConfigs: the configuration of topics and of the broker.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;

use super::error_of;
use crate::kafka::broker::{Broker, NODE_ID};
use crate::kafka::call::Call;
use crate::kafka::partition::Refusal;
use crate::kafka::topic_config::{KEYS, Key, Type};
use crate::store::Attributes;

/// The number of a topic as a resource.
pub(super) const TOPIC: i8 = 2;

/// The number of a broker as a resource.
pub(super) const BROKER: i8 = 4;

/// Where a value comes from.
mod source {
    pub(super) const TOPIC: i8 = 1;
    pub(super) const STATIC_BROKER: i8 = 4;
    pub(super) const DEFAULT: i8 = 5;
}

/// A key of a topic with its value.
pub(super) struct Value {
    pub(super) key: &'static Key,
    pub(super) value: String,
    pub(super) source: i8,
}

/// All keys of a topic that has these overrides.
pub(super) fn topic_values(overrides: &Attributes) -> impl Iterator<Item = Value> {
    KEYS.iter().map(|key| match overrides.get(key.name) {
        Some(value) => Value {
            key,
            value: value.clone(),
            source: source::TOPIC,
        },
        None => Value {
            key,
            value: key.default.to_owned(),
            source: default_source(key),
        },
    })
}

/// The one default that differs from Kafka's counts as set by the broker.
fn default_source(key: &Key) -> i8 {
    if key.name == "retention.ms" {
        source::STATIC_BROKER
    } else {
        source::DEFAULT
    }
}

pub(crate) fn handle(
    call: &mut Call<'_>,
    request: DescribeConfigsRequest,
) -> DescribeConfigsResponse {
    let wanted = Wanted {
        synonyms: request.include_synonyms,
        documentation: request.include_documentation,
    };
    let one = |asked: DescribeConfigsResource| {
        let answer = DescribeConfigsResult::default()
            .with_resource_type(asked.resource_type)
            .with_resource_name(asked.resource_name.clone());
        match describe(call.broker, &asked, wanted) {
            Ok(configs) => answer.with_configs(configs),
            Err(refusal) => {
                let (code, message) = error_of::<()>(Err(refusal));
                answer.with_error_code(code).with_error_message(message)
            }
        }
    };
    DescribeConfigsResponse::default()
        .with_results(request.resources.into_iter().map(one).collect())
}

/// What is asked for besides the values.
#[derive(Clone, Copy)]
struct Wanted {
    synonyms: bool,
    documentation: bool,
}

fn describe(
    broker: &Broker,
    asked: &DescribeConfigsResource,
    wanted: Wanted,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    let all = match asked.resource_type {
        TOPIC => topic(broker, &asked.resource_name, wanted)?,
        BROKER => broker_configs(broker, &asked.resource_name)?,
        other => {
            let reason = format!("the emulator has no configuration of resource type {other}");
            return Err((ResponseError::InvalidRequest, reason));
        }
    };
    let is_wanted = |name: &StrBytes| {
        asked
            .configuration_keys
            .as_ref()
            .is_none_or(|keys| keys.contains(name))
    };
    Ok(all
        .into_iter()
        .filter(|config| is_wanted(&config.name))
        .collect())
}

fn topic(
    broker: &Broker,
    name: &str,
    wanted: Wanted,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    let unknown = || {
        (
            ResponseError::UnknownTopicOrPartition,
            format!("there is no topic `{name}`"),
        )
    };
    let topic = broker.topics.get(name).ok_or_else(unknown)?;
    let describe = |value: Value| {
        let synonyms = if wanted.synonyms {
            synonyms(&value)
        } else {
            Vec::new()
        };
        let documentation = wanted
            .documentation
            .then(|| StrBytes::from_static_str(value.key.doc));
        DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str(value.key.name))
            .with_value(Some(StrBytes::from_string(value.value)))
            .with_config_source(value.source)
            .with_config_type(value.key.kind.code())
            .with_synonyms(synonyms)
            .with_documentation(documentation)
    };
    Ok(topic_values(&topic.stream.attributes())
        .map(describe)
        .collect())
}

/// The value, and the default it hides.
fn synonyms(value: &Value) -> Vec<DescribeConfigsSynonym> {
    let synonym = |text: &str, source: i8| {
        let synonym =
            DescribeConfigsSynonym::default().with_name(StrBytes::from_static_str(value.key.name));
        synonym
            .with_value(Some(StrBytes::from_string(text.to_owned())))
            .with_source(source)
    };
    let default = synonym(value.key.default, default_source(value.key));
    match value.source {
        source::TOPIC => vec![synonym(&value.value, source::TOPIC), default],
        _ => vec![default],
    }
}

/// The settings of the emulator under the names that Kafka's brokers have for them; they are read-only.
fn broker_configs(
    broker: &Broker,
    name: &str,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    if name.parse() != Ok(NODE_ID) {
        let reason = format!("Unexpected broker id, expected {NODE_ID}, but received `{name}`");
        return Err((ResponseError::InvalidRequest, reason));
    }
    let config = &broker.config;
    let settings = [
        (
            "auto.create.topics.enable",
            Type::Boolean,
            config.auto_create.to_string(),
        ),
        ("broker.id", Type::Int, NODE_ID.to_string()),
        ("default.replication.factor", Type::Int, "1".to_owned()),
        (
            "group.initial.rebalance.delay.ms",
            Type::Int,
            config.initial_rebalance_delay.as_millis().to_string(),
        ),
        ("log.dirs", Type::String, broker.log_dir()),
        ("log.retention.ms", Type::Long, "-1".to_owned()),
        (
            "max.connections",
            Type::Int,
            config.limits.connections.to_string(),
        ),
        (
            "num.partitions",
            Type::Int,
            config.default_partitions.to_string(),
        ),
        (
            "socket.request.max.bytes",
            Type::Int,
            config.limits.request_bytes.to_string(),
        ),
    ];
    let describe = |(name, kind, value): (&'static str, Type, String)| {
        DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(Some(StrBytes::from_string(value)))
            .with_read_only(true)
            .with_config_source(source::STATIC_BROKER)
            .with_config_type(kind.code())
    };
    Ok(settings.into_iter().map(describe).collect())
}
