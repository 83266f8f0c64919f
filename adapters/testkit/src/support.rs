//! What tests of an adapter need beside the suite: fresh names, options, and short ways to write and read.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use ssectl_adapter::{
    Adapter, Fetched, Limit, Options, Range, Record, SinkSpec, Source, SourceSpec, StreamSpec,
    Target,
};
use tokio::time::Instant;

pub use crate::read::exactly as take;
pub use crate::records::value as text;

/// Longer than reading any stream of a test to its end should take.
const PATIENCE: Duration = Duration::from_secs(120);

/// JSON as options of a target.
pub fn options(json: Value) -> Options {
    match json {
        Value::Object(options) => options,
        other => panic!("no map of options: {other}"),
    }
}

/// A name that no other test uses, now or later.
pub fn fresh(name: &str) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let count = MADE.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{:x}-{count}", now.as_nanos())
}

/// Makes a stream with these settings, and answers its name.
pub async fn make(target: &dyn Target, name: &str, config: &[(&str, &str)]) -> String {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let spec = StreamSpec {
        name: name.to_owned(),
        config: config.iter().map(owned).collect(),
        ..StreamSpec::default()
    };
    let admin = target.admin().expect("an admin");
    admin.create(&spec).await.expect("a fresh stream");
    spec.name
}

/// Deletes a stream; one that is gone already is as good.
pub async fn delete(target: &dyn Target, stream: &str) {
    let admin = target.admin().expect("an admin");
    admin.delete(stream).await.ok();
}

/// Writes to a stream.
pub fn sink_of(stream: &str) -> SinkSpec {
    SinkSpec {
        stream: stream.to_owned(),
        ..SinkSpec::default()
    }
}

/// Reads a part of a stream as no group.
pub fn reader_of(stream: &str, range: Range) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range,
        ..SourceSpec::default()
    }
}

/// A record of text.
pub fn keyed(key: &str, value: &str) -> Record {
    Record {
        key: Some(key.to_owned().into()),
        ..Record::from_value(value.to_owned())
    }
}

/// Writes records, none of which may be refused.
pub async fn write(target: &dyn Target, stream: &str, records: &[Record]) {
    let mut sink = target.sink(&sink_of(stream)).await.expect("a sink");
    let written = sink.write(records).await.expect("a write");
    assert!(written.rejected.is_empty(), "{:?}", written.rejected);
    sink.flush().await.expect("a flush");
    sink.close().await.expect("the sink closes");
}

/// Everything up to the end of a source, each batch committed before the next is fetched.
pub async fn consume(source: &mut dyn Source) -> Vec<Record> {
    let mut records = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => {
                records.extend(batch.records);
                source.commit(&batch.commit).await.expect("a commit");
            }
            Fetched::Idle => {}
            Fetched::End => return records,
        }
    }
    panic!("no end after {} records", records.len());
}

/// Asserts that the README has a row for each option of the adapter, with the words of its doc comment.
pub fn assert_options_are_shown(adapter: &dyn Adapter, readme: &str) {
    let schema = adapter.options_schema();
    let options = schema.get("properties").and_then(Value::as_object);
    let row = |(name, option): (&String, &Value)| {
        let words = option["description"].as_str().unwrap_or_default();
        format!("| `{name}` | {} |\n", words.replace('\n', " "))
    };
    let rows: String = options.into_iter().flatten().map(row).collect();
    assert!(readme.contains(&rows), "the table should be:\n{rows}");
}
