//! Kinesis in virtual time, in CBOR, under hostile bytes, and what is there after a restart. Clients of AWS test the
//! rest: `tests/conformance/kinesis`.

mod subscriptions;
mod wire;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use ssectl_emulator::Notices;
use ssectl_emulator::aws::{Config, Emulator, Support, coverage};
use ssectl_emulator::faults::{FaultPlan, Faults};
use ssectl_emulator::store::{Fsync, Medium};

use crate::client::{Answer, Client, PATIENCE, SIGNED};
use crate::{start, start_in_virtual_time};

const SHARD: &str = "shardId-000000000000";
const HOUR: Duration = Duration::from_secs(3600);

/// Asks Kinesis.
fn ask(client: &mut Client, operation: &str, parameters: &Value) -> Answer {
    let target = format!("Kinesis_20131202.{operation}");
    let headers = [
        SIGNED,
        ("X-Amz-Target", &target),
        ("Content-Type", "application/x-amz-json-1.1"),
    ];
    client.request("POST", "/", &headers, parameters.to_string().as_bytes())
}

/// The result of an operation, which has to succeed.
fn call(client: &mut Client, operation: &str, parameters: &Value) -> Value {
    let answer = ask(client, operation, parameters);
    assert_eq!(answer.status, 200, "{operation}: {answer:?}");
    match answer.body.is_empty() {
        true => Value::Null,
        false => answer.json(),
    }
}

/// The error of an operation, which has to fail.
fn refusal(client: &mut Client, operation: &str, parameters: &Value) -> String {
    let answer = ask(client, operation, parameters);
    assert_eq!(answer.status, 400, "{operation}: {answer:?}");
    answer.json()["__type"].as_str().unwrap().to_owned()
}

fn create(client: &mut Client, shards: u32) {
    call(
        client,
        "CreateStream",
        &json!({"StreamName": "s", "ShardCount": shards}),
    );
}

fn put(client: &mut Client, data: &str) -> String {
    let record = json!({"StreamName": "s", "PartitionKey": "k", "Data": data});
    let put = call(client, "PutRecord", &record);
    put["SequenceNumber"].as_str().unwrap().to_owned()
}

fn iterator(client: &mut Client, kind: &str) -> Value {
    let wanted = json!({"StreamName": "s", "ShardId": SHARD, "ShardIteratorType": kind});
    call(client, "GetShardIterator", &wanted)["ShardIterator"].clone()
}

fn get(client: &mut Client, iterator: &Value) -> Value {
    call(client, "GetRecords", &json!({"ShardIterator": iterator}))
}

/// The data of all records of the first shard.
fn read(client: &mut Client) -> Vec<String> {
    let iterator = iterator(client, "TRIM_HORIZON");
    let got = get(client, &iterator);
    let records = got["Records"].as_array().unwrap().iter();
    records
        .map(|record| record["Data"].as_str().unwrap().to_owned())
        .collect()
}

fn status(client: &mut Client) -> String {
    let summary = call(client, "DescribeStreamSummary", &json!({"StreamName": "s"}));
    let status = summary["StreamDescriptionSummary"]["StreamStatus"].as_str();
    status.unwrap().to_owned()
}

#[test]
fn an_iterator_is_good_for_five_minutes() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    put(&mut client, "AAAA");
    let place = iterator(&mut client, "TRIM_HORIZON");
    clock.advance(Duration::from_secs(300));
    let next = get(&mut client, &place)["NextShardIterator"].clone();
    clock.advance(Duration::from_secs(1));
    let error = refusal(&mut client, "GetRecords", &json!({"ShardIterator": place}));
    assert_eq!(error, "ExpiredIteratorException");
    assert_eq!(get(&mut client, &next)["Records"], json!([]));
}

#[test]
fn records_are_kept_for_a_day_unless_more_is_asked_for() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    put(&mut client, "AAAA");
    clock.advance(23 * HOUR);
    put(&mut client, "BBBB");
    assert_eq!(read(&mut client), ["AAAA", "BBBB"]);
    clock.advance(HOUR + Duration::from_millis(1));
    assert_eq!(read(&mut client), ["BBBB"]);
    let longer = json!({"StreamName": "s", "RetentionPeriodHours": 48});
    call(&mut client, "IncreaseStreamRetentionPeriod", &longer);
    assert_eq!(
        read(&mut client),
        ["BBBB"],
        "what is gone does not come back"
    );
    clock.advance(46 * HOUR);
    assert_eq!(read(&mut client), ["BBBB"]);
    clock.advance(2 * HOUR);
    assert!(read(&mut client).is_empty());
}

#[test]
fn an_iterator_at_a_time_finds_the_next_record() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    for data in ["AAAA", "BBBB", "CCCC"] {
        put(&mut client, data);
        clock.advance(Duration::from_secs(10));
    }
    for (time, expected) in [
        (1_699_999_999.0, 3),
        (1_700_000_000.0, 3),
        (1_700_000_000.001, 2),
        (1_700_000_029.0, 0),
    ] {
        let wanted = json!({"StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": time});
        let place = call(&mut client, "GetShardIterator", &wanted)["ShardIterator"].clone();
        let found = get(&mut client, &place)["Records"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(found, expected, "{time}");
    }
    let future = json!({"StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1_700_000_031});
    assert_eq!(
        refusal(&mut client, "GetShardIterator", &future),
        "InvalidArgumentException"
    );
}

#[test]
fn a_closed_shard_disappears_with_its_records() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let split = json!({"StreamName": "s", "ShardToSplit": SHARD, "NewStartingHashKey": "1000"});
    call(&mut client, "SplitShard", &split);
    let shards = |client: &mut Client| {
        let listed = call(client, "ListShards", &json!({"StreamName": "s"}));
        listed["Shards"].as_array().unwrap().len()
    };
    assert_eq!(shards(&mut client), 3);
    clock.advance(25 * HOUR);
    assert_eq!(shards(&mut client), 2);
}

#[test]
fn changes_take_as_long_as_was_asked_for() {
    let clock = std::sync::Arc::new(ssectl_emulator::store::ManualClock::new(1_700_000_000_000));
    let emulator = Emulator::start(Config {
        clock: std::sync::Arc::clone(&clock) as _,
        transition: Duration::from_secs(2),
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 2);
    assert_eq!(status(&mut client), "CREATING");
    let record = json!({"StreamName": "s", "PartitionKey": "k", "Data": "AAAA"});
    assert_eq!(
        refusal(&mut client, "PutRecord", &record),
        "ResourceNotFoundException"
    );
    clock.advance(Duration::from_secs(2));
    assert_eq!(status(&mut client), "ACTIVE");
    let count = json!({"StreamName": "s", "TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"});
    call(&mut client, "UpdateShardCount", &count);
    assert_eq!(status(&mut client), "UPDATING");
    put(&mut client, "AAAA");
    assert_eq!(
        refusal(&mut client, "UpdateShardCount", &count),
        "ResourceInUseException"
    );
    clock.advance(Duration::from_secs(2));
    call(&mut client, "DeleteStream", &json!({"StreamName": "s"}));
    assert_eq!(status(&mut client), "DELETING");
    clock.advance(Duration::from_secs(2));
    let error = refusal(&mut client, "DescribeStream", &json!({"StreamName": "s"}));
    assert_eq!(error, "ResourceNotFoundException");
    create(&mut client, 1);
}

#[test]
fn a_shard_takes_and_gives_what_it_does_at_aws_if_asked_to() {
    let clock = std::sync::Arc::new(ssectl_emulator::store::ManualClock::new(1_700_000_000_000));
    let emulator = Emulator::start(Config {
        clock: std::sync::Arc::clone(&clock) as _,
        enforce_limits: true,
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let records: Vec<_> = (0..400)
        .map(|_| json!({"PartitionKey": "k", "Data": "AAAA"}))
        .collect();
    let records = json!({"StreamName": "s", "Records": records});
    let mut failed = 0;
    for _ in 0..3 {
        let answer = call(&mut client, "PutRecords", &records);
        failed += answer["FailedRecordCount"].as_u64().unwrap();
        let last = &answer["Records"][399];
        let throttled = last["ErrorCode"] == "ProvisionedThroughputExceededException";
        assert_eq!(throttled, failed > 0);
    }
    assert_eq!(failed, 200);
    clock.advance(Duration::from_secs(2));
    put(&mut client, "AAAA");
    let mut place = iterator(&mut client, "TRIM_HORIZON");
    for _ in 0..5 {
        place = get(&mut client, &place)["NextShardIterator"].clone();
    }
    let error = refusal(&mut client, "GetRecords", &json!({"ShardIterator": place}));
    assert_eq!(error, "ProvisionedThroughputExceededException");
}

#[test]
fn everything_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        Emulator::start(Config {
            medium: Medium::Directory {
                path: directory.path().to_owned(),
                fsync: Fsync::default(),
            },
            ..Config::default()
        })
        .unwrap()
    };
    let emulator = open();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let first = put(&mut client, "AAAA");
    let place = iterator(&mut client, "TRIM_HORIZON");
    let split = json!({"StreamName": "s", "ShardToSplit": SHARD, "NewStartingHashKey": "1000"});
    call(&mut client, "SplitShard", &split);
    let tags = json!({"StreamName": "s", "Tags": {"a": "b"}});
    call(&mut client, "AddTagsToStream", &tags);
    let before = call(&mut client, "DescribeStream", &json!({"StreamName": "s"}));
    drop(client);
    emulator.shutdown();
    let emulator = open();
    let mut client = Client::connect(emulator.address());
    assert_eq!(
        call(&mut client, "DescribeStream", &json!({"StreamName": "s"})),
        before
    );
    let tags = call(
        &mut client,
        "ListTagsForStream",
        &json!({"StreamName": "s"}),
    );
    assert_eq!(tags["Tags"], json!([{"Key": "a", "Value": "b"}]));
    // Iterators are good across restarts.
    let got = get(&mut client, &place);
    assert_eq!(got["Records"][0]["SequenceNumber"], first.as_str());
    assert_eq!(got["ChildShards"].as_array().unwrap().len(), 2);
    assert!(put(&mut client, "BBBB") > first);
}

#[test]
fn planned_faults_are_those_of_the_service() {
    let plan: FaultPlan = "throttle=0.2,duplicate=0.2,stale-lease=0.2,seed=7"
        .parse()
        .unwrap();
    let emulator = Emulator::start(Config {
        faults: Faults::new(plan),
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::connect(emulator.address());
    let mut seen = std::collections::BTreeSet::new();
    let mut until_done = |client: &mut Client, operation: &str, parameters: &Value| loop {
        let answer = ask(client, operation, parameters);
        if answer.status == 200 {
            return answer.body;
        }
        let kind = answer.json()["__type"].as_str().unwrap().to_owned();
        if kind == "ExpiredIteratorException" {
            return kind;
        }
        seen.insert(kind);
    };
    until_done(
        &mut client,
        "CreateStream",
        &json!({"StreamName": "s", "ShardCount": 1}),
    );
    let mut codes = std::collections::BTreeSet::new();
    let mut expired = 0;
    for _ in 0..20 {
        let records: Vec<_> = (0..20)
            .map(|_| json!({"PartitionKey": "k", "Data": "AAAA"}))
            .collect();
        let put = until_done(
            &mut client,
            "PutRecords",
            &json!({"StreamName": "s", "Records": records}),
        );
        let put: Value = serde_json::from_str(&put).unwrap();
        for record in put["Records"].as_array().unwrap() {
            codes.extend(record["ErrorCode"].as_str().map(str::to_owned));
        }
        let wanted = json!({"StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "LATEST"});
        let place = until_done(&mut client, "GetShardIterator", &wanted);
        let place: Value = serde_json::from_str(&place).unwrap();
        let got = until_done(&mut client, "GetRecords", &place);
        expired += usize::from(got == "ExpiredIteratorException");
    }
    assert!(
        codes
            .iter()
            .eq(["InternalFailure", "ProvisionedThroughputExceededException"]),
        "{codes:?}"
    );
    assert!(
        seen.contains("ProvisionedThroughputExceededException"),
        "{seen:?}"
    );
    assert!(expired > 0);
}

#[test]
fn calls_from_within_need_no_connection() {
    let emulator = start();
    let ask =
        |operation, json: &str| emulator.call("kinesis", "eu-west-1", operation, json.as_bytes());
    assert_eq!(
        ask("CreateStream", r#"{"StreamName": "s", "ShardCount": 2}"#),
        Ok(Vec::new())
    );
    let described = ask("DescribeStreamSummary", r#"{"StreamName": "s"}"#).unwrap();
    let described: Value = serde_json::from_slice(&described).unwrap();
    assert_eq!(described["StreamDescriptionSummary"]["OpenShardCount"], 2);
    let error = ask("DeleteStream", r#"{"StreamName": "none"}"#).unwrap_err();
    assert!(error.starts_with("ResourceNotFoundException: "), "{error}");
    let url = emulator
        .call("sqs", "eu-west-1", "CreateQueue", br#"{"QueueName": "q"}"#)
        .unwrap();
    assert!(String::from_utf8(url).unwrap().contains("/q"));
    assert!(
        emulator
            .call("s3", "eu-west-1", "ListBuckets", b"{}")
            .is_err()
    );
}

#[test]
fn a_full_memory_refuses_records_and_says_so_once() {
    let (sender, said) = std::sync::mpsc::sync_channel(10);
    let emulator = Emulator::start(Config {
        medium: Medium::Memory { limit: 1 << 20 },
        notices: Notices::new(move |notice| drop(sender.try_send(notice.to_owned()))),
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    let data = "AAAA".repeat(80_000);
    let records: Vec<_> = (0..4)
        .map(|_| json!({"PartitionKey": "k", "Data": data}))
        .collect();
    let mut put_all = || {
        let answer = call(
            &mut client,
            "PutRecords",
            &json!({"StreamName": "s", "Records": records}),
        );
        let codes = answer["Records"].as_array().unwrap().iter();
        let codes = codes.filter(|record| record["ErrorCode"] == "InternalFailure");
        codes.count()
    };
    put_all();
    assert_eq!(put_all(), 4);
    let notice = said.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(notice.contains("memory limit of 1 MiB reached"), "{notice}");
    assert!(!read(&mut client).is_empty());
    call(&mut client, "DeleteStream", &json!({"StreamName": "s"}));
    create(&mut client, 1);
    put(&mut client, &data);
}

#[test]
fn reset_empties_it() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    create(&mut client, 1);
    assert_eq!(
        client.request("POST", "/_ssectl/reset", &[], b"").status,
        200
    );
    assert_eq!(
        call(&mut client, "ListStreams", &json!({}))["StreamNames"],
        json!([])
    );
}

#[test]
fn coverage_has_every_operation() {
    let rows: Vec<_> = coverage()
        .into_iter()
        .filter(|row| row.service == "kinesis")
        .collect();
    assert_eq!(rows.len(), 39);
    assert!(rows.iter().all(|row| row.support != Support::Refused));
}
