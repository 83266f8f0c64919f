//! Groups whose leases are in DynamoDB: `SSECTL_TEST_DYNAMODB` names a service that has it, and Kinesis too unless
//! `SSECTL_TEST_KINESIS` names another. `make conformance` runs this over moto.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use serde_json::json;
use ssectl_adapter::{
    Adapter, Bound, Fetched, Limit, Options, Range, Record, SinkSpec, Source, SourceSpec,
    StreamSpec, Target,
};

fn dynamodb() -> String {
    std::env::var("SSECTL_TEST_DYNAMODB").expect("`SSECTL_TEST_DYNAMODB` is the URL of a DynamoDB")
}

/// A target whose leases last two seconds, in a table of its own.
fn target(table: &str) -> Arc<dyn Target> {
    let kinesis = std::env::var("SSECTL_TEST_KINESIS").unwrap_or_else(|_| dynamodb());
    let options = json!({
        "endpoint": kinesis,
        "checkpoint-endpoint": dynamodb(),
        "checkpoints": format!("dynamodb:{table}"),
        "lease-duration": "2s",
        "reads-per-second": 20,
    });
    let options: Options = serde_json::from_value(options).expect("a map");
    ssectl_adapter_kinesis::adapter()
        .target(&options)
        .expect("valid options")
}

fn fresh(name: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    format!("{name}-{:x}", now.as_nanos())
}

async fn stream(target: &dyn Target, shards: u32) -> String {
    let spec = StreamSpec {
        name: fresh("stream"),
        partitions: Some(shards),
        ..StreamSpec::default()
    };
    target
        .admin()
        .expect("an admin")
        .create(&spec)
        .await
        .expect("a fresh stream");
    spec.name
}

async fn write(target: &dyn Target, stream: &str, numbers: std::ops::Range<usize>) {
    let records: Vec<_> = numbers
        .map(|number| Record {
            key: Some(number.to_string().into()),
            ..Record::from_value(number.to_string())
        })
        .collect();
    let mut sink = target
        .sink(&SinkSpec {
            stream: stream.to_owned(),
            ..SinkSpec::default()
        })
        .await
        .expect("a sink");
    let written = sink.write(&records).await.expect("a write");
    assert!(written.rejected.is_empty(), "{:?}", written.rejected);
}

async fn member(target: &dyn Target, stream: &str, to: Option<Bound>) -> Box<dyn Source> {
    let spec = SourceSpec {
        stream: stream.to_owned(),
        group: Some("readers".to_owned()),
        range: Range {
            from: Bound::Stored,
            to,
        },
        ..SourceSpec::default()
    };
    target.source(&spec).await.expect("a source")
}

/// Fetches once and commits; adds how often each number came.
async fn step(source: &mut dyn Source, seen: &mut BTreeMap<usize, u32>) -> bool {
    let limit = Limit {
        wait: Duration::from_millis(50),
        ..Limit::default()
    };
    match source.fetch(limit).await.expect("a fetch") {
        Fetched::Batch(batch) => {
            for record in &batch.records {
                let value = record.value.as_deref().expect("a value");
                let number = std::str::from_utf8(value)
                    .expect("text")
                    .parse()
                    .expect("a number");
                *seen.entry(number).or_default() += 1;
            }
            // A shard that went to the other reader is told once.
            if let Err(error) = source.commit(&batch.commit).await {
                assert!(error.is_temporary(), "{error}");
            }
            true
        }
        Fetched::Idle => true,
        Fetched::End => false,
    }
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came so");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_resumes_where_it_committed() {
    let target = target(&fresh("leases"));
    let stream = stream(target.as_ref(), 2).await;
    let mut seen = BTreeMap::new();
    for round in 0..3 {
        write(target.as_ref(), &stream, round * 100..(round + 1) * 100).await;
        let mut source = member(target.as_ref(), &stream, Some(Bound::End)).await;
        while step(source.as_mut(), &mut seen).await {}
        source.close().await.expect("the source closes");
    }
    assert_eq!(seen.len(), 300);
    assert!(
        seen.values().all(|times| *times == 1),
        "what was committed came again"
    );
}

/// Two readers share the shards; when one falls silent, the other takes over what it had.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_reader_loses_its_shards() {
    let table = fresh("leases");
    let target = target(&table);
    let stream = stream(target.as_ref(), 4).await;
    let mut stays = member(target.as_ref(), &stream, None).await;
    let mut dies = member(target.as_ref(), &stream, None).await;
    let (mut here, mut there) = (BTreeMap::new(), BTreeMap::new());
    let mut written = 0;
    until(async || {
        if here.len() + there.len() >= written {
            write(target.as_ref(), &stream, written..written + 100).await;
            written += 100;
        }
        step(stays.as_mut(), &mut here).await;
        step(dies.as_mut(), &mut there).await;
        let of_wave = |seen: &BTreeMap<usize, u32>| seen.range(written - 100..).next().is_some();
        of_wave(&here) && of_wave(&there)
    })
    .await;
    // Dropped without a word, as by a crash: the table still names it.
    drop(dies);
    write(target.as_ref(), &stream, written..written + 200).await;
    written += 200;
    until(async || {
        step(stays.as_mut(), &mut here).await;
        (0..written).all(|number| here.contains_key(&number) || there.contains_key(&number))
            && (written - 200..written).all(|number| here.contains_key(&number))
    })
    .await;
    stays.close().await.expect("the source closes");
}

/// The attributes are those that programs for the Kinesis Client Library's tables know.
#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_laid_out_as_that_of_the_client_library() {
    let table = fresh("leases");
    let target = target(&table);
    let stream = stream(target.as_ref(), 1).await;
    write(target.as_ref(), &stream, 0..10).await;
    let mut source = member(target.as_ref(), &stream, Some(Bound::End)).await;
    while step(source.as_mut(), &mut BTreeMap::new()).await {}
    let items = items(&table).await;
    let [item] = &items[..] else {
        panic!("{items:?}")
    };
    assert!(
        item["leaseKey"]
            .as_s()
            .is_ok_and(|key| key.starts_with(&format!("readers:{stream}:")))
    );
    assert!(item["leaseOwner"].as_s().is_ok());
    assert!(
        item["leaseCounter"]
            .as_n()
            .is_ok_and(|counter| counter.parse::<u64>().is_ok())
    );
    assert!(
        item["checkpoint"]
            .as_s()
            .is_ok_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
    );
    source.close().await.expect("the source closes");
    assert!(
        !self::items(&table).await[0].contains_key("leaseOwner"),
        "the lease was not given back"
    );
}

async fn items(
    table: &str,
) -> Vec<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>> {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(dynamodb())
        .credentials_provider(Credentials::new("ssectl", "ssectl", None, None, "test"));
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    client
        .scan()
        .table_name(table)
        .send()
        .await
        .expect("the table")
        .items
        .unwrap_or_default()
}
