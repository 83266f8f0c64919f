//! ApiVersions, coverage, configurations, cluster, log directories, epochs.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    AlterConfigsRequest, ApiKey, ApiVersionsRequest, ApiVersionsResponse, BrokerId,
    DescribeClusterRequest, DescribeConfigsRequest, DescribeLogDirsRequest,
    IncrementalAlterConfigsRequest, OffsetForLeaderEpochRequest, alter_configs_request,
};
use kafka_protocol::protocol::Decodable;
use ssectl_emulator::kafka::{Config, Emulator, Support, coverage};

use super::client::*;

#[test]
fn api_versions_and_coverage_say_the_same() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    for version in 0..=4 {
        let request = ApiVersionsRequest::default();
        let request = match version {
            3.. => request
                .with_client_software_name(text("t"))
                .with_client_software_version(text("1")),
            _ => request,
        };
        let response = client.call(version, &request);
        let advertised: Vec<_> = response
            .api_keys
            .iter()
            .map(|api| (api.api_key, api.min_version..=api.max_version))
            .collect();
        let covered = coverage().into_iter().filter_map(|row| match row.support {
            Support::Full(versions) | Support::Partly(versions, _) => Some((row.key, versions)),
            Support::Refused => None,
        });
        assert_eq!(advertised, covered.collect::<Vec<_>>());
    }
}

#[test]
fn coverage_lists_every_request_of_the_protocol_and_nothing_beyond_the_codecs() {
    let rows = coverage();
    assert_eq!(rows.len(), ApiKey::iter().count());
    for row in rows {
        let codecs = ApiKey::try_from(row.key).unwrap().valid_versions();
        if let Support::Full(versions) | Support::Partly(versions, _) = row.support {
            assert!(
                codecs.min <= *versions.start() && *versions.end() <= codecs.max,
                "{}",
                row.name
            );
        }
    }
}

#[test]
fn a_newer_api_versions_is_answered_in_version_0() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    let newest = ApiVersionsRequest::default();
    let newest = newest
        .with_client_software_name(text("t"))
        .with_client_software_version(text("1"));
    client.send(4, &newest);
    client.receive_bytes().unwrap();
    // A version from the future: its header is known, its body is anybody's guess.
    use std::io::Write;
    client
        .stream
        .write_all(&[0, 0, 0, 14, 0, 18, 0, 99, 0, 0, 0, 7, 0, 0, 0, 1, 2, 3])
        .unwrap();
    let mut answer = client.receive_bytes().unwrap();
    assert_eq!(answer.split_to(4)[..], [0, 0, 0, 7]);
    let response = ApiVersionsResponse::decode(&mut answer, 0).unwrap();
    assert_eq!(
        error(response.error_code),
        Some(ResponseError::UnsupportedVersion)
    );
    assert!(response.api_keys.len() > 30);
}

fn configs(
    client: &mut Client,
    kind: i8,
    name: &str,
) -> Result<Vec<(String, String, i8)>, ResponseError> {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name));
    let request = DescribeConfigsRequest::default()
        .with_resources(vec![resource.with_configuration_keys(None)]);
    let result = client
        .call(
            4,
            &request
                .with_include_synonyms(true)
                .with_include_documentation(true),
        )
        .results
        .remove(0);
    match error(result.error_code) {
        Some(error) if result.error_code != 0 => Err(error),
        _ => Ok(result
            .configs
            .into_iter()
            .map(|config| {
                (
                    config.name.to_string(),
                    config.value.unwrap().to_string(),
                    config.config_source,
                )
            })
            .collect()),
    }
}

fn value_of(client: &mut Client, name: &str) -> (String, i8) {
    let all = configs(client, 2, "t").unwrap();
    all.into_iter()
        .find(|(key, ..)| key == name)
        .map(|(_, value, source)| (value, source))
        .unwrap()
}

/// Operations: 0 set, 1 delete, 2 append, 3 subtract.
fn alter(
    client: &mut Client,
    kind: i8,
    changes: &[(&str, i8, Option<&str>)],
) -> Option<ResponseError> {
    let change = |(key, operation, value): &(&str, i8, Option<&str>)| {
        AlterableConfig::default()
            .with_name(text(key))
            .with_config_operation(*operation)
            .with_value(value.map(text))
    };
    let resource = AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text("t"));
    let resource = resource.with_configs(changes.iter().map(change).collect());
    let response = client.call(
        1,
        &IncrementalAlterConfigsRequest::default().with_resources(vec![resource]),
    );
    error(response.responses[0].error_code).filter(|_| response.responses[0].error_code != 0)
}

#[test]
fn topic_configurations_are_shown_and_changed() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[("retention.ms", "5000")]);
    assert_eq!(
        value_of(&mut client, "retention.ms"),
        ("5000".to_owned(), 1)
    );
    assert_eq!(
        value_of(&mut client, "cleanup.policy"),
        ("delete".to_owned(), 5)
    );
    assert_eq!(
        alter(
            &mut client,
            2,
            &[
                ("cleanup.policy", 2, Some("compact")),
                ("retention.ms", 1, None)
            ]
        ),
        None
    );
    assert_eq!(
        value_of(&mut client, "cleanup.policy"),
        ("delete,compact".to_owned(), 1)
    );
    assert_eq!(value_of(&mut client, "retention.ms"), ("-1".to_owned(), 4));
    assert_eq!(
        alter(&mut client, 2, &[("cleanup.policy", 3, Some("delete"))]),
        None
    );
    assert_eq!(value_of(&mut client, "cleanup.policy").0, "compact");
    for wrong in [
        &[("cleanup.policy", 3, Some("compact"))][..],
        &[("retention.ms", 2, Some("1"))],
        &[("retention.ms", 0, Some("x"))],
        &[("retention.ms", 0, None)],
        &[("unknown", 0, Some("1"))],
    ] {
        assert_eq!(
            alter(&mut client, 2, wrong),
            Some(ResponseError::InvalidConfig),
            "{wrong:?}"
        );
    }
    let twice = [
        ("retention.ms", 0, Some("1")),
        ("retention.ms", 0, Some("2")),
    ];
    assert_eq!(
        alter(&mut client, 2, &twice),
        Some(ResponseError::InvalidRequest)
    );
    assert_eq!(
        alter(&mut client, 4, &[("num.partitions", 0, Some("1"))]),
        Some(ResponseError::InvalidRequest)
    );
    let whole = alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(text("t"));
    let config = alter_configs_request::AlterableConfig::default().with_name(text("segment.ms"));
    let whole = whole.with_configs(vec![config.with_value(Some(text("60000")))]);
    let response = client.call(
        2,
        &AlterConfigsRequest::default().with_resources(vec![whole]),
    );
    assert_eq!(response.responses[0].error_code, 0);
    assert_eq!(value_of(&mut client, "segment.ms"), ("60000".to_owned(), 1));
    assert_eq!(
        value_of(&mut client, "cleanup.policy"),
        ("delete".to_owned(), 5)
    );
}

#[test]
fn what_has_no_configuration_is_refused() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    assert_eq!(
        configs(&mut client, 2, "u"),
        Err(ResponseError::UnknownTopicOrPartition)
    );
    assert_eq!(
        configs(&mut client, 4, "7"),
        Err(ResponseError::InvalidRequest)
    );
    assert_eq!(
        configs(&mut client, 8, "1"),
        Err(ResponseError::InvalidRequest)
    );
    let broker = configs(&mut client, 4, "1").unwrap();
    assert!(broker.contains(&("num.partitions".to_owned(), "1".to_owned(), 4)));
}

#[test]
fn retention_and_compaction_follow_the_configuration() {
    let config = Config {
        cleanup_interval: Duration::from_millis(20),
        ..Config::default()
    };
    let emulator = Emulator::start(config).unwrap();
    let mut client = Client::of(&emulator);
    client.create_topic("old", 1, &[("retention.ms", "100000")]);
    client.produce("old", 0, batch(ANYBODY, &["from 1970"]));
    eventually("an old record goes", || {
        client.fetch("old", 0, 1, false).log_start_offset == 1
    });
    let compacting = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "1"),
        ("min.cleanable.dirty.ratio", "0"),
        ("delete.retention.ms", "0"),
    ];
    client.create_topic("keys", 1, &compacting);
    let no_key = client.produce("keys", 0, batch(ANYBODY, &["x"]));
    assert_eq!(error(no_key.error_code), Some(ResponseError::InvalidRecord));
    for number in 0..20 {
        let value = number.to_string();
        let key = if number % 2 == 0 { "even" } else { "odd" };
        client.produce(
            "keys",
            0,
            batch_of(
                ANYBODY,
                &[(Some(key), Some(&value), 5), (Some("gone"), Some("x"), 5)],
            ),
        );
    }
    client.produce("keys", 0, batch_of(ANYBODY, &[(Some("gone"), None, 5)]));
    // A last record closes the segment before it, a moment later.
    let mut sent = 0;
    eventually("only the latest of every key stays", || {
        sent += 1;
        client.produce(
            "keys",
            0,
            batch_of(ANYBODY, &[(Some("last"), Some("last"), 5)]),
        );
        let values = client.values("keys", 0, false);
        values
            .iter()
            .filter(|value| *value != "last")
            .eq(["18", "19"])
    });
    let end = client.fetch("keys", 0, 0, false).high_watermark;
    assert_eq!(end, 41 + sent, "offsets do not move");
}

#[test]
fn the_cluster_is_one_broker() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    for version in 0..=2 {
        let cluster = client.call(version, &DescribeClusterRequest::default());
        assert_eq!(cluster.brokers.len(), 1);
        assert_eq!(cluster.controller_id, BrokerId(1));
        assert!(!cluster.cluster_id.is_empty());
    }
    let controllers = client.call(2, &DescribeClusterRequest::default().with_endpoint_type(2));
    assert_eq!(
        error(controllers.error_code),
        Some(ResponseError::MismatchedEndpointType)
    );
}

#[test]
fn log_directories_tell_the_size_of_partitions() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 2, &[]);
    client.produce("t", 1, batch(ANYBODY, &["0123456789"]));
    let response = client.call(4, &DescribeLogDirsRequest::default().with_topics(None));
    let partitions = &response.results[0].topics[0].partitions;
    assert_eq!(partitions[0].partition_size, 0);
    assert!((80..200).contains(&partitions[1].partition_size));
}

#[test]
fn the_only_epoch_ends_where_the_log_ends() {
    let emulator = start();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    client.produce("t", 0, batch(ANYBODY, &["a", "b"]));
    let mut ask = |epoch: i32| {
        let partition = OffsetForLeaderPartition::default()
            .with_leader_epoch(epoch)
            .with_current_leader_epoch(-1);
        let topic = OffsetForLeaderTopic::default()
            .with_topic(topic_name("t"))
            .with_partitions(vec![partition]);
        let request = OffsetForLeaderEpochRequest::default()
            .with_topics(vec![topic])
            .with_replica_id(BrokerId(-1));
        let response = client.call(4, &request);
        let found = &response.topics[0].partitions[0];
        (found.leader_epoch, found.end_offset)
    };
    assert_eq!(ask(0), (0, 2));
    assert_eq!(ask(1), (-1, -1));
}
