//! AlterConfigs and IncrementalAlterConfigs: the configuration of topics.

use std::collections::BTreeSet;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::alter_configs_request::{self, AlterConfigsResource as Replacement};
use kafka_protocol::messages::incremental_alter_configs_request::{
    self, AlterConfigsResource as Increment,
};
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse, alter_configs_response, incremental_alter_configs_response,
};

use super::describe_configs::TOPIC;
use super::error_of;
use crate::kafka::call::Call;
use crate::kafka::partition::Refusal;
use crate::kafka::topic_config::{self, Type};
use crate::store::Attributes;

/// Sets exactly the keys of the request; all others go back to their defaults.
pub(crate) fn replace(call: &mut Call<'_>, request: AlterConfigsRequest) -> AlterConfigsResponse {
    let one = |asked: Replacement| {
        let changed = alter(
            call,
            asked.resource_type,
            &asked.resource_name,
            request.validate_only,
            |_| asked.configs.iter().map(given).collect(),
        );
        let (code, message) = error_of(changed);
        alter_configs_response::AlterConfigsResourceResponse::default()
            .with_error_code(code)
            .with_error_message(message)
            .with_resource_type(asked.resource_type)
            .with_resource_name(asked.resource_name)
    };
    AlterConfigsResponse::default().with_responses(request.resources.into_iter().map(one).collect())
}

fn given(config: &alter_configs_request::AlterableConfig) -> Result<(String, String), Refusal> {
    let value = config
        .value
        .as_ref()
        .ok_or_else(|| null_value(&config.name))?;
    Ok((config.name.to_string(), value.to_string()))
}

/// Changes the keys of the request; all others stay as they are.
pub(crate) fn increment(
    call: &mut Call<'_>,
    request: IncrementalAlterConfigsRequest,
) -> IncrementalAlterConfigsResponse {
    let one = |asked: Increment| {
        let changed = alter(
            call,
            asked.resource_type,
            &asked.resource_name,
            request.validate_only,
            |overrides| changed(overrides, &asked.configs),
        );
        let (code, message) = error_of(changed);
        incremental_alter_configs_response::AlterConfigsResourceResponse::default()
            .with_error_code(code)
            .with_error_message(message)
            .with_resource_type(asked.resource_type)
            .with_resource_name(asked.resource_name)
    };
    IncrementalAlterConfigsResponse::default()
        .with_responses(request.resources.into_iter().map(one).collect())
}

fn changed(
    mut overrides: Attributes,
    changes: &[incremental_alter_configs_request::AlterableConfig],
) -> Result<Attributes, Refusal> {
    let names: BTreeSet<_> = changes.iter().map(|change| &change.name).collect();
    if names.len() < changes.len() {
        return Err((
            ResponseError::InvalidRequest,
            "a key is changed twice".to_owned(),
        ));
    }
    for change in changes {
        apply(&mut overrides, change)?;
    }
    Ok(overrides)
}

/// Operations: 0 set, 1 delete, 2 append to a list, 3 subtract from a list.
fn apply(
    overrides: &mut Attributes,
    change: &incremental_alter_configs_request::AlterableConfig,
) -> Result<(), Refusal> {
    let name = change.name.as_str();
    let key = topic_config::find(name);
    let key = key.ok_or_else(|| {
        (
            ResponseError::InvalidConfig,
            format!("Unknown topic config name: {name}"),
        )
    })?;
    if change.config_operation == 1 {
        overrides.remove(name);
        return Ok(());
    }
    let value = change
        .value
        .as_ref()
        .ok_or_else(|| null_value(name))?
        .as_str();
    let current = overrides.get(name).map_or(key.default, String::as_str);
    let items = |text: &str| {
        text.split(',')
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let new = match change.config_operation {
        0 => value.to_owned(),
        2 | 3 if key.kind != Type::List => {
            return Err((
                ResponseError::InvalidConfig,
                format!("`{name}` is not a list that can be changed by items"),
            ));
        }
        2 => {
            let mut list = items(current);
            list.extend(
                items(value)
                    .into_iter()
                    .filter(|item| !items(current).contains(item)),
            );
            list.join(",")
        }
        3 => items(current)
            .into_iter()
            .filter(|item| !items(value).contains(item))
            .collect::<Vec<_>>()
            .join(","),
        other => {
            return Err((
                ResponseError::InvalidRequest,
                format!("unknown operation {other}"),
            ));
        }
    };
    overrides.insert(name.to_owned(), new);
    Ok(())
}

fn null_value(name: &str) -> Refusal {
    (
        ResponseError::InvalidConfig,
        format!("Null value not supported for : {name}"),
    )
}

/// Replaces the overrides of a topic with what `change` makes of them.
fn alter(
    call: &Call<'_>,
    resource_type: i8,
    name: &str,
    validate_only: bool,
    change: impl FnOnce(Attributes) -> Result<Attributes, Refusal>,
) -> Result<(), Refusal> {
    if resource_type != TOPIC {
        let reason =
            "only topics can be configured; the emulator itself takes its settings when it starts";
        return Err((ResponseError::InvalidRequest, reason.to_owned()));
    }
    let unknown = || {
        (
            ResponseError::UnknownTopicOrPartition,
            format!("The topic '{name}' does not exist."),
        )
    };
    let topic = call.broker.topics.get(name).ok_or_else(unknown)?;
    let overrides = change(topic_config::entries(topic.stream.attributes()))?;
    topic_config::check(&overrides).map_err(|reason| (ResponseError::InvalidConfig, reason))?;
    if validate_only {
        Ok(())
    } else {
        call.broker.topics.configure(&topic, overrides)
    }
}
