//! Metadata, CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    BrokerId, CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, MetadataRequest, MetadataResponse,
};
use kafka_protocol::protocol::StrBytes;
use ssectl_emulator::kafka::{Config, Emulator};

use super::client::*;

fn metadata(client: &mut Client, names: &[&str], create: bool) -> MetadataResponse {
    let topics = names
        .iter()
        .map(|name| MetadataRequestTopic::default().with_name(Some(topic_name(name))));
    let request = MetadataRequest::default().with_topics(Some(topics.collect()));
    client.call(12, &request.with_allow_auto_topic_creation(create))
}

fn creatable(name: &str) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(2)
        .with_replication_factor(1)
}

fn create(
    client: &mut Client,
    topics: Vec<CreatableTopic>,
    validate_only: bool,
) -> Vec<(i16, String)> {
    let request = CreateTopicsRequest::default()
        .with_topics(topics)
        .with_validate_only(validate_only);
    let results = client.call(7, &request).topics;
    results
        .into_iter()
        .map(|topic| {
            (
                topic.error_code,
                topic.error_message.unwrap_or_default().to_string(),
            )
        })
        .collect()
}

#[test]
fn topics_are_created_by_metadata_if_both_sides_agree() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    let missing = metadata(&mut client, &["t"], false);
    assert_eq!(
        error(missing.topics[0].error_code),
        Some(ResponseError::UnknownTopicOrPartition)
    );
    let created = metadata(&mut client, &["t", "bad name"], true);
    assert_eq!(
        (
            created.topics[0].error_code,
            created.topics[0].partitions.len()
        ),
        (0, 1)
    );
    assert_eq!(
        error(created.topics[1].error_code),
        Some(ResponseError::InvalidTopicException)
    );
    let again = metadata(&mut client, &["t"], true);
    assert_eq!(again.topics[0].topic_id, created.topics[0].topic_id);
    let strict = Emulator::start(Config {
        auto_create: false,
        ..Config::default()
    })
    .unwrap();
    let refused = metadata(&mut Client::of(&strict), &["t"], true);
    assert_eq!(
        error(refused.topics[0].error_code),
        Some(ResponseError::UnknownTopicOrPartition)
    );
}

#[test]
fn metadata_tells_where_the_client_is_connected_to_in_every_version() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 3, &[]);
    for version in 0..=12 {
        let response = client.call(
            version,
            &MetadataRequest::default().with_topics(if version == 0 {
                Some(Vec::new())
            } else {
                None
            }),
        );
        assert_eq!(response.brokers.len(), 1);
        assert_eq!(response.brokers[0].host.as_str(), "127.0.0.1");
        assert_eq!(
            response.brokers[0].port,
            i32::from(emulator.address().port())
        );
        assert_eq!(response.topics.len(), 1);
        assert_eq!(response.topics[0].partitions.len(), 3);
    }
    let advertised = Some(("broker.example".to_owned(), 9999));
    let elsewhere = Emulator::start(Config {
        advertised,
        ..Config::default()
    })
    .unwrap();
    let response = metadata(&mut Client::of(&elsewhere), &[], false);
    assert_eq!(
        (response.brokers[0].host.as_str(), response.brokers[0].port),
        ("broker.example", 9999)
    );
}

#[test]
fn a_topic_that_kafka_would_not_create_is_refused() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("a.b", 1, &[]);
    let with = |key: &str, value: Option<&str>| {
        let config = CreatableTopicConfig::default()
            .with_name(text(key))
            .with_value(value.map(text));
        creatable("new").with_configs(vec![config])
    };
    let elsewhere = CreatableReplicaAssignment::default().with_broker_ids(vec![BrokerId(7)]);
    let assigned = creatable("new")
        .with_num_partitions(-1)
        .with_replication_factor(-1);
    let cases = [
        (creatable("a.b"), ResponseError::TopicAlreadyExists),
        (creatable("a_b"), ResponseError::InvalidTopicException),
        (creatable(""), ResponseError::InvalidTopicException),
        (creatable(".."), ResponseError::InvalidTopicException),
        (creatable("a/b"), ResponseError::InvalidTopicException),
        (
            creatable(&"x".repeat(250)),
            ResponseError::InvalidTopicException,
        ),
        (
            creatable("new").with_num_partitions(0),
            ResponseError::InvalidPartitions,
        ),
        (
            creatable("new").with_num_partitions(-2),
            ResponseError::InvalidPartitions,
        ),
        (
            creatable("new").with_num_partitions(1_000_000),
            ResponseError::InvalidPartitions,
        ),
        (
            creatable("new").with_replication_factor(3),
            ResponseError::InvalidReplicationFactor,
        ),
        (
            creatable("new").with_replication_factor(0),
            ResponseError::InvalidReplicationFactor,
        ),
        (
            assigned.with_assignments(vec![elsewhere]),
            ResponseError::InvalidReplicaAssignment,
        ),
        (with("no.such.key", Some("1")), ResponseError::InvalidConfig),
        (with("retention.ms", None), ResponseError::InvalidConfig),
        (
            with("retention.ms", Some("soon")),
            ResponseError::InvalidConfig,
        ),
        (
            with("retention.ms", Some("-2")),
            ResponseError::InvalidConfig,
        ),
        (
            with("segment.bytes", Some("1000")),
            ResponseError::InvalidConfig,
        ),
        (
            with("cleanup.policy", Some("shred")),
            ResponseError::InvalidConfig,
        ),
        (
            with("cleanup.policy", Some("")),
            ResponseError::InvalidConfig,
        ),
        (
            with("min.cleanable.dirty.ratio", Some("1.5")),
            ResponseError::InvalidConfig,
        ),
        (
            with("compression.type", Some("gzip")),
            ResponseError::InvalidConfig,
        ),
        (
            with("remote.storage.enable", Some("true")),
            ResponseError::InvalidConfig,
        ),
    ];
    for (topic, expected) in cases {
        let results = create(&mut client, vec![topic.clone()], false);
        assert_eq!(
            error(results[0].0),
            Some(expected),
            "{topic:?}: {}",
            results[0].1
        );
        assert!(!results[0].1.is_empty());
    }
    let doubled = create(&mut client, vec![creatable("new"), creatable("new")], false);
    assert!(
        doubled
            .iter()
            .all(|(code, _)| error(*code) == Some(ResponseError::InvalidRequest))
    );
    assert_eq!(create(&mut client, vec![creatable("new")], true)[0].0, 0);
    assert_eq!(
        metadata(&mut client, &["new"], false).topics[0].error_code,
        3
    );
}

#[test]
fn topics_are_created_in_every_version() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    for version in 2..=7 {
        let name = format!("v{version}");
        let here = |index| {
            CreatableReplicaAssignment::default()
                .with_partition_index(index)
                .with_broker_ids(vec![BrokerId(1)])
        };
        let assigned = creatable("")
            .with_num_partitions(-1)
            .with_replication_factor(-1);
        let topics = vec![
            creatable(&name),
            assigned
                .with_name(topic_name(&format!("{name}-assigned")))
                .with_assignments(vec![here(1), here(0)]),
        ];
        let response = client.call(version, &CreateTopicsRequest::default().with_topics(topics));
        for topic in &response.topics {
            assert_eq!(topic.error_code, 0, "{:?}", topic.error_message);
            assert_eq!(topic.topic_id.is_nil(), version < 7);
            assert_eq!(topic.num_partitions, if version < 5 { -1 } else { 2 });
            assert_eq!(
                metadata(&mut client, &[&topic.name], false).topics[0]
                    .partitions
                    .len(),
                2
            );
        }
    }
}

#[test]
fn topics_are_deleted_by_name_and_by_id() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    for version in 1..=6 {
        client.create_topic("t", 1, &[]);
        client.produce("t", 0, batch(ANYBODY, &["old"]));
        let request = match version {
            6 => {
                let id = metadata(&mut client, &["t"], false).topics[0].topic_id;
                DeleteTopicsRequest::default().with_topics(vec![
                    DeleteTopicState::default()
                        .with_name(None)
                        .with_topic_id(id),
                ])
            }
            _ => DeleteTopicsRequest::default().with_topic_names(vec![topic_name("t")]),
        };
        let response = client.call(version, &request);
        assert_eq!(response.responses[0].error_code, 0);
        assert_eq!(
            response.responses[0]
                .name
                .as_ref()
                .map(|name| name.as_str()),
            Some("t")
        );
        let again = client.call(version, &request);
        assert_ne!(again.responses[0].error_code, 0);
    }
    client.create_topic("t", 1, &[]);
    assert_eq!(
        client.fetch("t", 0, 0, false).high_watermark,
        0,
        "a new topic of the name is empty"
    );
}

#[test]
fn partitions_can_be_added_but_not_taken_away() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 2, &[]);
    let mut grow = |name: &str, count: i32| {
        let topic = CreatePartitionsTopic::default()
            .with_name(topic_name(name))
            .with_count(count);
        let topic = topic.with_assignments(None);
        client
            .call(
                3,
                &CreatePartitionsRequest::default().with_topics(vec![topic]),
            )
            .results[0]
            .error_code
    };
    assert_eq!(grow("t", 5), 0);
    assert_eq!(error(grow("t", 5)), Some(ResponseError::InvalidPartitions));
    assert_eq!(error(grow("t", 1)), Some(ResponseError::InvalidPartitions));
    assert_eq!(
        error(grow("u", 5)),
        Some(ResponseError::UnknownTopicOrPartition)
    );
    assert_eq!(client.produce("t", 4, batch(ANYBODY, &["x"])).error_code, 0);
}

#[test]
fn deleted_records_are_gone_and_offsets_go_on() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    client.create_topic("c", 1, &[("cleanup.policy", "compact")]);
    for value in ["a", "b", "c", "d"] {
        client.produce("t", 0, batch(ANYBODY, &[value]));
    }
    let mut delete = |topic: &str, offset: i64| {
        let partition = DeleteRecordsPartition::default().with_offset(offset);
        let topic = DeleteRecordsTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(vec![partition]);
        let response = client.call(2, &DeleteRecordsRequest::default().with_topics(vec![topic]));
        let result = &response.topics[0].partitions[0];
        (result.error_code, result.low_watermark)
    };
    assert_eq!(delete("t", 2), (0, 2));
    assert_eq!(delete("t", 1), (0, 2), "what is gone stays gone");
    assert_eq!(
        error(delete("t", 5).0),
        Some(ResponseError::OffsetOutOfRange)
    );
    assert_eq!(
        error(delete("c", 0).0),
        Some(ResponseError::PolicyViolation)
    );
    assert_eq!(
        error(delete("u", 0).0),
        Some(ResponseError::UnknownTopicOrPartition)
    );
    assert_eq!(delete("t", -1), (0, 4));
    assert_eq!(
        error(client.fetch("t", 0, 3, false).error_code),
        Some(ResponseError::OffsetOutOfRange)
    );
    assert_eq!(
        client.produce("t", 0, batch(ANYBODY, &["e"])).base_offset,
        4
    );
    assert_eq!(client.values("t", 0, false), ["e"]);
}

#[test]
fn a_waiting_fetch_learns_that_its_topic_is_gone() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    client.send(
        12,
        &fetch_request("t", 0, 0)
            .with_max_wait_ms(15_000)
            .with_min_bytes(1),
    );
    let names = vec![topic_name("t")];
    Client::of(&emulator).call(5, &DeleteTopicsRequest::default().with_topic_names(names));
    let response = client.receive::<kafka_protocol::messages::FetchRequest>(12);
    let code = response.responses[0].partitions[0].error_code;
    assert_eq!(error(code), Some(ResponseError::UnknownTopicOrPartition));
}

#[test]
fn names_are_text_of_any_kind_but_topics_are_not() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    let odd = StrBytes::from_static_str("früh/stück");
    let request = MetadataRequestTopic::default().with_name(Some(odd.into()));
    let response = client.call(
        12,
        &MetadataRequest::default().with_topics(Some(vec![request])),
    );
    assert_eq!(
        error(response.topics[0].error_code),
        Some(ResponseError::InvalidTopicException)
    );
}
