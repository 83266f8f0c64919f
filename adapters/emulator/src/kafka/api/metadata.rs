//! Metadata: where the cluster's topics are.

use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::kafka::broker::NODE_ID;
use crate::kafka::call::Call;
use crate::kafka::topics::is_valid_name;
use crate::store::Stream;

pub(crate) fn handle(call: &mut Call<'_>, request: MetadataRequest) -> MetadataResponse {
    let (host, port) = call.advertised();
    let broker = MetadataResponseBroker::default()
        .with_node_id(BrokerId(NODE_ID))
        .with_host(host)
        .with_port(port);
    let everything = match &request.topics {
        None => true,
        Some(topics) => topics.is_empty() && call.version == 0,
    };
    let topics = if everything {
        call.broker.topics.all().iter().map(describe).collect()
    } else {
        let asked = request.topics.unwrap_or_default();
        asked
            .into_iter()
            .map(|topic| one(call, topic, request.allow_auto_topic_creation))
            .collect()
    };
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(call.broker.cluster_id.clone()))
        .with_controller_id(BrokerId(NODE_ID))
        .with_topics(topics)
}

/// The topic asked for, by name or id, created if it is missing and may be.
fn one(call: &Call<'_>, asked: MetadataRequestTopic, may_create: bool) -> MetadataResponseTopic {
    let topics = &call.broker.topics;
    let failed = |error: ResponseError, name: Option<TopicName>| {
        let answer = MetadataResponseTopic::default().with_error_code(error.code());
        answer.with_name(name).with_topic_id(asked.topic_id)
    };
    let Some(name) = asked.name.clone() else {
        return match topics.by_id(asked.topic_id) {
            Some(topic) => describe(&topic),
            None => failed(
                ResponseError::UnknownTopicId,
                (call.version < 12).then(TopicName::default),
            ),
        };
    };
    if let Some(topic) = topics.get(&name) {
        return describe(&topic);
    }
    if !is_valid_name(&name) {
        return failed(ResponseError::InvalidTopicException, Some(name));
    }
    let config = &call.broker.config;
    let created = (may_create && config.auto_create)
        .then(|| topics.get_or_create(&name, config.default_partitions));
    match created.flatten() {
        Some(topic) => describe(&topic),
        None => failed(ResponseError::UnknownTopicOrPartition, Some(name)),
    }
}

fn describe(topic: &Arc<Stream>) -> MetadataResponseTopic {
    let here = vec![BrokerId(NODE_ID)];
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(NODE_ID))
            .with_leader_epoch(0)
            .with_replica_nodes(here.clone())
            .with_isr_nodes(here.clone())
    };
    let count = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(
            topic.name().to_owned(),
        ))))
        .with_topic_id(Uuid::from_u128(topic.id()))
        .with_partitions((0..count).map(partition).collect())
}
