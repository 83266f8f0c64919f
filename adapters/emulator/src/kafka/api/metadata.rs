//! Metadata: where the cluster's topics are.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, MetadataRequest, MetadataResponse, TopicName};

use super::{OPERATIONS_UNASKED, operations};
use crate::kafka::broker::NODE_ID;
use crate::kafka::call::Call;
use crate::kafka::partition::LEADER_EPOCH;
use crate::kafka::topics::Topic;
use crate::store::Attributes;

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
        call.broker
            .topics
            .all()
            .iter()
            .map(|topic| describe(topic))
            .collect::<Vec<_>>()
    } else {
        let asked = request.topics.unwrap_or_default();
        asked
            .into_iter()
            .map(|topic| one(call, topic, request.allow_auto_topic_creation))
            .collect()
    };
    let (ask_topic, ask_cluster) = (
        request.include_topic_authorized_operations,
        request.include_cluster_authorized_operations,
    );
    let allowed = if ask_topic {
        operations::TOPIC
    } else {
        OPERATIONS_UNASKED
    };
    let topics = topics
        .into_iter()
        .map(|topic| topic.with_topic_authorized_operations(allowed));
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(call.broker.cluster_id.clone()))
        .with_controller_id(BrokerId(NODE_ID))
        .with_cluster_authorized_operations(if ask_cluster {
            operations::CLUSTER
        } else {
            OPERATIONS_UNASKED
        })
        .with_topics(topics.collect())
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
            // Before version 12 a response cannot go without a name.
            None => failed(
                ResponseError::UnknownTopicId,
                (call.version < 12).then(TopicName::default),
            ),
        };
    };
    if let Some(topic) = topics.get(&name) {
        return describe(&topic);
    }
    let config = &call.broker.config;
    if let Err((error @ ResponseError::InvalidTopicException, _)) =
        topics.check_new(&name, config.default_partitions, &Attributes::new())
    {
        return failed(error, Some(name));
    }
    if !may_create || !config.auto_create {
        return failed(ResponseError::UnknownTopicOrPartition, Some(name));
    }
    // Somebody else may have created it just now.
    let created = topics.create(&name, config.default_partitions, Attributes::new());
    match created.ok().or_else(|| topics.get(&name)) {
        Some(topic) => describe(&topic),
        None => failed(ResponseError::LeaderNotAvailable, Some(name)),
    }
}

fn describe(topic: &Topic) -> MetadataResponseTopic {
    let here = vec![BrokerId(NODE_ID)];
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(NODE_ID))
            .with_leader_epoch(LEADER_EPOCH)
            .with_replica_nodes(here.clone())
            .with_isr_nodes(here.clone())
    };
    MetadataResponseTopic::default()
        .with_name(Some(topic.wire_name()))
        .with_topic_id(topic.id())
        .with_partitions((0..topic.partition_count()).map(partition).collect())
}
