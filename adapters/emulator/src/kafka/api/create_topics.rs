//! CreateTopics.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use kafka_protocol::messages::{BrokerId, CreateTopicsRequest, CreateTopicsResponse};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::describe_configs::{Value, topic_values};
use super::error_of;
use crate::kafka::broker::NODE_ID;
use crate::kafka::call::Call;
use crate::kafka::partition::Refusal;
use crate::store::Attributes;

/// What was created, or would have been.
struct Created {
    id: Uuid,
    partitions: u32,
    overrides: Attributes,
}

pub(crate) fn handle(call: &mut Call<'_>, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let mut times = BTreeMap::<StrBytes, usize>::new();
    for topic in &request.topics {
        *times.entry(topic.name.0.clone()).or_default() += 1;
    }
    let one = |topic: CreatableTopic| {
        let name = topic.name.clone();
        let created = match times[&name.0] {
            1 => create(call, topic, request.validate_only),
            _ => Err((
                ResponseError::InvalidRequest,
                "Duplicate topic name.".to_owned(),
            )),
        };
        respond(
            CreatableTopicResult::default().with_name(name),
            created,
            call.version,
        )
    };
    CreateTopicsResponse::default().with_topics(request.topics.into_iter().map(one).collect())
}

fn create(call: &Call<'_>, asked: CreatableTopic, validate_only: bool) -> Result<Created, Refusal> {
    let partitions = partitions_of(call, &asked)?;
    let overrides = overrides_of(&asked)?;
    let topics = &call.broker.topics;
    if validate_only {
        topics.check_new(&asked.name, partitions, &overrides)?;
        return Ok(Created {
            id: Uuid::nil(),
            partitions,
            overrides,
        });
    }
    let topic = topics.create(&asked.name, partitions, overrides.clone())?;
    Ok(Created {
        id: topic.id(),
        partitions,
        overrides,
    })
}

/// The number of partitions, given as such or by an assignment to brokers.
fn partitions_of(call: &Call<'_>, asked: &CreatableTopic) -> Result<u32, Refusal> {
    let count = |number: i32| {
        let reason = "Number of partitions must be larger than 0, or -1 to use the default value.";
        u32::try_from(number)
            .ok()
            .filter(|count| *count > 0)
            .ok_or((ResponseError::InvalidPartitions, reason.to_owned()))
    };
    if asked.assignments.is_empty() {
        check_replication(asked.replication_factor)?;
        return match asked.num_partitions {
            -1 => Ok(call.broker.config.default_partitions),
            number => count(number),
        };
    }
    if asked.num_partitions != -1 || asked.replication_factor != -1 {
        let reason = "A manual partition assignment was specified, but partitions or replication factor were not -1.";
        return Err((ResponseError::InvalidRequest, reason.to_owned()));
    }
    let mut numbers: Vec<_> = asked
        .assignments
        .iter()
        .map(|assignment| assignment.partition_index)
        .collect();
    numbers.sort_unstable();
    let in_order = numbers.iter().copied().eq(0..numbers.len() as i32);
    let here = asked
        .assignments
        .iter()
        .all(|assignment| assignment.broker_ids == [BrokerId(NODE_ID)]);
    if !in_order || !here {
        let reason = format!(
            "The partitions must be numbered from 0 and assigned to the only broker, {NODE_ID}."
        );
        return Err((ResponseError::InvalidReplicaAssignment, reason));
    }
    Ok(numbers.len() as u32)
}

fn check_replication(factor: i16) -> Result<(), Refusal> {
    match factor {
        -1 | 1 => Ok(()),
        0 | ..-1 => {
            let reason =
                "Replication factor must be larger than 0, or -1 to use the default value.";
            Err((ResponseError::InvalidReplicationFactor, reason.to_owned()))
        }
        _ => {
            let reason = format!(
                "Unable to replicate the partition {factor} time(s): The target replication factor of {factor} cannot \
                 be reached because only 1 broker(s) are registered."
            );
            Err((ResponseError::InvalidReplicationFactor, reason))
        }
    }
}

fn overrides_of(asked: &CreatableTopic) -> Result<Attributes, Refusal> {
    let entry = |config: &kafka_protocol::messages::create_topics_request::CreatableTopicConfig| {
        let null = || {
            (
                ResponseError::InvalidConfig,
                format!(
                    "Null value not supported for topic configs: {}",
                    config.name
                ),
            )
        };
        Ok((
            config.name.to_string(),
            config.value.as_ref().ok_or_else(null)?.to_string(),
        ))
    };
    asked.configs.iter().map(entry).collect()
}

fn respond(
    answer: CreatableTopicResult,
    created: Result<Created, Refusal>,
    version: i16,
) -> CreatableTopicResult {
    let created = match created {
        Ok(created) => created,
        Err(refusal) => {
            let (code, message) = error_of::<()>(Err(refusal));
            return answer
                .with_error_code(code)
                .with_error_message(message)
                .with_configs(Some(Vec::new()));
        }
    };
    if version < 5 {
        return answer;
    }
    let config = |value: Value| {
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_static_str(value.key.name))
            .with_value(Some(StrBytes::from_string(value.value)))
            .with_config_source(value.source)
    };
    let answer = answer.with_topic_id(if version >= 7 {
        created.id
    } else {
        Uuid::nil()
    });
    answer
        .with_num_partitions(created.partitions as i32)
        .with_replication_factor(1)
        .with_configs(Some(topic_values(&created.overrides).map(config).collect()))
}
