//! DeleteTopics.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};

use super::error_of;
use crate::kafka::call::Call;
use crate::kafka::partition::{Refusal, store_refusal};

pub(crate) fn handle(call: &mut Call<'_>, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let by_name = request
        .topic_names
        .into_iter()
        .map(|name| DeleteTopicState::default().with_name(Some(name)));
    let asked = request.topics.into_iter().chain(by_name);
    DeleteTopicsResponse::default().with_responses(asked.map(|topic| delete(call, topic)).collect())
}

fn delete(call: &Call<'_>, asked: DeleteTopicState) -> DeletableTopicResult {
    let topic = match &asked.name {
        Some(name) => call.broker.topics.get(name),
        None => call.broker.topics.by_id(asked.topic_id),
    };
    let unknown = match asked.name {
        Some(_) => (
            ResponseError::UnknownTopicOrPartition,
            "This server does not host this topic-partition.".to_owned(),
        ),
        None => (
            ResponseError::UnknownTopicId,
            "This server does not host this topic ID.".to_owned(),
        ),
    };
    let answer = match &topic {
        Some(topic) => DeletableTopicResult::default()
            .with_name(Some(topic.wire_name()))
            .with_topic_id(topic.id()),
        None => DeletableTopicResult::default()
            .with_name(asked.name)
            .with_topic_id(asked.topic_id),
    };
    let deleted = topic
        .ok_or(unknown)
        .and_then(|topic| remove(call, topic.name()));
    let (code, message) = error_of(deleted);
    answer.with_error_code(code).with_error_message(message)
}

fn remove(call: &Call<'_>, name: &str) -> Result<(), Refusal> {
    call.broker.topics.delete(name)?;
    call.broker
        .groups
        .forget_topic(name)
        .map_err(|error| store_refusal(&error))
}
