//! Ordering keys, on the way in and out.

use std::collections::BTreeMap;

use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Record, SourceSpec};
use ssectl_emulator::faults::{Fault, FaultPlan, Faults, Rate};
use ssectl_emulator::pubsub::Config;

use crate::support::{
    Topics, consumer_of, fresh, keyed, make, read, reader_of, sink_of, stored, subscription_name,
    text, topic_name, write,
};

fn records(count: usize, keys: usize) -> Vec<Record> {
    (0..count)
        .map(|n| keyed(&format!("key {}", n % keys), &n.to_string()))
        .collect()
}

/// The numbers of each key, as they came.
fn by_key(records: &[Record]) -> BTreeMap<Vec<u8>, Vec<usize>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for record in records {
        let key = record.key.clone().expect("a key").to_vec();
        all.entry(key)
            .or_default()
            .push(text(record).parse().expect("a number"));
    }
    all
}

/// Several batches are under way at once; each key stays in order.
#[tokio::test(flavor = "multi_thread")]
async fn each_key_keeps_its_order() {
    let topics = Topics::start();
    let target = topics.target(json!({ "ordering": true }));
    let topic = make(target.as_ref(), &fresh("order"), &[]).await;
    write(target.as_ref(), &topic, &records(3000, 17)).await;
    let group = read(
        target.as_ref(),
        consumer_of(&topic, stored(Some(Bound::End))),
    )
    .await;
    assert_eq!(by_key(&group), by_key(&records(3000, 17)));
    let nobody = read(
        target.as_ref(),
        reader_of(&topic, ssectl_adapter::Range::all()),
    )
    .await;
    assert_eq!(by_key(&nobody), by_key(&records(3000, 17)));
}

/// Every third request is refused: what is refused for now is said, with all that stands behind it, and what is written
/// again comes in order.
#[tokio::test(flavor = "multi_thread")]
async fn keys_stay_in_order_when_requests_are_refused() {
    let mut plan = FaultPlan::default();
    plan.set(Fault::Throttle, Rate::new(0.3).expect("a rate"));
    let faults = Faults::new(plan);
    let config = Config {
        faults: faults.clone(),
        ..Config::default()
    };
    let topics = Topics::emulated(config);
    let target = topics.target(json!({ "ordering": true }));
    let topic = make_in_spite(&target).await;
    let mut sink = loop {
        match target.sink(&sink_of(&topic)).await {
            Ok(sink) => break sink,
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    };
    let mut left = records(2000, 11);
    let mut refused = 0;
    for _ in 0..200 {
        let written = sink.write(&left).await.expect("no failure of the whole");
        refused += written.rejected.len();
        for rejected in &written.rejected {
            assert_eq!(
                rejected.error.kind(),
                ErrorKind::Unavailable,
                "{}",
                rejected.error
            );
            assert!(rejected.error.is_temporary());
        }
        left = written
            .rejected
            .iter()
            .map(|rejected| left[rejected.index].clone())
            .collect();
        if left.is_empty() {
            break;
        }
    }
    assert!(
        left.is_empty() && refused > 0,
        "{refused} refused, {} left",
        left.len()
    );
    let calm = read_in_spite(&target, &topic, 2000).await;
    assert_eq!(by_key(&calm), by_key(&records(2000, 11)));
}

async fn make_in_spite(target: &std::sync::Arc<dyn ssectl_adapter::Target>) -> String {
    let name = fresh("throttled");
    let spec = ssectl_adapter::StreamSpec {
        name: name.clone(),
        ..Default::default()
    };
    let admin = target.admin().expect("an admin");
    loop {
        match admin.create(&spec).await {
            Ok(()) => return name,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return name,
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    }
}

async fn read_in_spite(
    target: &std::sync::Arc<dyn ssectl_adapter::Target>,
    topic: &str,
    count: usize,
) -> Vec<Record> {
    let mut source = loop {
        match target.source(&consumer_of(topic, stored(None))).await {
            Ok(source) => break source,
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    };
    let mut read = Vec::new();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while read.len() < count {
        assert!(
            std::time::Instant::now() < deadline,
            "{} of {count}",
            read.len()
        );
        match source.fetch(ssectl_adapter::Limit::default()).await {
            Ok(ssectl_adapter::Fetched::Batch(batch)) => {
                read.extend(batch.records);
                source.commit(&batch.commit).await.expect("a commit");
            }
            Ok(_) => {}
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    }
    source.close().await.expect("the source closes");
    read
}

/// A subscription without message ordering cannot keep what `ordering` promises, and this is said before anything is read.
#[tokio::test]
async fn a_subscription_without_order_is_refused() {
    let topics = Topics::start();
    let target = topics.target(json!({ "ordering": true }));
    let topic = make(target.as_ref(), &fresh("unordered"), &[]).await;
    let name = fresh("plain");
    let asked = topics.subscriptions().await.create_subscription();
    let asked = asked
        .set_name(subscription_name(&name))
        .set_topic(topic_name(&topic));
    asked.send().await.expect("it is made");
    let spec = SourceSpec {
        group: Some(name),
        ..reader_of(&topic, stored(None))
    };
    let error = target.source(&spec).await.err().expect("it has no order");
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}
